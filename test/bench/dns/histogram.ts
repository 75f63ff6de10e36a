/** Times by microsecond; what took a second or more is counted as that. */
const BUCKETS = 1_000_000;

/** Times of answers, counted so that a measurement keeps nothing by answer. */
export class Histogram {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  add(ms: number): void {
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
    this.#buckets[Math.min(Math.floor(ms * 1000), BUCKETS - 1)]!++;
  }

  /** @param share - 0.99: the time that 99% of the answers took at most, ms */
  at(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (let us = 0; us < BUCKETS; us++) if ((left -= this.#buckets[us]!) <= 0) return us / 1000;
    return BUCKETS / 1000;
  }
}
