import type {ByteWriter} from '../wire/byte-writer.ts';
import {CLASS_IN, EDNS_UDP_BYTES, HEADER_BYTES, QUESTION_POINTER, Type} from '../wire/codes.ts';
import type {Address} from '../wire/address.ts';
import type {WireName} from '../wire/name.ts';
import type {AddressSpread} from './address-spread.ts';
import type {ServiceTarget, ZoneNode} from './node-tree.ts';

/**
 * The packed form in which compiled answers travel to a worker and in which they stay there. A slab is a sequence of groups:
 *
 *   group  = octet length, key; u16 octets of facts; facts; u32 number of nodes; nodes
 *            (neither facts nor nodes: the group is removed)
 *   facts  = what `_why` needs to know of an import (see import-facts.ts); none for other groups
 *   node   = octet length, name; u32 octets of the answers; u32 when they turn stale (s since the epoch, 0: never); answers
 *   answers = octet number; then each: {@link ANSWER_HEADER_BYTES} octets of header and the records
 *   header = u16 type, u16 answer records, u16 octets of these, u16 additional records, u16 octets of these, u16 turn
 *
 * Records are as they are sent: owners are pointers to the question, which has the same length in every query for the name.
 * The turn is the worker's own: which of several equal addresses stands first, counted for each answer, because clients that
 * ask for A and AAAA by turns would see every second value of a counter that all answers share.
 *
 * An answer that says 0 records is a schedule: u16 type, u16 0, u16 octets behind the header, u16 slots, u16 0, u16 turn; a
 * u16 for each slot, the offset of an answer from the schedule's own header; then these answers.
 */
export const ANSWER_HEADER_BYTES = 12;

/** What fits a TCP message beside a header, the longest question and an OPT record with an extended error and a cookie. */
const MAX_RRSET_BYTES = 65_535 - HEADER_BYTES - 259 - 128;

/** Octets of a question after its name, and of an OPT record with an extended error. */
const QUESTION_FIXED_BYTES = 4;
/** Owner (a pointer), type, class, TTL and length of a record. */
export const RECORD_FIXED_BYTES = 12;
const OPT_BYTES = 17;

/** Pointers have 14 bits (RFC 1035 §4.1.4). */
const MAX_POINTER = 0x3fff;

/** Equal priority and weight for all: the choice between clusters is made behind the address, not by SRV (D5). */
const SRV_PRIORITY = 0;
const SRV_WEIGHT = 100;

export interface Group {
  /** Wire name that the names of the group are at or below, and no name of another group of its kind. */
  readonly key: WireName;
  readonly nodes: ReadonlyMap<WireName, ZoneNode>;
  /** Of an import, for its explanation. */
  readonly facts?: Uint8Array;
  readonly ttlSeconds: number;
  /** From then on its answers are marked stale (RFC 8914 code 3). 0: never. Milliseconds since the epoch. */
  readonly staleAtMs: number;
}

/** Appends a group to a slab. */
export function encodeGroup(writer: ByteWriter, group: Group): void {
  writer.u8(group.key.length);
  writer.latin1(group.key);
  writer.u16(group.facts?.length ?? 0);
  if (group.facts) writer.bytes(group.facts);
  writer.u32(group.nodes.size);
  for (const [name, node] of group.nodes) encodeNode(writer, {name, node, group});
}

interface NodeAt {
  readonly name: WireName;
  readonly node: ZoneNode;
  readonly group: Group;
}

function encodeNode(writer: ByteWriter, at: NodeAt): void {
  writer.u8(at.name.length);
  writer.latin1(at.name);
  const lengthAt = writer.length;
  writer.u32(0);
  writer.u32(Math.ceil(at.group.staleAtMs / 1000));
  const answersAt = writer.length;
  writer.u8(0);
  const count = encodeAddresses(writer, at) + encodeServices(writer, at) + encodeOther(writer, at);
  writer.patchU8(answersAt, count);
  writer.patchU32(lengthAt, writer.length - answersAt);
}

function encodeAddresses(writer: ByteWriter, {node, group}: NodeAt): number {
  if (node.addresses === undefined) return 0;
  let answers = 0;
  for (const family of FAMILIES) {
    if (node.spread && encodeSpread(writer, node.spread, {...family, ttlSeconds: group.ttlSeconds})) answers++;
    else answers += encodeFamily(writer, node.addresses.values(), {...family, ttlSeconds: group.ttlSeconds});
  }
  return answers;
}

const FAMILIES = [
  {type: Type.A, size: 4},
  {type: Type.AAAA, size: 16},
] as const;

interface Family {
  readonly type: number;
  /** Octets of an address. */
  readonly size: number;
  readonly ttlSeconds: number;
}

function encodeFamily(writer: ByteWriter, addresses: Iterable<Address>, family: Family): number {
  const {type, size, ttlSeconds} = family;
  const header = new AnswerHeader(writer, type);
  for (const {bytes} of addresses) {
    if (bytes.length === size && header.recordBytes < MAX_RRSET_BYTES - 28) {
      record(writer, {type, ttlSeconds, rdata: bytes});
      header.count++;
    }
  }
  return header.close();
}

/** @returns false, with nothing written: no set has an address of this family, or all of them are too big for a schedule */
function encodeSpread(writer: ByteWriter, spread: AddressSpread, family: Family): boolean {
  const sets = spread.sets.map((set) => set.filter(({bytes}) => bytes.length === family.size));
  const slots = spread.slots.filter((set) => sets[set]!.length > 0);
  if (slots.length === 0) return false;
  const start = writer.length;
  writer.u16(family.type);
  writer.u32(0);
  writer.u16(slots.length);
  writer.u32(0);
  for (const _ of slots) writer.u16(0);
  const offsets = sets.map((set) => {
    const offset = writer.length - start;
    encodeFamily(writer, set, family);
    return offset;
  });
  const octets = writer.length - start - ANSWER_HEADER_BYTES;
  if (octets > 0xffff) {
    writer.truncate(start);
    return false;
  }
  writer.patchU16(start + 4, octets);
  slots.forEach((set, i) => writer.patchU16(start + ANSWER_HEADER_BYTES + 2 * i, offsets[set]!));
  return true;
}

/** D8: one SRV per target and port. Beyond what one TCP message holds, the rest is left out: there is no other way to say it. */
function encodeServices(writer: ByteWriter, at: NodeAt): number {
  if (at.node.services === undefined) return 0;
  const header = new AnswerHeader(writer, Type.SRV);
  const targets = new Map<WireName, number>();
  const startInMessage = HEADER_BYTES + at.name.length + QUESTION_FIXED_BYTES;
  for (const service of at.node.services.values()) {
    if (header.recordBytes + 18 + service.target.length > MAX_RRSET_BYTES) break;
    srvRecord(writer, service, at.group.ttlSeconds);
    header.count++;
    const targetAt = startInMessage + header.recordBytes - service.target.length;
    if (!targets.has(service.target)) targets.set(service.target, targetAt);
  }
  header.beginAdditional();
  encodeTargets(writer, {at, header, targets, startInMessage});
  return header.close();
}

/** D13: the addresses of the targets, if all of them fit a UDP answer; else the client asks, as it would anyhow. */
function encodeTargets(
  writer: ByteWriter,
  o: {at: NodeAt; header: AnswerHeader; targets: ReadonlyMap<WireName, number>; startInMessage: number},
): void {
  const begin = writer.length;
  for (const [target, pointer] of o.targets) {
    const node = o.at.group.nodes.get(target);
    // Those that take turns are for whoever asks for them: all at once they would undo the weights.
    const addresses = node?.spread ? undefined : node?.addresses?.values();
    for (const {bytes} of addresses ?? []) {
      const type = bytes.length === 4 ? Type.A : Type.AAAA;
      record(writer, {type, ttlSeconds: o.at.group.ttlSeconds, rdata: bytes, owner: 0xc000 | pointer});
      o.header.additional++;
    }
    if (pointer > MAX_POINTER || o.startInMessage + o.header.bytes + OPT_BYTES > EDNS_UDP_BYTES) {
      writer.truncate(begin);
      o.header.additional = 0;
      return;
    }
  }
}

function encodeOther(writer: ByteWriter, at: NodeAt): number {
  const {other} = at.node;
  if (other === undefined) return 0;
  for (const {type, ttlSeconds, rdata, glue = []} of other) {
    const header = new AnswerHeader(writer, type);
    record(writer, {type, ttlSeconds, rdata});
    header.count = 1;
    header.beginAdditional();
    const pointer = HEADER_BYTES + at.name.length + QUESTION_FIXED_BYTES + RECORD_FIXED_BYTES;
    for (const {bytes} of glue) {
      const family = bytes.length === 4 ? Type.A : Type.AAAA;
      record(writer, {type: family, ttlSeconds, rdata: bytes, owner: 0xc000 | pointer});
      header.additional++;
    }
    header.close();
  }
  return other.length;
}

/** The header of an answer, written when what it counts is known. */
class AnswerHeader {
  count = 0;
  additional = 0;
  readonly #writer: ByteWriter;
  readonly #at: number;
  #additionalAt: number | undefined;

  constructor(writer: ByteWriter, type: number) {
    this.#writer = writer;
    this.#at = writer.length;
    writer.u16(type);
    writer.u32(0);
    writer.u32(0);
    writer.u16(0);
  }

  /** Octets of all records so far. */
  get bytes(): number {
    return this.#writer.length - this.#at - ANSWER_HEADER_BYTES;
  }

  get recordBytes(): number {
    return (this.#additionalAt ?? this.#writer.length) - this.#at - ANSWER_HEADER_BYTES;
  }

  beginAdditional(): void {
    this.#additionalAt = this.#writer.length;
  }

  /** @returns how many answers were added: none where there is no record */
  close(): number {
    if (this.count === 0) {
      this.#writer.truncate(this.#at);
      return 0;
    }
    const recordBytes = this.recordBytes;
    this.#writer.patchU16(this.#at + 2, this.count);
    this.#writer.patchU16(this.#at + 4, recordBytes);
    this.#writer.patchU16(this.#at + 6, this.additional);
    this.#writer.patchU16(this.#at + 8, this.bytes - recordBytes);
    return 1;
  }
}

function record(writer: ByteWriter, r: {type: number; ttlSeconds: number; rdata: Uint8Array; owner?: number}): void {
  writer.u16(r.owner ?? QUESTION_POINTER);
  writer.u16(r.type);
  writer.u16(CLASS_IN);
  writer.u32(r.ttlSeconds);
  writer.u16(r.rdata.length);
  writer.bytes(r.rdata);
}

/** The target is not compressed (RFC 2782). */
function srvRecord(writer: ByteWriter, service: ServiceTarget, ttlSeconds: number): void {
  writer.u16(QUESTION_POINTER);
  writer.u16(Type.SRV);
  writer.u16(CLASS_IN);
  writer.u32(ttlSeconds);
  writer.u16(6 + service.target.length);
  writer.u16(SRV_PRIORITY);
  writer.u16(SRV_WEIGHT);
  writer.u16(service.port);
  writer.latin1(service.target);
}
