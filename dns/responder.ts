import {Counter} from './counters.ts';
import type {Counters} from './counters.ts';
import {
  CLASS_IN,
  EDNS_UDP_BYTES,
  ExtendedError,
  HEADER_BYTES,
  isMetaType,
  PLAIN_UDP_BYTES,
  QUESTION_POINTER,
  Rcode,
  Type,
} from './wire/codes.ts';
import type {WireName} from './wire/name.ts';
import {DROP, QueryReader} from './wire/query-reader.ts';
import {SOA_POINTERS} from './zone/apex.ts';
import {ANSWER_HEADER_BYTES} from './zone/encode-group.ts';
import {findAnswer, hasAnswers, staleAtSeconds} from './zone/zone-table.ts';
import type {ZoneTable} from './zone/zone-table.ts';

export type Transport = 'udp' | 'tcp';

export interface ResponderOptions {
  readonly zone: WireName;
  readonly table: ZoneTable;
  readonly counters: Counters;
  readonly ttlSeconds: number;
  readonly nowMs: () => number;
}

const FLAG_QR = 0x80;
const FLAG_AA = 0x04;
const FLAG_TC = 0x02;
const FLAG_OPCODE_AND_RD = 0x79;

const OPT_BYTES = 11;
/** An extended error without text (RFC 8914 §2): option code, length, and the error's own code. */
const EXTENDED_ERROR_BYTES = 6;
const EXTENDED_ERROR_OPTION = 15;
const MAX_TCP_BYTES = 65_535;
const POINTER_BITS = 0xc000;

/** Copying fewer octets than this is faster in JavaScript than by a call into C++. */
const SMALL_COPY_BYTES = 96;

/** The header of an answer without records. */
const NO_RECORDS = Buffer.alloc(ANSWER_HEADER_BYTES);

/** One query in, one answer out; knows nothing of sockets. */
export class Responder {
  readonly #zone: Buffer;
  readonly #table: ZoneTable;
  readonly #counters: Counters;
  readonly #nowMs: () => number;
  readonly #query = new QueryReader();
  readonly #hinfo: Buffer;
  /** False until the first synced view: then every name of the zone is SERVFAIL, because nobody knows yet what exists. */
  synced = false;

  // The answer under construction: fields instead of an object, so that a query allocates nothing but its reply.
  #rcode = 0;
  #authoritative = false;
  #extendedError = 0;
  /** Where the header of the records that are sent lies. */
  #slab: Buffer = NO_RECORDS;
  #at = 0;
  /** The records are the SOA of a negative answer (RFC 2308 §3). */
  #negative = false;
  #recordBytes = 0;
  #extraBytes = 0;

  constructor(options: ResponderOptions) {
    this.#zone = Buffer.from(options.zone, 'latin1');
    this.#table = options.table;
    this.#counters = options.counters;
    this.#nowMs = options.nowMs;
    this.#hinfo = minimalAny(options.ttlSeconds);
  }

  /**
   * @param message - the query, without the length that TCP puts before it
   * @returns the answer, for TCP with its length before it; undefined: nothing is to be sent
   */
  respond(message: Buffer, transport: Transport): Buffer | undefined {
    const read = this.#query.read(message);
    if (read === DROP) {
      this.#counters.add(Counter.droppedMalformed);
      return undefined;
    }
    this.#begin(read);
    if (read === Rcode.NOERROR) this.#decide();
    this.#counters.answered(this.#rcode);
    return this.#write(message, transport);
  }

  #begin(rcode: number): void {
    this.#rcode = rcode;
    this.#authoritative = false;
    this.#extendedError = 0;
    this.#slab = NO_RECORDS;
    this.#at = 0;
    this.#negative = false;
  }

  #decide(): void {
    const {class: queryClass, type, name, nameLength} = this.#query;
    if (queryClass !== CLASS_IN) {
      this.#rcode = Rcode.REFUSED;
      return;
    }
    const exists = this.#table.find(name, nameLength);
    if (!exists && !this.#isInZone(name, nameLength)) this.#rcode = Rcode.REFUSED;
    else if (type === Type.OPT) this.#rcode = Rcode.FORMERR;
    else if (type === Type.AXFR || type === Type.IXFR) this.#rcode = Rcode.REFUSED;
    else if (isMetaType(type) && type !== Type.ANY) this.#rcode = Rcode.NOTIMP;
    else if (this.synced) this.#lookUp(exists, type);
    else {
      this.#rcode = Rcode.SERVFAIL;
      this.#extendedError = ExtendedError.NOT_READY;
    }
  }

  #lookUp(exists: boolean, type: number): void {
    this.#authoritative = true;
    if (!exists) {
      this.#rcode = Rcode.NXDOMAIN;
      this.#answerNegative();
      return;
    }
    const {slab, at} = this.#table;
    const staleAt = staleAtSeconds(slab, at);
    if (staleAt > 0 && this.#nowMs() >= staleAt * 1000) this.#extendedError = ExtendedError.STALE_ANSWER;
    this.#slab = slab;
    this.#at = findAnswer(slab, at, type);
    if (this.#at > 0) return;
    if (type === Type.ANY && hasAnswers(slab, at)) this.#slab = this.#hinfo;
    else this.#answerNegative();
  }

  #answerNegative(): void {
    const soa = this.#table.soa;
    if (!soa) return;
    this.#slab = soa.slab;
    this.#at = soa.at;
    this.#negative = true;
  }

  /** The wire name must end in the zone's, and where a label begins: octets inside a label may look like it. */
  #isInZone(name: Buffer, length: number): boolean {
    const zoneAt = length - this.#zone.length;
    if (zoneAt < 0 || name.compare(this.#zone, 0, this.#zone.length, zoneAt, length) !== 0) return false;
    let at = 0;
    while (at < zoneAt) at += 1 + name[at]!;
    return at === zoneAt;
  }

  #write(message: Buffer, transport: Transport): Buffer {
    const query = this.#query;
    const optBytes = query.hasEdns ? OPT_BYTES + (this.#extendedError > 0 ? EXTENDED_ERROR_BYTES : 0) : 0;
    const truncated = this.#fit(query.questionEnd + optBytes, transport === 'tcp' ? MAX_TCP_BYTES : udpLimit(query));
    const size = query.questionEnd + this.#recordBytes + this.#extraBytes + optBytes;
    const start = transport === 'tcp' ? 2 : 0;
    const reply = Buffer.allocUnsafe(start + size);
    if (start > 0) putU16(reply, 0, size);
    copy(message, 0, reply, start, query.questionEnd);
    reply[start + 2] =
      FLAG_QR | (message[2]! & FLAG_OPCODE_AND_RD) | (this.#authoritative ? FLAG_AA : 0) | (truncated ? FLAG_TC : 0);
    reply[start + 3] = this.#rcode & 0xf;
    this.#writeCounts(reply, start, optBytes > 0);
    if (this.#recordBytes > 0) this.#writeRecords(reply, start);
    if (optBytes > 0) this.#writeOpt(reply, start + size - optBytes);
    return reply;
  }

  /**
   * RFC 2181 §9: an RRset is sent whole or not at all; leaving out additional records is no truncation.
   *
   * @returns whether the answer is truncated
   */
  #fit(fixedBytes: number, limit: number): boolean {
    const slab = this.#slab;
    this.#recordBytes = u16(slab, this.#at + 4);
    this.#extraBytes = u16(slab, this.#at + 8);
    if (fixedBytes + this.#recordBytes + this.#extraBytes <= limit) return false;
    this.#extraBytes = 0;
    if (fixedBytes + this.#recordBytes <= limit) return false;
    this.#recordBytes = 0;
    this.#counters.add(Counter.truncated);
    return true;
  }

  #writeCounts(reply: Buffer, start: number, hasOpt: boolean): void {
    const records = this.#recordBytes > 0 ? u16(this.#slab, this.#at + 2) : 0;
    const extra = this.#extraBytes > 0 ? u16(this.#slab, this.#at + 6) : 0;
    putU16(reply, start + 4, this.#query.questionEnd > HEADER_BYTES ? 1 : 0);
    putU16(reply, start + 6, this.#negative ? 0 : records);
    putU16(reply, start + 8, this.#negative ? records : 0);
    putU16(reply, start + 10, extra + (hasOpt ? 1 : 0));
  }

  #writeRecords(reply: Buffer, start: number): void {
    const at = start + this.#query.questionEnd;
    copy(this.#slab, this.#at + ANSWER_HEADER_BYTES, reply, at, this.#recordBytes + this.#extraBytes);
    if (!this.#negative) return;
    // The SOA's names end in the zone's name: here that is the last part of the question's.
    const pointer = POINTER_BITS | (HEADER_BYTES + this.#query.nameLength - this.#zone.length);
    for (const offset of SOA_POINTERS) putU16(reply, at + offset, pointer);
  }

  /** RFC 6891 §6.1.2: our own size, the upper bits of the rcode, version 0, no flags. */
  #writeOpt(reply: Buffer, at: number): void {
    reply[at] = 0;
    putU16(reply, at + 1, Type.OPT);
    putU16(reply, at + 3, EDNS_UDP_BYTES);
    putU16(reply, at + 5, (this.#rcode >> 4) << 8);
    putU16(reply, at + 7, 0);
    putU16(reply, at + 9, this.#extendedError > 0 ? EXTENDED_ERROR_BYTES : 0);
    if (this.#extendedError === 0) return;
    putU16(reply, at + 11, EXTENDED_ERROR_OPTION);
    putU16(reply, at + 13, EXTENDED_ERROR_BYTES - 4);
    putU16(reply, at + 15, this.#extendedError);
  }
}

function udpLimit(query: QueryReader): number {
  if (!query.hasEdns) return PLAIN_UDP_BYTES;
  return Math.min(Math.max(query.udpBytes, PLAIN_UDP_BYTES), EDNS_UDP_BYTES);
}

/** What is said to ANY: that there is something, and no more (RFC 8482 §4.2). */
function minimalAny(ttlSeconds: number): Buffer {
  const text = '\u0007RFC8482\u0000';
  const slab = Buffer.alloc(ANSWER_HEADER_BYTES + 12 + text.length);
  slab.writeUInt16BE(Type.HINFO, 0);
  slab.writeUInt16BE(1, 2);
  slab.writeUInt16BE(12 + text.length, 4);
  slab.writeUInt16BE(QUESTION_POINTER, ANSWER_HEADER_BYTES);
  slab.writeUInt16BE(Type.HINFO, ANSWER_HEADER_BYTES + 2);
  slab.writeUInt16BE(CLASS_IN, ANSWER_HEADER_BYTES + 4);
  slab.writeUInt32BE(ttlSeconds, ANSWER_HEADER_BYTES + 6);
  slab.writeUInt16BE(text.length, ANSWER_HEADER_BYTES + 10);
  slab.write(text, ANSWER_HEADER_BYTES + 12, 'latin1');
  return slab;
}

function u16(bytes: Buffer, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function putU16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function copy(from: Buffer, fromAt: number, to: Buffer, toAt: number, count: number): void {
  if (count > SMALL_COPY_BYTES) {
    from.copy(to, toAt, fromAt, fromAt + count);
    return;
  }
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i]!;
}
