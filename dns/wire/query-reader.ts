import {EDNS_UDP_BYTES, HEADER_BYTES, Option, PLAIN_UDP_BYTES, Rcode, Type} from './codes.ts';

/** Nothing is answered: an answer could only feed a loop or a reflection. */
export const DROP = -1;

const QR = 0x80;
const OPCODE = 0x78;
const MAX_NAME = 255;
const MAX_LABEL = 63;
const MAX_TCP_BYTES = 65_535;
/** Root name, type, class, TTL and length of an OPT record (RFC 6891 §6.1.2). */
const OPT_FIXED = 11;
const CLIENT_COOKIE_BYTES = 8;
/** A client's cookie and a server's (RFC 7873 §4). */
const MIN_BOTH_COOKIES = 16;
const MAX_BOTH_COOKIES = 40;

/** By octet. A look-up costs less than half of two comparisons, and names are most of a query. */
const LOWER_CASE = Uint8Array.from({length: 256}, (_, octet) => octet + (octet >= 0x41 && octet <= 0x5a ? 0x20 : 0));

/**
 * Reads a query: one question and at most one OPT record, nothing else. The fields hold the query read last, so that
 * reading allocates nothing; they mean something only as far as `read` came.
 */
export class QueryReader {
  /** The name, lower-cased for looking up, in the first `nameLength` octets. The answer echoes the question's own octets. */
  readonly name = Buffer.alloc(MAX_NAME);
  nameLength = 0;
  type = 0;
  class = 0;
  /** Where the question ends; the end of the header where it could not be read. */
  questionEnd = HEADER_BYTES;
  hasEdns = false;
  /** The client's UDP payload size as it said it, not yet capped. */
  udpBytes = PLAIN_UDP_BYTES;
  /** Where the COOKIE option's content begins, and its length; 0: there is none. */
  cookieAt = 0;
  cookieLength = 0;
  /** The client understands DNSSEC records (RFC 3225). */
  dnssecOk = false;
  /** The client pads, and wants the answer padded where nobody but it can read it (RFC 7830). */
  wantsPadding = false;

  /** @returns `DROP`, or the rcode to answer with; NOERROR: the query was read whole */
  read(message: Uint8Array): number {
    this.questionEnd = HEADER_BYTES;
    this.hasEdns = false;
    this.udpBytes = PLAIN_UDP_BYTES;
    this.cookieLength = 0;
    this.dnssecOk = false;
    this.wantsPadding = false;
    if (message.length < HEADER_BYTES) return DROP;
    const flags = message[2]!;
    // Answering an answer is how two servers are made to talk to each other for ever.
    if ((flags & QR) !== 0) return DROP;
    if ((flags & OPCODE) !== 0) return Rcode.NOTIMP;
    // RFC 9619: a query has at most one question.
    if (message[4] !== 0 || message[5]! > 1) return Rcode.FORMERR;
    if (message[5] === 0) return this.#readCookieRequest(message);
    if (!this.#readQuestion(message)) return Rcode.FORMERR;
    // An IXFR carries a SOA record; transfers are refused whatever else they say.
    if (this.type === Type.AXFR || this.type === Type.IXFR) return Rcode.NOERROR;
    return this.#readRest(message);
  }

  /** RFC 7873 §5.4: without a question, a cookie may be asked for, and nothing else. */
  #readCookieRequest(message: Uint8Array): number {
    const rcode = this.#readRest(message);
    return rcode === Rcode.NOERROR && this.cookieLength === 0 ? Rcode.FORMERR : rcode;
  }

  #readQuestion(message: Uint8Array): boolean {
    let at = HEADER_BYTES;
    for (;;) {
      const length = message[at];
      // Compression pointers (0xC0) and the other two kinds have no place in a question: 63 is the most.
      if (length === undefined || length > MAX_LABEL) return false;
      at += 1 + length;
      if (at > message.length || at - HEADER_BYTES > MAX_NAME) return false;
      if (length === 0) break;
    }
    // Length octets are under every letter, so that the whole name can be lower-cased in one go.
    const name = this.name;
    for (let i = HEADER_BYTES; i < at; i++) name[i - HEADER_BYTES] = LOWER_CASE[message[i]!]!;
    if (at + 4 > message.length) return false;
    this.nameLength = at - HEADER_BYTES;
    this.type = (message[at]! << 8) | message[at + 1]!;
    this.class = (message[at + 2]! << 8) | message[at + 3]!;
    this.questionEnd = at + 4;
    return true;
  }

  #readRest(message: Uint8Array): number {
    const counts = message[6]! | message[7]! | message[8]! | message[9]! | message[10]!;
    const additional = message[11]!;
    // Answers or authorities in a query; two OPT records (RFC 6891 §6.1.1).
    if (counts !== 0 || additional > 1) return Rcode.FORMERR;
    if (additional === 1) return this.#readOpt(message, this.questionEnd);
    return this.questionEnd === message.length ? Rcode.NOERROR : Rcode.FORMERR;
  }

  #readOpt(message: Uint8Array, at: number): number {
    if (at + OPT_FIXED > message.length || message[at] !== 0) return Rcode.FORMERR;
    if (((message[at + 1]! << 8) | message[at + 2]!) !== Type.OPT) return Rcode.FORMERR;
    const length = (message[at + 9]! << 8) | message[at + 10]!;
    if (at + OPT_FIXED + length !== message.length) return Rcode.FORMERR;
    this.hasEdns = true;
    this.udpBytes = (message[at + 3]! << 8) | message[at + 4]!;
    this.dnssecOk = (message[at + 7]! & 0x80) !== 0;
    // Options mean what their version says: those of another one are not looked at.
    if (message[at + 6] !== 0) return Rcode.BADVERS;
    return this.#readOptions(message, at + OPT_FIXED) ? Rcode.NOERROR : Rcode.FORMERR;
  }

  /** Options that nobody here knows are ignored (RFC 6891 §6.1.2), but their lengths must add up. */
  #readOptions(message: Uint8Array, start: number): boolean {
    let at = start;
    while (at < message.length) {
      if (at + 4 > message.length) return false;
      const length = (message[at + 2]! << 8) | message[at + 3]!;
      // Of several cookies the first counts (RFC 7873 §5.2).
      if (message[at] === 0 && message[at + 1] === Option.COOKIE && this.cookieLength === 0) {
        if (!isCookieLength(length)) return false;
        this.cookieAt = at + 4;
        this.cookieLength = length;
      }
      if (message[at] === 0 && message[at + 1] === Option.PADDING) this.wantsPadding = true;
      at += 4 + length;
    }
    if (at === message.length) return true;
    this.cookieLength = 0;
    return false;
  }
}

function isCookieLength(length: number): boolean {
  return length === CLIENT_COOKIE_BYTES || (length >= MIN_BOTH_COOKIES && length <= MAX_BOTH_COOKIES);
}

/** What the answer goes over; `tls` stands for everything that is encrypted, HTTPS too. */
export type Transport = 'udp' | 'tcp' | 'tls';

/** The most octets that the answer to this query may have. */
export function answerLimit(query: QueryReader, transport: Transport): number {
  if (transport !== 'udp') return MAX_TCP_BYTES;
  if (!query.hasEdns) return PLAIN_UDP_BYTES;
  return Math.min(Math.max(query.udpBytes, PLAIN_UDP_BYTES), EDNS_UDP_BYTES);
}
