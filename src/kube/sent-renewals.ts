import type {Lease} from '../api/kinds.ts';

/** Writes are seconds apart, and one that has not come through after a minute does not come any more. */
const KEPT = 64;

/**
 * The renewals that one process has sent, to tell its own from those of another process with the same identity: one that runs on beside
 * its restored copy, say. Whether a write that nobody answered was done is not known, so all that were sent count.
 */
export class SentRenewals {
  /** Milliseconds since the epoch, oldest first. */
  readonly #sent: number[] = [];

  /** To be called before it is sent. */
  note(lease: Lease): void {
    if (this.#sent.push(timeOf(lease)) > KEPT) this.#sent.shift();
  }

  /** The renewal that a Lease shows is one of them. */
  has(lease: Lease): boolean {
    return this.#sent.includes(timeOf(lease));
  }
}

function timeOf({spec}: Lease): number {
  return Date.parse(spec?.renewTime ?? '');
}
