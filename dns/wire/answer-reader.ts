import {HEADER_BYTES, Rcode, Type} from './codes.ts';

const FLAG_TC = 0x02;
/** Type, class, TTL and length of a record, behind its owner's name. */
const RECORD_FIXED_BYTES = 10;
const MAX_LABEL = 63;
const POINTER = 0xc0;
const MAX_NAME = 255;
/** Two names of one octet at least, and five numbers (RFC 1035 §3.3.13). */
const MIN_SOA_BYTES = 22;

/** What a message says of itself, as far as one needs to know who passes it on without changing records. */
export interface AnswerFacts {
  /** With the upper bits out of the OPT record. */
  readonly rcode: number;
  readonly isTruncated: boolean;
  readonly answers: number;
  readonly authorities: number;
  /** Those before the OPT record; what stands behind it is left out. */
  readonly additionals: number;
  /** Where these records end. */
  readonly recordsEnd: number;
  /** Where their TTLs stand. */
  readonly ttlOffsets: readonly number[];
  /** How long the answer may be kept, in seconds; undefined: not at all. */
  readonly lifetimeSeconds: number | undefined;
}

/**
 * Walks over the records of an answer without following a name anywhere. Names must be formed rightly and their compression
 * pointers lead backwards, so that nothing is passed on that leads a reader round in circles.
 *
 * @param questionEnd - where its one question ends
 * @param type - that the question asks for
 * @returns undefined: the message is broken
 */
export function readAnswer(message: Buffer, questionEnd: number, type: number): AnswerFacts | undefined {
  if (message.length < questionEnd) return undefined;
  const walk = new RecordWalk(message, questionEnd, type);
  return walk.run() ? walk.facts() : undefined;
}

class RecordWalk {
  readonly #message: Buffer;
  readonly #type: number;
  readonly #ttlOffsets: number[] = [];
  readonly #counts: number[];
  #at: number;
  #rcode: number;
  #section = 0;
  #recordsEnd = -1;
  #kept = 0;
  #leastTtl = Infinity;
  #negativeTtl = Infinity;
  #hasAnswerOfType = false;

  constructor(message: Buffer, questionEnd: number, type: number) {
    this.#message = message;
    this.#at = questionEnd;
    this.#type = type;
    this.#rcode = message[3]! & 0xf;
    this.#counts = [6, 8, 10].map((at) => message.readUInt16BE(at));
  }

  run(): boolean {
    for (this.#section = 0; this.#section < 3; this.#section++) {
      for (let left = this.#counts[this.#section]!; left > 0; left--) if (!this.#record()) return false;
    }
    return this.#at === this.#message.length;
  }

  facts(): AnswerFacts {
    const [answers = 0, authorities = 0, additionals = 0] = this.#counts;
    return {
      rcode: this.#rcode,
      isTruncated: (this.#message[2]! & FLAG_TC) !== 0,
      answers,
      authorities,
      additionals: this.#recordsEnd < 0 ? additionals : this.#kept,
      recordsEnd: this.#recordsEnd < 0 ? this.#at : this.#recordsEnd,
      ttlOffsets: this.#ttlOffsets,
      lifetimeSeconds: this.#lifetime(),
    };
  }

  /** RFC 2308 §5: what is not there is remembered as long as its SOA allows, and not at all without one. */
  #lifetime(): number | undefined {
    const isNegative = this.#rcode === Rcode.NXDOMAIN || (this.#rcode === Rcode.NOERROR && !this.#hasAnswerOfType);
    const seconds = isNegative ? Math.min(this.#negativeTtl, this.#leastTtl) : this.#leastTtl;
    if (isNegative && this.#negativeTtl === Infinity) return undefined;
    return (isNegative || this.#rcode === Rcode.NOERROR) && seconds < Infinity ? seconds : undefined;
  }

  #record(): boolean {
    const message = this.#message;
    const start = this.#at;
    const nameEnd = skipName(message, start);
    const dataAt = nameEnd + RECORD_FIXED_BYTES;
    if (nameEnd < 0 || dataAt > message.length) return false;
    const type = message.readUInt16BE(nameEnd);
    this.#at = dataAt + message.readUInt16BE(nameEnd + 8);
    if (this.#at > message.length) return false;
    if (type === Type.OPT) return this.#opt(start, nameEnd);
    if (this.#recordsEnd >= 0) return true;
    this.#kept += this.#section === 2 ? 1 : 0;
    this.#ttlOffsets.push(nameEnd + 4);
    this.#remember(type, ttlAt(message, nameEnd + 4));
    return true;
  }

  #remember(type: number, ttl: number): void {
    if (this.#section === 0) {
      this.#leastTtl = Math.min(this.#leastTtl, ttl);
      this.#hasAnswerOfType ||= type === this.#type;
    } else if (this.#section === 1 && type === Type.SOA) {
      this.#negativeTtl = Math.min(ttl, this.#soaMinimum());
    }
  }

  /** The last of the SOA's numbers. */
  #soaMinimum(): number {
    return this.#at >= MIN_SOA_BYTES ? ttlAt(this.#message, this.#at - 4) : 0;
  }

  #opt(start: number, nameEnd: number): boolean {
    if (this.#section !== 2 || this.#recordsEnd >= 0 || nameEnd !== start + 1) return false;
    this.#recordsEnd = start;
    this.#rcode |= this.#message[nameEnd + 4]! << 4;
    return true;
  }
}

/** RFC 2181 §8: with the highest bit set it counts as 0. */
function ttlAt(message: Buffer, at: number): number {
  const ttl = message.readUInt32BE(at);
  return ttl > 0x7fffffff ? 0 : ttl;
}

/** @returns where the name ends; -1: it is broken */
function skipName(message: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || at - start > MAX_NAME) return -1;
    if (length === 0) return at + 1;
    if (length >= POINTER) {
      const target = ((length & 0x3f) << 8) | (message[at + 1] ?? 0xff);
      return at + 2 <= message.length && target >= HEADER_BYTES && target < start ? at + 2 : -1;
    }
    if (length > MAX_LABEL) return -1;
    at += 1 + length;
  }
}
