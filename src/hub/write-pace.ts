/**
 * Keeps writes to one object apart: the first goes at once, the next not before its time, so that what changes in between is
 * one write (design §3: at most one a second for each imported slice).
 */
export class WritePace {
  readonly #everyMs: number;
  readonly #nowMs: () => number;
  readonly #lastMs = new Map<string, number>();

  constructor(everyMs: number, nowMs: () => number) {
    this.#everyMs = everyMs;
    this.#nowMs = nowMs;
  }

  /** How long the object must still be left alone, milliseconds; 0: not at all. */
  waitMs(key: string): number {
    const last = this.#lastMs.get(key);
    if (last === undefined) return 0;
    // A clock that was set back must not stop the writing until it has caught up.
    return Math.min(this.#everyMs, Math.max(0, last + this.#everyMs - this.#nowMs()));
  }

  noteWrite(key: string): void {
    const nowMs = this.#nowMs();
    this.#lastMs.set(key, nowMs);
    if (this.#lastMs.size > MAX_REMEMBERED) this.#forget(nowMs);
  }

  #forget(nowMs: number): void {
    for (const [key, last] of this.#lastMs) if (nowMs - last >= this.#everyMs) this.#lastMs.delete(key);
  }
}

/** Old entries say nothing any more; they are looked for only now and then. */
const MAX_REMEMBERED = 10_000;
