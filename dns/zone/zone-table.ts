import {Type} from '../wire/codes.ts';
import type {WireName} from '../wire/name.ts';
import {ANSWER_HEADER_BYTES} from './encode-group.ts';

/** Where the answers of one name lie. */
export interface NameEntry {
  readonly slab: Buffer;
  /** Offset of the number of answers. */
  readonly at: number;
  /** Milliseconds since the epoch; 0: never. */
  readonly staleAtMs: number;
}

/** Where one compiled answer lies: the offset of its header. */
export interface AnswerPlace {
  readonly slab: Buffer;
  readonly at: number;
}

/**
 * The compiled zone as a worker holds it: one look-up a query. Answers stay packed in the slabs they came in; an old slab
 * is garbage when the last name in it has been replaced.
 */
export class ZoneTable {
  readonly #names = new Map<WireName, NameEntry>();
  readonly #groups = new Map<WireName, readonly WireName[]>();
  readonly #zone: WireName;
  #soa: AnswerPlace | undefined;

  constructor(zone: WireName) {
    this.#zone = zone;
  }

  get size(): number {
    return this.#names.size;
  }

  /** The apex's SOA answer; undefined until the apex is there. */
  get soa(): AnswerPlace | undefined {
    return this.#soa;
  }

  /** @param name - lower-cased */
  get(name: WireName): NameEntry | undefined {
    return this.#names.get(name);
  }

  names(): IterableIterator<WireName> {
    return this.#names.keys();
  }

  /**
   * Replaces one group by what the slab says at `at`, whole: no query sees half an import.
   *
   * @returns where the next group begins
   */
  applyGroup(slab: Buffer, at: number): number {
    const keyEnd = at + 1 + slab[at]!;
    const key = slab.toString('latin1', at + 1, keyEnd);
    const count = slab.readUInt32BE(keyEnd);
    const before = this.#groups.get(key);
    const names: WireName[] = [];
    let cursor = keyEnd + 4;
    for (let i = 0; i < count; i++) cursor = this.#readNode(slab, cursor, names);
    if (before) this.#removeOthers(before, names);
    if (count > 0) this.#groups.set(key, names);
    else this.#groups.delete(key);
    if (key === this.#zone) this.#soa = this.#findSoa();
    return cursor;
  }

  #readNode(slab: Buffer, at: number, names: WireName[]): number {
    const nameEnd = at + 1 + slab[at]!;
    const name = slab.toString('latin1', at + 1, nameEnd);
    const answers = nameEnd + 12;
    this.#names.set(name, {slab, at: answers, staleAtMs: slab.readDoubleBE(nameEnd + 4)});
    names.push(name);
    return answers + slab.readUInt32BE(nameEnd);
  }

  #removeOthers(before: readonly WireName[], now: readonly WireName[]): void {
    const kept = new Set(now);
    for (const name of before) if (!kept.has(name)) this.#names.delete(name);
  }

  #findSoa(): AnswerPlace | undefined {
    const entry = this.#names.get(this.#zone);
    const at = entry ? findAnswer(entry, Type.SOA) : 0;
    return entry && at > 0 ? {slab: entry.slab, at} : undefined;
  }
}

/** @returns the offset of the answer's header in the entry's slab; 0: the name has no record of that type */
export function findAnswer(entry: NameEntry, type: number): number {
  const slab = entry.slab;
  let at = entry.at + 1;
  for (let left = slab[entry.at]!; left > 0; left--) {
    if (((slab[at]! << 8) | slab[at + 1]!) === type) return at;
    at += ANSWER_HEADER_BYTES + ((slab[at + 4]! << 8) | slab[at + 5]!) + ((slab[at + 8]! << 8) | slab[at + 9]!);
  }
  return 0;
}

/** False: an empty non-terminal. */
export function hasAnswers(entry: NameEntry): boolean {
  return entry.slab[entry.at] !== 0;
}
