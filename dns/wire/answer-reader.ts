import {FLAG_TC, HEADER_BYTES, Rcode, Type} from './codes.ts';
import {NameWalk} from './name-walk.ts';

/** Type, class, TTL and length of a record, behind its owner's name. */
const RECORD_FIXED_BYTES = 10;
/** Type and class, behind the question's name. */
const QUESTION_FIXED_BYTES = 4;

/** What a message says of itself, as far as one needs to know who passes it on without changing records. */
export interface AnswerFacts {
  /** With the upper bits out of the OPT record. */
  readonly rcode: number;
  readonly isTruncated: boolean;
  /** The sender knows EDNS. */
  readonly hasEdns: boolean;
  /** NXDOMAIN, or no record of the type that was asked for: also where an alias leads there (RFC 2308 §2). */
  readonly isNegative: boolean;
  readonly answers: number;
  readonly authorities: number;
  /** Those before the OPT record; what stands behind it is left out. */
  readonly additionals: number;
  /** Where these records end. */
  readonly recordsEnd: number;
  /** Where their TTLs stand, and what counts of each: that of the SOA of a negative answer is never over its MINIMUM. */
  readonly ttlOffsets: readonly number[];
  readonly ttls: readonly number[];
  /** How long the answer may be kept, in seconds; undefined: not at all. */
  readonly lifetimeSeconds: number | undefined;
}

/**
 * Walks over the records of an answer. Names, also those in known RDATA, must be as {@link NameWalk} says, so that nothing is passed on
 * that leads a reader round in circles. A CNAME that is its own target is no such thing: it is data, which resolvers have to bear.
 *
 * @param questionEnd - where its one question ends; where the header does, if there is none
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
  readonly #names: NameWalk;
  readonly #questionEnd: number;
  readonly #ttlOffsets: number[] = [];
  readonly #ttls: number[] = [];
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
    this.#names = new NameWalk(message);
    this.#questionEnd = questionEnd;
    this.#at = questionEnd;
    this.#type = type;
    this.#rcode = message[3]! & 0xf;
    this.#counts = [6, 8, 10].map((at) => message.readUInt16BE(at));
  }

  run(): boolean {
    if (!this.#question()) return false;
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
      hasEdns: this.#recordsEnd >= 0,
      isNegative: this.#isNegative(),
      answers,
      authorities,
      additionals: this.#recordsEnd < 0 ? additionals : this.#kept,
      recordsEnd: this.#recordsEnd < 0 ? this.#at : this.#recordsEnd,
      ttlOffsets: this.#ttlOffsets,
      ttls: this.#ttls,
      lifetimeSeconds: this.#lifetime(),
    };
  }

  /** RFC 2308 §5: what is not there is remembered as long as its SOA allows, and not at all without one. */
  #lifetime(): number | undefined {
    const isNegative = this.#isNegative();
    const seconds = isNegative ? Math.min(this.#negativeTtl, this.#leastTtl) : this.#leastTtl;
    if (isNegative && this.#negativeTtl === Infinity) return undefined;
    return (isNegative || this.#rcode === Rcode.NOERROR) && seconds < Infinity ? seconds : undefined;
  }

  /** Known from the authority section on: the OPT record behind it can only make another rcode of it, which is passed on to nobody. */
  #isNegative(): boolean {
    return this.#rcode === Rcode.NXDOMAIN || (this.#rcode === Rcode.NOERROR && !this.#hasAnswerOfType);
  }

  #question(): boolean {
    if (this.#questionEnd === HEADER_BYTES) return true;
    return this.#names.readName(HEADER_BYTES) === this.#questionEnd - QUESTION_FIXED_BYTES;
  }

  #record(): boolean {
    const message = this.#message;
    const start = this.#at;
    const nameEnd = this.#names.readName(start);
    const dataAt = nameEnd + RECORD_FIXED_BYTES;
    if (nameEnd < 0 || dataAt > message.length) return false;
    const type = message.readUInt16BE(nameEnd);
    this.#at = dataAt + message.readUInt16BE(nameEnd + 8);
    if (this.#at > message.length) return false;
    if (type === Type.OPT) return this.#opt(start, nameEnd);
    if (!this.#names.readData(type, dataAt, this.#at)) return false;
    if (this.#recordsEnd >= 0) return true;
    this.#kept += this.#section === 2 ? 1 : 0;
    this.#ttlOffsets.push(nameEnd + 4);
    this.#ttls.push(this.#countedTtl(type, ttlAt(message, nameEnd + 4)));
    return true;
  }

  #countedTtl(type: number, ttl: number): number {
    if (this.#section === 0) {
      this.#leastTtl = Math.min(this.#leastTtl, ttl);
      this.#hasAnswerOfType ||= type === this.#type;
    } else if (this.#section === 1 && type === Type.SOA && this.#isNegative()) {
      // The last of the SOA's numbers, which `readData` has seen to be there.
      this.#negativeTtl = Math.min(ttl, ttlAt(this.#message, this.#at - 4));
      return this.#negativeTtl;
    }
    return ttl;
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
