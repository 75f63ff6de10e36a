import type {SlabStore} from './slab-store.ts';

/** What the holes in slabs may come to beside as much again as the zone itself: below that, copying costs more than it gives. */
const SLACK_BYTES = 256 * 1024;
/** Of the slabs that take in what others had: what is left empty in the last one is less than one of these. */
const COPY_BYTES = 64 * 1024;
/** Slabs that are looked at in one unit of work for one that is worth emptying. */
const LOOKS = 64;

/** What a slab's octets mean, which the compactor does not know. */
export interface Groups {
  /** Where the group that begins at `at` ends. */
  endOf(slab: Buffer, at: number): number;
  /** Whether look-ups lead to the group there. */
  isLive(id: number, at: number): boolean;
  /** Lets look-ups lead to the copy. */
  moved(from: {readonly id: number; readonly at: number}, to: {readonly id: number; readonly at: number}): void;
}

/**
 * Keeps slabs from being held by the few groups in them that are still good: those are copied into other slabs, a group at a time, so
 * that no query waits. What is held stays below about twice what is looked up.
 *
 * A slab of which more than half is good is left, so no octet is copied without another being freed.
 */
export class SlabCompactor {
  readonly #slabs: SlabStore;
  readonly #groups: Groups;
  /** The slab that is being emptied, and the next group in it; -1: none. */
  #source = -1;
  #at = 0;
  /** The slab that takes in, and how much of it is used; -1: none. */
  #target = -1;
  #used = 0;
  #next = 0;

  constructor(slabs: SlabStore, groups: Groups) {
    this.#slabs = slabs;
    this.#groups = groups;
  }

  /**
   * One unit of work: a group, or a look for a slab to empty. Not while a slab is being taken in, of which the rest is not good yet.
   *
   * @returns false: there is nothing to do
   */
  step(): boolean {
    if (this.#source < 0) return this.#begin();
    const slab = this.#slabs.get(this.#source);
    const from = {id: this.#source, at: this.#at};
    const end = this.#groups.endOf(slab, from.at);
    if (this.#groups.isLive(from.id, from.at)) this.#copy(slab.subarray(from.at, end), from);
    this.#at = end;
    if (end >= this.#slabs.usedOf(this.#source)) {
      this.#slabs.release(this.#source);
      this.#source = -1;
    }
    return true;
  }

  #begin(): boolean {
    const {bytes, liveBytes, count} = this.#slabs;
    if (bytes <= 2 * liveBytes + SLACK_BYTES) return false;
    for (let i = 0; i < LOOKS; i++) {
      this.#next = this.#next + 1 < count ? this.#next + 1 : 0;
      if (this.#next === this.#target || !this.#slabs.isWasteful(this.#next)) continue;
      this.#source = this.#next;
      this.#at = 0;
      // Held until it has been gone through: its number must not become another slab's meanwhile.
      this.#slabs.retain(this.#source);
      break;
    }
    return true;
  }

  #copy(group: Buffer, from: {readonly id: number; readonly at: number}): void {
    const isBig = group.length > COPY_BYTES;
    if (!isBig && (this.#target < 0 || this.#used + group.length > COPY_BYTES)) {
      if (this.#target >= 0) this.#slabs.release(this.#target);
      this.#target = this.#slabs.add(Buffer.alloc(COPY_BYTES), 0);
      this.#used = 0;
    }
    const id = isBig ? this.#slabs.add(Buffer.alloc(group.length), 0) : this.#target;
    const at = isBig ? 0 : this.#used;
    group.copy(this.#slabs.get(id), at);
    if (!isBig) this.#used += group.length;
    this.#slabs.use(id, at + group.length);
    this.#groups.moved(from, {id, at});
    if (isBig) this.#slabs.release(id);
  }
}
