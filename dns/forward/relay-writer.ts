import {ExtendedErrorOption} from '../extended-error.ts';
import type {CachedAnswer} from './answer-cache.ts';
import {EdnsReply} from '../wire/edns-reply.ts';
import {FLAG_TC} from '../wire/codes.ts';
import {answerLimit, QueryReader} from '../wire/query-reader.ts';
import type {Transport} from '../wire/query-reader.ts';
import type {ServerCookies} from '../wire/server-cookies.ts';

const FLAG_QR = 0x80;
const FLAG_RD = 0x01;
const FLAG_RA = 0x80;
const FLAG_CD = 0x10;
/** RFC 8767 §4. */
const STALE_TTL_SECONDS = 30;

/** A query that waits for what an upstream says. */
export interface ForwardedQuery {
  readonly message: Buffer;
  readonly transport: Transport;
  /** The address it came from. */
  readonly client: string | undefined;
  /** Takes the answer, but for UDP with its length before it. */
  readonly send: (reply: Buffer, rcode: number) => void;
}

/** Either an answer of an upstream, or an rcode of our own. */
export interface Relayed {
  readonly answer?: CachedAnswer | undefined;
  readonly rcode: number;
  /** RFC 8914. */
  readonly extendedError?: number;
  readonly isStale?: boolean;
}

/** Puts the records that an upstream sent into the answer to a client's own query. */
export class RelayWriter {
  readonly #query = new QueryReader();
  readonly #extendedError = new ExtendedErrorOption();
  readonly #edns: EdnsReply;

  constructor(cookies: ServerCookies | undefined) {
    this.#edns = new EdnsReply(cookies, this.#extendedError);
  }

  /** @returns the answer, but for UDP with its length before it; its TTLs are what is left of them (RFC 1035 §3.2.1) */
  write({message, transport, client}: ForwardedQuery, relayed: Relayed, nowMs: number): Buffer {
    this.#query.read(message);
    this.#edns.begin(message, this.#query, client);
    if (relayed.extendedError !== undefined) {
      const {answer, isStale = false} = relayed;
      this.#extendedError.set(relayed.extendedError, isStale && answer ? (nowMs - answer.storedMs) / 1000 : -1);
    }
    const limit = answerLimit(this.#query, transport);
    const fits = this.#size(relayed) <= limit;
    const unpadded = fits ? this.#size(relayed) : this.#size({rcode: relayed.rcode});
    const size = unpadded + (transport === 'tls' ? this.#edns.pad(unpadded, limit) : 0);
    const start = transport === 'udp' ? 0 : 2;
    const reply = Buffer.alloc(start + size);
    if (start > 0) reply.writeUInt16BE(size, 0);
    this.#writeHeader(reply.subarray(start), message, relayed, fits);
    if (fits) this.#writeRecords(reply.subarray(start), relayed, nowMs);
    this.#edns.write(reply, start + size - this.#edns.bytes, relayed.rcode);
    return reply;
  }

  #size({answer}: Relayed): number {
    const {questionEnd} = this.#query;
    return questionEnd + (answer ? answer.facts.recordsEnd - questionEnd : 0) + this.#edns.bytes;
  }

  /** Not authoritative, and not checked: AA and AD stay away whatever the upstream said. */
  #writeHeader(reply: Buffer, message: Buffer, {rcode, answer}: Relayed, fits: boolean): void {
    message.copy(reply, 0, 0, this.#query.questionEnd);
    reply[2] = FLAG_QR | (message[2]! & FLAG_RD) | (fits ? 0 : FLAG_TC);
    reply[3] = FLAG_RA | (message[3]! & FLAG_CD) | (rcode & 0xf);
    const {answers = 0, authorities = 0, additionals = 0} = (fits && answer?.facts) || {};
    reply.writeUInt16BE(answers, 6);
    reply.writeUInt16BE(authorities, 8);
    reply.writeUInt16BE(additionals + (this.#edns.bytes > 0 ? 1 : 0), 10);
  }

  /** The question is as long as the upstream's copy of it, so that compression pointers still lead where they did. */
  #writeRecords(reply: Buffer, {answer, isStale}: Relayed, nowMs: number): void {
    if (!answer) return;
    answer.message.copy(reply, this.#query.questionEnd, this.#query.questionEnd, answer.facts.recordsEnd);
    const ageSeconds = Math.floor((nowMs - answer.storedMs) / 1000);
    const {ttlOffsets, ttls} = answer.facts;
    ttlOffsets.forEach((at, i) => {
      reply.writeUInt32BE(isStale ? STALE_TTL_SECONDS : Math.max(0, ttls[i]! - ageSeconds), at);
    });
  }
}
