const NO_BYTES = Buffer.alloc(0);

/** Small, as a slab of one changed import has a page of its own; with 32 bits for a place they are a million pages. */
const PAGE_BITS = 12;
const PAGE_BYTES = 1 << PAGE_BITS;
const MAX_PAGES = 2 ** (32 - PAGE_BITS);
const FIRST_PAGES = 1024;

/**
 * Slabs by number. One is let go when nothing in it is used any more, and its number is used again.
 *
 * Each octet of each slab also has a place, a number of 32 bits that is never 0, so that an index needs one word for it: a
 * slab begins at a page, and the pages that it has are its own until it is let go.
 */
export class SlabStore {
  readonly #slabs: Buffer[] = [];
  readonly #users: number[] = [];
  /** Octets of what is used in each, and how far each is filled. */
  readonly #live: number[] = [];
  readonly #used: number[] = [];
  #bytes = 0;
  #liveBytes = 0;
  readonly #free: number[] = [];
  /** Place of a slab's first octet, by number. */
  readonly #starts: number[] = [];
  /** Number of the slab, by page. */
  #pages = new Uint32Array(FIRST_PAGES);
  /** The first page that was never used; none begins at place 0. */
  #nextPage = 1;
  /** First pages of slabs that were let go, by how many pages they had. */
  readonly #freePages = new Map<number, number[]>();

  /**
   * @param used - octets that are filled; the rest may be later
   * @returns the number; the caller is its first user
   * @throws {RangeError} 4 GiB of slabs, or a million of them, are in use
   */
  add(slab: Buffer, used: number = slab.length): number {
    const id = this.#free.pop() ?? this.#slabs.length;
    const count = pagesOf(slab);
    const first = this.#takePages(count);
    this.#pages.fill(id, first, first + count);
    this.#starts[id] = first * PAGE_BYTES;
    this.#slabs[id] = slab;
    this.#users[id] = 1;
    this.#live[id] = 0;
    this.#used[id] = used;
    this.#bytes += slab.length;
    return id;
  }

  get(id: number): Buffer {
    return this.#slabs[id] ?? NO_BYTES;
  }

  placeOf(id: number, offset: number): number {
    return this.#starts[id]! + offset;
  }

  idAt(place: number): number {
    return this.#pages[place >>> PAGE_BITS]!;
  }

  /** @param id - of the slab that has the place */
  offsetAt(id: number, place: number): number {
    return place - this.#starts[id]!;
  }

  /** @param octets - of what is used of it from now on */
  retain(id: number, octets = 0): void {
    this.#users[id] = (this.#users[id] ?? 0) + 1;
    this.#count(id, octets);
  }

  /** @param octets - as they were retained */
  release(id: number, octets = 0): void {
    this.#count(id, -octets);
    const left = (this.#users[id] ?? 1) - 1;
    this.#users[id] = left;
    if (left > 0) return;
    this.#bytes -= this.get(id).length;
    const count = pagesOf(this.get(id));
    const free = this.#freePages.get(count) ?? [];
    free.push(this.#starts[id]! / PAGE_BYTES);
    this.#freePages.set(count, free);
    this.#slabs[id] = NO_BYTES;
    this.#free.push(id);
  }

  /** Octets that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Octets of what is used of them. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Numbers are below it. */
  get count(): number {
    return this.#slabs.length;
  }

  usedOf(id: number): number {
    return this.#used[id] ?? 0;
  }

  /** More of it is filled. */
  use(id: number, octets: number): void {
    this.#used[id] = octets;
  }

  /** Whether at least half of a slab that is there is not used. */
  isWasteful(id: number): boolean {
    const {length} = this.get(id);
    return length > 0 && 2 * this.#live[id]! <= length;
  }

  #count(id: number, octets: number): void {
    this.#live[id] = (this.#live[id] ?? 0) + octets;
    this.#liveBytes += octets;
  }

  #takePages(count: number): number {
    const free = this.#freePages.get(count)?.pop();
    if (free !== undefined) return free;
    const first = this.#nextPage;
    const end = first + count;
    if (end > MAX_PAGES) throw new RangeError('the zone is over 4 GiB');
    if (end > this.#pages.length) {
      const grown = new Uint32Array(Math.max(end, this.#pages.length * 2));
      grown.set(this.#pages);
      this.#pages = grown;
    }
    this.#nextPage = end;
    return first;
  }
}

/** At least one: places that are in use are never those of another slab. */
function pagesOf(slab: Buffer): number {
  return Math.max(1, Math.ceil(slab.length / PAGE_BYTES));
}
