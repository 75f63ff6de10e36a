import {Type} from '../wire/codes.ts';
import type {WireName} from '../wire/name.ts';
import {carryTurns} from './carry-turns.ts';
import {ANSWER_HEADER_BYTES} from './encode-group.ts';
import {NameIndex} from './name-index.ts';
import {SlabCompactor} from './slab-compactor.ts';
import {SlabStore} from './slab-store.ts';

/** Octets between a node's name and its answers: their length, and when they turn stale (see encode-group.ts). */
const NODE_FIXED_BYTES = 8;

/** Where one compiled answer lies: the offset of its header. */
export interface AnswerPlace {
  readonly slab: Buffer;
  readonly at: number;
}

/**
 * The compiled zone as a worker holds it: one look-up a query, and nothing but slabs and two indexes over them. A group is
 * wholly in one slab; the slab is let go when the last group in it has been replaced, or moved by {@link ZoneTable.compact}.
 */
export class ZoneTable {
  readonly #slabs = new SlabStore();
  readonly #names: NameIndex;
  readonly #groups: NameIndex;
  readonly #zone: Buffer;
  readonly #compactor: SlabCompactor;
  /** Slabs that are being taken in. */
  #readers = 0;
  #soa: AnswerPlace | undefined;

  /** Of the name that was found last: its slab, and where its answers begin there. */
  slab: Buffer = Buffer.alloc(0);
  at = 0;

  constructor(zone: WireName, seed: number) {
    this.#zone = Buffer.from(zone, 'latin1');
    const index = {seed, shared: zone.length};
    this.#names = new NameIndex(this.#slabs, index);
    this.#groups = new NameIndex(this.#slabs, index);
    this.#compactor = new SlabCompactor(this.#slabs, {
      endOf: (slab, at) => groupEnd(slab, at),
      isLive: (id, at) => this.#isGroupAt(id, at),
      moved: (from, to) => this.#moved(from, to),
    });
  }

  /** How many names exist. */
  get size(): number {
    return this.#names.size;
  }

  /** Octets of answers held, those of replaced groups included as long as their slab is. */
  get bytes(): number {
    return this.#slabs.bytes;
  }

  /** Of them, what is looked up. */
  get liveBytes(): number {
    return this.#slabs.liveBytes;
  }

  /**
   * Does a little to hold no more than about twice what is looked up; see {@link SlabCompactor}. Answers stay as they are, with their turns.
   *
   * @returns false: there is nothing to do now
   */
  compact(): boolean {
    return this.#readers === 0 && this.#compactor.step();
  }

  /** The apex's SOA answer; undefined until the apex is there. */
  get soa(): AnswerPlace | undefined {
    return this.#soa;
  }

  /**
   * Sets `slab` and `at` to the answers of a name.
   *
   * @param name - lower-cased; only the first `length` octets are looked at
   * @returns false: the name does not exist
   */
  find(name: Uint8Array, length: number): boolean {
    const slot = this.#names.find(name, 0, length);
    if (slot < 0) return false;
    this.slab = this.#slabs.get(this.#names.slabOf(slot));
    const nameAt = this.#names.offsetOf(slot);
    this.at = nameAt + 1 + length + NODE_FIXED_BYTES;
    return true;
  }

  /**
   * The packed facts of an import (see import-facts.ts), whether any of its names exists or not.
   *
   * @param name - that of the import, lower-cased, `length` octets from `at` on
   */
  findFacts(name: Uint8Array, at: number, length: number): Buffer | undefined {
    const slot = this.#groups.find(name, at, length);
    if (slot < 0) return undefined;
    const slab = this.#slabs.get(this.#groups.slabOf(slot));
    const keyEnd = this.#groups.offsetOf(slot) + 1 + length;
    const octets = slab.readUInt16BE(keyEnd);
    return octets === 0 ? undefined : slab.subarray(keyEnd + 2, keyEnd + 2 + octets);
  }

  /** Takes groups in. Between two of them queries may be answered; each changes at once. */
  reader(memory: ArrayBuffer): GroupReader {
    const slab = Buffer.from(memory);
    const id = this.#slabs.add(slab);
    this.#readers++;
    let at = 0;
    return {
      applyNext: () => {
        if (at < slab.length) at = this.#applyGroup(id, at);
        if (at < slab.length) return true;
        if (at !== Infinity) {
          this.#slabs.release(id);
          this.#readers--;
        }
        at = Infinity;
        return false;
      },
    };
  }

  /** Every name and what is held for it: the time at which it turns stale, and its answers. For comparing tables. */
  *entries(): IterableIterator<readonly [WireName, Buffer]> {
    for (const slot of this.#names.slots()) {
      const slab = this.#slabs.get(this.#names.slabOf(slot));
      const nameAt = this.#names.offsetOf(slot);
      const end = nameAt + 1 + slab[nameAt]!;
      yield [slab.toString('latin1', nameAt + 1, end), slab.subarray(end + 4, nodeEnd(slab, nameAt))];
    }
  }

  #applyGroup(id: number, at: number): number {
    const slab = this.#slabs.get(id);
    const keyLength = slab[at]!;
    const before = this.#groups.find(slab, at + 1, keyLength);
    const [oldId, oldAt] = before < 0 ? [-1, 0] : [this.#groups.slabOf(before), this.#groups.offsetOf(before)];
    const nodes = nodesOf(slab, at);
    let end = nodes.begin;
    for (let i = 0; i < nodes.count; i++) {
      if (before >= 0) this.#carryTurns(slab, end);
      this.#names.set(id, end);
      end = nodeEnd(slab, end);
    }
    if (nodes.count > 0 || nodes.hasFacts) {
      this.#groups.set(id, at);
      this.#slabs.retain(id, end - at);
    } else if (before >= 0) {
      this.#groups.delete(before);
    }
    if (oldId >= 0) this.#removeRest(oldId, oldAt);
    if (this.#isZone(slab, at)) this.#findSoa();
    return end;
  }

  /** Of a group that was replaced: the names that still lead to it are in it no more. */
  #removeRest(id: number, groupAt: number): void {
    const slab = this.#slabs.get(id);
    const {begin, count} = nodesOf(slab, groupAt);
    let at = begin;
    for (let i = 0; i < count; i++, at = nodeEnd(slab, at)) {
      const slot = this.#names.find(slab, at + 1, slab[at]!);
      if (slot >= 0 && this.#names.slabOf(slot) === id && this.#names.offsetOf(slot) === at) this.#names.delete(slot);
    }
    this.#slabs.release(id, at - groupAt);
  }

  /** From the name that this one takes the place of. */
  #carryTurns(slab: Buffer, nameAt: number): void {
    const length = slab[nameAt]!;
    const slot = this.#names.find(slab, nameAt + 1, length);
    if (slot < 0) return;
    const answersAt = 1 + length + NODE_FIXED_BYTES;
    const from = {slab: this.#slabs.get(this.#names.slabOf(slot)), at: this.#names.offsetOf(slot) + answersAt};
    carryTurns(from, {slab, at: nameAt + answersAt});
  }

  #isGroupAt(id: number, at: number): boolean {
    const slab = this.#slabs.get(id);
    const slot = this.#groups.find(slab, at + 1, slab[at]!);
    return slot >= 0 && this.#groups.slabOf(slot) === id && this.#groups.offsetOf(slot) === at;
  }

  /** The same octets stand elsewhere now. */
  #moved(from: Place, to: Place): void {
    const slab = this.#slabs.get(to.id);
    const {begin, count} = nodesOf(slab, to.at);
    let end = begin;
    for (let i = 0; i < count; i++, end = nodeEnd(slab, end)) this.#names.set(to.id, end);
    this.#groups.set(to.id, to.at);
    this.#slabs.retain(to.id, end - to.at);
    this.#slabs.release(from.id, end - to.at);
    if (this.#isZone(slab, to.at)) this.#findSoa();
  }

  #isZone(slab: Buffer, groupAt: number): boolean {
    const keyAt = groupAt + 1;
    return slab.compare(this.#zone, 0, this.#zone.length, keyAt, keyAt + slab[groupAt]!) === 0;
  }

  #findSoa(): void {
    const at = this.find(this.#zone, this.#zone.length) ? findAnswer(this.slab, this.at, Type.SOA) : 0;
    this.#soa = at > 0 ? {slab: this.slab, at} : undefined;
  }
}

interface Place {
  readonly id: number;
  readonly at: number;
}

export interface GroupReader {
  /** @returns false: that was the last group, and there is no further one */
  applyNext(): boolean;
}

function nodesOf(slab: Buffer, groupAt: number): {begin: number; count: number; hasFacts: boolean} {
  const keyEnd = groupAt + 1 + slab[groupAt]!;
  const factsBytes = slab.readUInt16BE(keyEnd);
  const countAt = keyEnd + 2 + factsBytes;
  return {begin: countAt + 4, count: slab.readUInt32BE(countAt), hasFacts: factsBytes > 0};
}

function groupEnd(slab: Buffer, groupAt: number): number {
  const {begin, count} = nodesOf(slab, groupAt);
  let at = begin;
  for (let i = 0; i < count; i++) at = nodeEnd(slab, at);
  return at;
}

/**
 * The keys of all groups in a slab.
 *
 * @returns undefined where it is not one: it came from a file, and reading on would run out of it
 */
export function groupKeysOf(memory: ArrayBuffer): readonly WireName[] | undefined {
  const slab = Buffer.from(memory);
  const keys: WireName[] = [];
  try {
    for (let at = 0; at < slab.length;) {
      keys.push(slab.toString('latin1', at + 1, at + 1 + slab[at]!));
      at = groupEnd(slab, at);
      if (at > slab.length) return undefined;
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return keys;
}

function nodeEnd(slab: Buffer, nodeAt: number): number {
  const nameEnd = nodeAt + 1 + slab[nodeAt]!;
  return nameEnd + NODE_FIXED_BYTES + slab.readUInt32BE(nameEnd);
}

/**
 * @param at - where the answers of a name begin
 * @returns the offset of the answer's header in the slab; 0: the name has no record of that type
 */
export function findAnswer(slab: Buffer, at: number, type: number): number {
  let header = at + 1;
  for (let left = slab[at]!; left > 0; left--) {
    if (((slab[header]! << 8) | slab[header + 1]!) === type) return header;
    const recordBytes = (slab[header + 4]! << 8) | slab[header + 5]!;
    header += ANSWER_HEADER_BYTES + recordBytes + ((slab[header + 8]! << 8) | slab[header + 9]!);
  }
  return 0;
}

/**
 * The answer whose turn it is, where several take turns by a schedule (see encode-group.ts).
 *
 * @param at - as `findAnswer` returns it, also 0
 */
export function takeTurn(slab: Buffer, at: number): number {
  if (at === 0 || u16(slab, at + 2) > 0) return at;
  return at + u16(slab, at + ANSWER_HEADER_BYTES + 2 * nextTurn(slab, at, u16(slab, at + 6)));
}

/** Counts an answer's turns, 0 to `count` - 1 and anew, in the slab itself: nothing is allocated, and no two answers share a row. */
export function nextTurn(slab: Buffer, at: number, count: number): number {
  const turn = u16(slab, at + 10);
  const next = turn + 1 < count ? turn + 1 : 0;
  slab[at + 10] = next >>> 8;
  slab[at + 11] = next;
  return turn;
}

function u16(slab: Buffer, at: number): number {
  return (slab[at]! << 8) | slab[at + 1]!;
}

/** False: an empty non-terminal. */
export function hasAnswers(slab: Buffer, at: number): boolean {
  return slab[at] !== 0;
}

/** From when on the answers are stale, in seconds since the epoch; 0: never. */
export function staleAtSeconds(slab: Buffer, at: number): number {
  return ((slab[at - 4]! << 24) | (slab[at - 3]! << 16) | (slab[at - 2]! << 8) | slab[at - 1]!) >>> 0;
}
