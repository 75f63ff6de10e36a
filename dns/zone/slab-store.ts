const NO_BYTES = Buffer.alloc(0);

/** Slabs by number. One is let go when nothing in it is used any more, and its number is used again. */
export class SlabStore {
  readonly #slabs: Buffer[] = [];
  readonly #users: number[] = [];
  readonly #free: number[] = [];

  /** @returns the number; the caller is its first user */
  add(slab: Buffer): number {
    const id = this.#free.pop() ?? this.#slabs.length;
    this.#slabs[id] = slab;
    this.#users[id] = 1;
    return id;
  }

  get(id: number): Buffer {
    return this.#slabs[id] ?? NO_BYTES;
  }

  retain(id: number): void {
    this.#users[id] = (this.#users[id] ?? 0) + 1;
  }

  release(id: number): void {
    const left = (this.#users[id] ?? 1) - 1;
    this.#users[id] = left;
    if (left > 0) return;
    this.#slabs[id] = NO_BYTES;
    this.#free.push(id);
  }

  /** Octets that are held. */
  get bytes(): number {
    return this.#slabs.reduce((total, slab) => total + slab.length, 0);
  }
}
