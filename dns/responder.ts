import {STALENESS_BOUND_MS} from '../src/clusterset/staleness.ts';
import {Counter} from './counters.ts';
import type {Counters} from './counters.ts';
import {
  CLASS_IN,
  ExtendedError,
  FLAG_TC,
  HEADER_BYTES,
  isMetaType,
  QUESTION_POINTER,
  Rcode,
  Type,
} from './wire/codes.ts';
import {ExtendedErrorOption} from './extended-error.ts';
import {isPrivateSource} from './private-source.ts';
import {isWhyName, proofNonceOf, proofText, serviceOf, textAnswer, WHY_BYTES, WhyBudget} from './why.ts';
import {EdnsReply} from './wire/edns-reply.ts';
import type {WireName} from './wire/name.ts';
import {answerLimit, DROP, QueryReader} from './wire/query-reader.ts';
import type {Transport} from './wire/query-reader.ts';
import type {ReplyMemory} from './wire/reply-memory.ts';
import type {ServerCookies} from './wire/server-cookies.ts';
import {SOA_POINTERS} from './zone/apex.ts';
import {ANSWER_HEADER_BYTES} from './zone/encode-group.ts';
import type {Explainer} from './zone/explainer.ts';
import {findAnswer, hasAnswers, nextTurn, staleAtSeconds, takeTurn} from './zone/zone-table.ts';
import type {ZoneTable} from './zone/zone-table.ts';

export interface ResponderOptions {
  readonly zone: WireName;
  readonly table: ZoneTable;
  readonly counters: Counters;
  readonly explainer: Explainer;
  readonly ttlSeconds: number;
  readonly nowMs: () => number;
  /** Left out: cookies are ignored. */
  readonly cookies?: ServerCookies | undefined;
  /** Over UDP, who sends a cookie of its own without one of ours is told to come again with it (RFC 7873 §5.2.3). */
  readonly requireCookies?: boolean;
  /** Somebody else answers for names outside the zone; without it they are REFUSED. */
  readonly forwards?: boolean;
  /** Where answers over UDP are written; each is good until the next. Left out: each has memory of its own. */
  readonly replies?: ReplyMemory;
}

const FLAG_QR = 0x80;
const FLAG_AA = 0x04;
const FLAG_OPCODE_AND_RD = 0x79;
const FLAG_RD = 0x01;
/** In the octet behind those. */
const FLAG_RA = 0x80;

const STALENESS_BOUND_SECONDS = STALENESS_BOUND_MS / 1000;
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
  readonly #explainer: Explainer;
  readonly #budget = new WhyBudget();
  readonly #proofBudget = new WhyBudget();
  readonly #nowMs: () => number;
  readonly #query = new QueryReader();
  readonly #hinfo: Buffer;
  readonly #requireCookies: boolean;
  readonly #forwards: boolean;
  readonly #replies: ReplyMemory | undefined;
  /** False until the first synced view: then every name of the zone is SERVFAIL, because nobody knows yet what exists. */
  synced = false;
  /**
   * When the zone that is served was last known to be true, ms since the epoch, where that is a while ago: it comes from a file, or
   * nothing was heard of the API server since. 0: it is live.
   */
  oldSinceMs = 0;
  /** The query that `respond` gave no answer to is for the upstream. */
  isForUpstream = false;

  /** RA: names outside the zone are looked up for this client (RFC 1035 §4.1.1). */
  #offersRecursion = false;

  // The answer under construction: fields instead of an object, so that a query allocates nothing but its reply.
  #rcode = 0;
  #authoritative = false;
  readonly #extendedError = new ExtendedErrorOption();
  readonly #edns: EdnsReply;
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
    this.#explainer = options.explainer;
    this.#nowMs = options.nowMs;
    this.#hinfo = minimalAny(options.ttlSeconds);
    this.#edns = new EdnsReply(options.cookies, this.#extendedError);
    this.#requireCookies = options.requireCookies ?? false;
    this.#forwards = options.forwards ?? false;
    this.#replies = options.replies;
  }

  /** Of the answer that was made last. */
  get rcode(): number {
    return this.#rcode;
  }

  /** The client of the query that was read last has shown that it receives what is sent to its address. */
  get hasValidCookie(): boolean {
    return this.#edns.hasValidCookie;
  }

  /**
   * @param message - the query, without the length that TCP puts before it
   * @param client - the address it came from; explanations are for private ones alone
   * @returns the answer, for TCP with its length before it; undefined: nothing is to be sent, or,
   *   see `isForUpstream`, by somebody else
   */
  respond(message: Buffer, transport: Transport, client?: string): Buffer | undefined {
    this.isForUpstream = false;
    const read = this.#query.read(message);
    if (read === DROP) {
      this.#counters.add(Counter.droppedMalformed);
      return undefined;
    }
    this.#edns.begin(message, this.#query, client);
    this.#offersRecursion = this.#forwards && isPrivateSource(client);
    this.#begin(read);
    if (read === Rcode.NOERROR && this.#mayAsk(transport)) this.#decide(message, client);
    if (this.isForUpstream) return undefined;
    return this.#write(message, transport);
  }

  /** What is sent over UDP to who asks too much: come again over TCP, where nobody forges his address. */
  truncated(message: Buffer): Buffer {
    this.#begin(Rcode.NOERROR);
    return this.#write(message, 'udp', true);
  }

  #begin(rcode: number): void {
    this.#rcode = rcode;
    this.#authoritative = false;
    this.#slab = NO_RECORDS;
    this.#at = 0;
    this.#negative = false;
  }

  /** @returns false: there is nothing to look up, and the rcode says why */
  #mayAsk(transport: Transport): boolean {
    const {hasCookie, hasValidCookie} = this.#edns;
    if (this.#requireCookies && transport === 'udp' && hasCookie && !hasValidCookie) this.#rcode = Rcode.BADCOOKIE;
    // Without a question only a cookie was asked for.
    return this.#rcode === Rcode.NOERROR && this.#query.questionEnd > HEADER_BYTES;
  }

  #decide(message: Buffer, client: string | undefined): void {
    const {class: queryClass, type, name, nameLength} = this.#query;
    if (queryClass !== CLASS_IN) {
      this.#refuse(ExtendedError.NOT_SUPPORTED);
      return;
    }
    const exists = this.#table.find(name, nameLength);
    if (!exists && !this.#isInZone(name, nameLength)) this.#decideOutside(message);
    else if (type === Type.OPT) this.#rcode = Rcode.FORMERR;
    else if (type === Type.AXFR || type === Type.IXFR) this.#refuse(ExtendedError.PROHIBITED);
    else if (isMetaType(type) && type !== Type.ANY) {
      this.#rcode = Rcode.NOTIMP;
      this.#extendedError.set(ExtendedError.NOT_SUPPORTED);
    } else if (!this.synced) {
      this.#rcode = Rcode.SERVFAIL;
      this.#extendedError.set(ExtendedError.NOT_READY);
    } else if (exists) this.#lookUp(type);
    else if (isWhyName(name, nameLength)) this.#explain(type, client);
    else this.#deny();
  }

  /**
   * Never an open resolver: only for private sources, and only where the client asks for recursion. Without that it asks what
   * this server knows by itself (RFC 1035 §4.1.1), which of other zones is nothing.
   */
  #decideOutside(message: Buffer): void {
    const isAsked = (message[2]! & FLAG_RD) !== 0 && isForwarded(this.#query.type);
    if (isAsked && this.#offersRecursion) this.isForUpstream = true;
    else this.#refuse(ExtendedError.NOT_AUTHORITATIVE);
  }

  #refuse(extendedError: number): void {
    this.#rcode = Rcode.REFUSED;
    this.#extendedError.set(extendedError);
  }

  /** Nothing of that name exists, or did when the data was written (RFC 8914 code 19). */
  #deny(): void {
    this.#rcode = Rcode.NXDOMAIN;
    this.#authoritative = true;
    if (this.oldSinceMs > 0) this.#extendedError.set(ExtendedError.STALE_NXDOMAIN, this.#ageSeconds());
    this.#answerNegative();
  }

  #lookUp(type: number): void {
    this.#authoritative = true;
    const {slab, at} = this.#table;
    this.#markStale(staleAtSeconds(slab, at));
    this.#slab = slab;
    this.#at = takeTurn(slab, findAnswer(slab, at, type));
    if (this.#at > 0) return;
    if (type === Type.ANY && hasAnswers(slab, at)) this.#slab = this.#hinfo;
    else this.#answerNegative();
  }

  #markStale(staleAt: number): void {
    if (this.oldSinceMs > 0) {
      this.#extendedError.set(ExtendedError.STALE_ANSWER, this.#ageSeconds());
    } else if (staleAt > 0) {
      const past = this.#nowMs() / 1000 - staleAt;
      if (past >= 0) this.#extendedError.set(ExtendedError.STALE_ANSWER, past + STALENESS_BOUND_SECONDS);
    }
  }

  #ageSeconds(): number {
    return Math.max(0, (this.#nowMs() - this.oldSinceMs) / 1000);
  }

  /**
   * `_why.<service>.<namespace>.svc.<zone>`. Others than private sources are refused before anything is looked up: also NXDOMAIN
   * would tell them which services there are.
   */
  #explain(type: number, client: string | undefined): void {
    const {name, nameLength} = this.#query;
    const nonce = proofNonceOf(name, nameLength, this.#zone.length);
    if (nonce !== undefined) {
      // To everybody: nodes that ask for their pods may have public addresses, and it tells nothing of the clusterset.
      this.#tell(type, this.#proofBudget, () => [proofText(nonce)]);
      return;
    }
    if (!isPrivateSource(client)) {
      this.#refuse(ExtendedError.PROHIBITED);
      return;
    }
    const facts = this.#table.findFacts(name, WHY_BYTES, nameLength - WHY_BYTES);
    const service = facts && serviceOf(name, nameLength);
    if (!service) {
      this.#deny();
      return;
    }
    const nowMs = this.#nowMs();
    const about = {...service, nowMs, oldSinceMs: this.oldSinceMs};
    this.#tell(type, this.#budget, () => this.#explainer.explain(facts, about));
  }

  #tell(type: number, budget: WhyBudget, texts: () => readonly string[]): void {
    if (type !== Type.TXT) {
      this.#authoritative = true;
      this.#answerNegative();
    } else if (budget.take(this.#nowMs())) {
      this.#authoritative = true;
      this.#slab = textAnswer(texts());
    } else {
      this.#rcode = Rcode.SERVFAIL;
      this.#extendedError.set(ExtendedError.OTHER);
    }
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

  #write(message: Buffer, transport: Transport, isTruncated = false): Buffer {
    const query = this.#query;
    const limit = answerLimit(query, transport);
    let optBytes = this.#edns.bytes;
    const truncated = this.#fit(query.questionEnd + optBytes, limit) || isTruncated;
    let size = query.questionEnd + this.#recordBytes + this.#extraBytes + optBytes;
    if (transport === 'tls') {
      const padding = this.#edns.pad(size, limit);
      size += padding;
      optBytes += padding;
    }
    const start = transport === 'udp' ? 0 : 2;
    const reply =
      start === 0 && this.#replies !== undefined ? this.#replies.take(size) : Buffer.allocUnsafe(start + size);
    if (start > 0) putU16(reply, 0, size);
    copy(message, 0, reply, start, query.questionEnd);
    reply[start + 2] =
      FLAG_QR | (message[2]! & FLAG_OPCODE_AND_RD) | (this.#authoritative ? FLAG_AA : 0) | (truncated ? FLAG_TC : 0);
    reply[start + 3] = (this.#offersRecursion ? FLAG_RA : 0) | (this.#rcode & 0xf);
    this.#writeCounts(reply, start, optBytes > 0);
    if (this.#recordBytes > 0) this.#writeRecords(reply, start);
    this.#edns.write(reply, start + size - optBytes, this.#rcode);
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
    const from = this.#at + ANSWER_HEADER_BYTES;
    const turned = this.#turnedBytes();
    copy(this.#slab, from + turned, reply, at, this.#recordBytes + this.#extraBytes - turned);
    if (turned > 0) copy(this.#slab, from, reply, at + this.#recordBytes - turned, turned);
    if (!this.#negative) return;
    // The SOA's names end in the zone's name: here that is the last part of the question's.
    const pointer = POINTER_BITS | (HEADER_BYTES + this.#query.nameLength - this.#zone.length);
    for (const offset of SOA_POINTERS) putU16(reply, at + offset, pointer);
  }

  /** How many octets of records go to the end: of several equal addresses each stands first in turn. */
  #turnedBytes(): number {
    const count = u16(this.#slab, this.#at + 2);
    const type = u16(this.#slab, this.#at);
    if (count < 2 || (type !== Type.A && type !== Type.AAAA)) return 0;
    return nextTurn(this.#slab, this.#at, count) * (this.#recordBytes / count);
  }
}

/** Outside the zone, what stands for records of one type (RFC 6895 §3.1). */
function isForwarded(type: number): boolean {
  return type !== Type.OPT && !isMetaType(type);
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
