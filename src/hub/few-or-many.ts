/** Up to so many a list is smaller than a `Map`, and not slower. */
const FEW = 8;

interface Entry<T> {
  readonly key: string;
  readonly value: T;
}

/**
 * A map for a place where there is one entry as a rule and tens of thousands are possible: a Service has one object, one slice or a few,
 * and a member may claim any number.
 */
export class FewOrMany<T> {
  #few: readonly Entry<T>[] = [];
  #many: Map<string, T> | undefined;

  get size(): number {
    return this.#many?.size ?? this.#few.length;
  }

  values(): readonly T[] {
    return this.#many === undefined ? this.#few.map(({value}) => value) : [...this.#many.values()];
  }

  /** @param value - undefined: the key is taken out */
  set(key: string, value: T | undefined): void {
    if (this.#many !== undefined) {
      if (value === undefined) this.#many.delete(key);
      else this.#many.set(key, value);
      return;
    }
    const at = this.#few.findIndex((each) => each.key === key);
    if (value === undefined) this.#few = this.#few.filter((_, i) => i !== at);
    else if (at !== -1) this.#few = this.#few.with(at, {key, value});
    else this.#add(key, value);
  }

  #add(key: string, value: T): void {
    this.#few = [...this.#few, {key, value}];
    if (this.#few.length <= FEW) return;
    this.#many = new Map(this.#few.map((each) => [each.key, each.value]));
    this.#few = [];
  }
}
