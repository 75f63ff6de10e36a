import {nameHash} from '../wire/name-hash.ts';
import type {SlabStore} from './slab-store.ts';

/** Of one slot, in 32-bit words: hash, place of the name (0: the slot is free). */
const WORDS = 2;
const PLACE = 1;
const FIRST_CAPACITY = 1024;
/** Of all slots, how many may be in use. More would fit the caches better still, but runs grow quickly from here on. */
const MAX_LOAD = 2 / 3;

export interface NameIndexOptions {
  readonly seed: number;
  /** Octets at the end that all names have in common, as the zone's name: they say nothing, so they are not hashed. Default 0. */
  readonly shared?: number;
  /** Slots to begin with, a power of two. */
  readonly capacity?: number;
}

/**
 * Lower-cased wire names → where they stand in slabs, each with its length octet before it. A hash table over the octets
 * themselves: looking up makes no string and touches one line of memory before the name, whose answers come right behind it.
 * Open addressing with linear probing; eight slots are one line of memory, and most runs are within one.
 */
export class NameIndex {
  readonly #slabs: SlabStore;
  readonly #seed: number;
  readonly #shared: number;
  #slots: Uint32Array;
  #mask: number;
  #size = 0;

  constructor(slabs: SlabStore, {seed, shared = 0, capacity = FIRST_CAPACITY}: NameIndexOptions) {
    this.#slabs = slabs;
    this.#seed = seed;
    this.#shared = shared;
    this.#slots = new Uint32Array(capacity * WORDS);
    this.#mask = capacity - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns the slot of the name at `at`; -1: there is none. A slot is good until the next change. */
  find(bytes: Uint8Array, at: number, length: number): number {
    const hash = nameHash(bytes, at, length - this.#shared, this.#seed);
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const place = this.#slots[slot * WORDS + PLACE]!;
      if (place === 0) return -1;
      if (this.#slots[slot * WORDS] === hash && this.#isName(place, bytes, at, length)) return slot;
    }
  }

  slabOf(slot: number): number {
    return this.#slabs.idAt(this.#slots[slot * WORDS + PLACE]!);
  }

  /** Offset of the name's length octet. */
  offsetOf(slot: number): number {
    const place = this.#slots[slot * WORDS + PLACE]!;
    return this.#slabs.offsetAt(this.#slabs.idAt(place), place);
  }

  /** Lets the name whose length octet stands there be found there, and nowhere else. */
  set(slab: number, offset: number): void {
    const bytes = this.#slabs.get(slab);
    const length = bytes[offset]!;
    let slot = this.find(bytes, offset + 1, length);
    if (slot < 0) {
      if (this.#size + 1 > this.#mask * MAX_LOAD) this.#grow();
      const hash = nameHash(bytes, offset + 1, length - this.#shared, this.#seed);
      slot = this.#freeSlot(hash);
      this.#slots[slot * WORDS] = hash;
      this.#size++;
    }
    this.#slots[slot * WORDS + PLACE] = this.#slabs.placeOf(slab, offset);
  }

  /** Empties a slot and moves those behind it up, so that no run has a hole. */
  delete(slot: number): void {
    this.#size--;
    let hole = slot;
    for (let next = (hole + 1) & this.#mask; this.#slots[next * WORDS + PLACE] !== 0; next = (next + 1) & this.#mask) {
      const home = this.#slots[next * WORDS]! & this.#mask;
      // It may move if its home is not between the hole and where it is now.
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue;
      this.#move(this.#slots, next, hole);
      hole = next;
    }
    this.#slots[hole * WORDS + PLACE] = 0;
  }

  /** Slots in use, in no order. */
  *slots(): IterableIterator<number> {
    for (let slot = 0; slot <= this.#mask; slot++) if (this.#slots[slot * WORDS + PLACE] !== 0) yield slot;
  }

  #isName(place: number, bytes: Uint8Array, at: number, length: number): boolean {
    const id = this.#slabs.idAt(place);
    const slab = this.#slabs.get(id);
    const nameAt = this.#slabs.offsetAt(id, place);
    if (slab[nameAt] !== length) return false;
    for (let i = 0; i < length; i++) if (slab[nameAt + 1 + i] !== bytes[at + i]) return false;
    return true;
  }

  #freeSlot(hash: number): number {
    let slot = hash & this.#mask;
    while (this.#slots[slot * WORDS + PLACE] !== 0) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(): void {
    const before = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Uint32Array((this.#mask + 1) * WORDS);
    // Word by word: a view for each slot would let queries wait for tens of milliseconds.
    for (let slot = 0; slot * WORDS < before.length; slot++) {
      if (before[slot * WORDS + PLACE] !== 0) this.#move(before, slot, this.#freeSlot(before[slot * WORDS]!));
    }
  }

  #move(from: Uint32Array, slot: number, to: number): void {
    this.#slots[to * WORDS] = from[slot * WORDS]!;
    this.#slots[to * WORDS + PLACE] = from[slot * WORDS + PLACE]!;
  }
}
