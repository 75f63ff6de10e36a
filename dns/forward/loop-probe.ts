import {Type} from '../wire/codes.ts';
import {nameFromText} from '../wire/name.ts';
import type {UpstreamQuestion} from './upstream-query.ts';

const SUFFIX = 'isthmus-loop';
/** How long an upstream that sent our own question back is left alone. */
export const LOOP_MS = 60_000;

/**
 * Finds upstreams that ask us in their turn: each is asked, at first and when it comes back, for a name that nobody else asks
 * for. Who gets such a question back knows that answers would go round in circles. The answer does not matter, so the same
 * question finds out whether an upstream is there at all.
 */
export class LoopProbe {
  readonly #names: readonly Buffer[];
  /** By upstream, ms since the epoch until it counts as a loop; shared by all workers of a server. */
  readonly #until: Float64Array;

  /** @param token - random, the same in all workers of one server: any of them may be who the question comes back to */
  constructor(token: string, until: SharedArrayBuffer) {
    this.#until = new Float64Array(until);
    const count = this.#until.length;
    this.#names = Array.from({length: count}, (_, i) =>
      Buffer.from(nameFromText(`${token}-${i}.${SUFFIX}`)!, 'latin1'),
    );
  }

  static allocate(upstreams: number): SharedArrayBuffer {
    return new SharedArrayBuffer(upstreams * 8);
  }

  question(upstream: number): UpstreamQuestion {
    return {name: this.#names[upstream]!, type: Type.TXT, dnssecOk: false, checkingDisabled: false};
  }

  /** @returns the upstream that sent this question back; -1: it is an ordinary one */
  notice(name: Buffer, nowMs: number): number {
    const upstream = this.#names.findIndex((own) => own.equals(name));
    if (upstream >= 0) this.#until[upstream] = nowMs + LOOP_MS;
    return upstream;
  }

  isLoop(upstream: number, nowMs: number): boolean {
    return nowMs < this.#until[upstream]!;
  }
}
