/**
 * One run over everything that a member should hold: begun when it may be written to, done when each item was carried out
 * without an error. It is the evidence for `Synced`.
 */
export class SyncPass {
  #left: Set<string> | undefined;
  readonly #failing = new Map<string, string>();

  get isDone(): boolean {
    return this.#left?.size === 0;
  }

  get failing(): number {
    return this.#failing.size;
  }

  /** The first by name, so that the sentence doesn't change with the order of attempts. */
  get firstFailure(): string | undefined {
    const [first] = [...this.#failing].sort(([a], [b]) => (a < b ? -1 : 1));
    return first && `${first[0]}: ${first[1]}`;
  }

  /** Why the last attempt at this item failed; undefined: it didn't. */
  failureOf(item: string): string | undefined {
    return this.#failing.get(item);
  }

  begin(items: Iterable<string>): void {
    this.#left = new Set(items);
    this.#failing.clear();
  }

  /** The member can't be written to any more: nothing is proven, and errors say nothing about the objects. */
  stop(): void {
    this.#left = undefined;
    this.#failing.clear();
  }

  noteDone(item: string): void {
    this.#left?.delete(item);
    this.#failing.delete(item);
  }

  noteFailure(item: string, why: string): void {
    this.#failing.set(item, why);
  }
}
