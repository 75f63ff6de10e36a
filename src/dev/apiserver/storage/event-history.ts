import type {JsonObject} from '../../schema/json.ts';

/** One write, as it is remembered: enough to replay it to a watcher and to undo it for a list at an older version. */
export interface StoredEvent {
  readonly revision: number;
  readonly kind: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: string;
  /** After the write; of a deletion the last state, with the revision of the deletion. */
  readonly object: JsonObject;
  readonly previous: JsonObject | undefined;
}

/**
 * The last writes of one resource, at most `size` of them.
 *
 * `oldest` is the lowest version from which nothing is missing: a watch from it sees every later write, a watch from below is too old.
 */
export class EventHistory {
  readonly #size: number;
  #events: StoredEvent[] = [];
  #oldest: number;

  constructor(size: number, revision: number) {
    this.#size = size;
    this.#oldest = revision;
  }

  get oldest(): number {
    return this.#oldest;
  }

  add(event: StoredEvent): void {
    this.#events.push(event);
    // Trimmed by halves, so that the cost of moving the rest is spread over many writes.
    if (this.#events.length > this.#size * 2) this.#trimTo(this.#size);
  }

  /** Writes after `revision`, oldest first; undefined where some of them are forgotten. */
  after(revision: number): readonly StoredEvent[] | undefined {
    if (revision < this.#oldest) return undefined;
    return this.#events.slice(this.#indexAfter(revision));
  }

  /** Forgets everything up to `revision`, as a compaction or a restarted watch cache does. */
  forgetUpTo(revision: number): void {
    this.#events = this.#events.slice(this.#indexAfter(revision));
    this.#oldest = Math.max(this.#oldest, revision);
  }

  #trimTo(count: number): void {
    const dropped = this.#events.splice(0, this.#events.length - count);
    this.#oldest = dropped.at(-1)?.revision ?? this.#oldest;
  }

  #indexAfter(revision: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
