import type {ExtendedErrorOption} from '../extended-error.ts';
import {ClientAddress} from './client-address.ts';
import {EDNS_UDP_BYTES, Option, Type} from './codes.ts';
import type {QueryReader} from './query-reader.ts';
import {COOKIE_BYTES} from './server-cookies.ts';
import type {ServerCookies} from './server-cookies.ts';

const OPT_BYTES = 11;
const OPTION_HEADER_BYTES = 4;
/** Answers have a multiple of so many octets (RFC 8467 §4.1). */
const PADDED_BYTES = 468;
const DNSSEC_OK = 0x8000;

/**
 * The OPT record of an answer: none to a query without one (RFC 6891 §7), else our own size, the upper bits of the rcode, a
 * cookie to who showed one, the extended error, and padding. One query at a time: `begin`, perhaps `pad`, then `bytes` and `write`.
 */
export class EdnsReply {
  readonly #cookies: ServerCookies | undefined;
  readonly #extendedError: ExtendedErrorOption;
  readonly #client = new ClientAddress();
  /** The client sent a cookie of its own. */
  hasCookie = false;
  /** The client has shown that it receives what is sent to its address. */
  hasValidCookie = false;
  #message: Uint8Array = Buffer.alloc(0);
  #cookieAt = 0;
  #hasEdns = false;
  #repeats = false;
  #dnssecOk = false;
  #wantsPadding = false;
  /** Octets of the option, its header included; 0: there is none. */
  #padding = 0;

  /** @param cookies - without them COOKIE is an option that nobody knows, and is ignored */
  constructor(cookies: ServerCookies | undefined, extendedError: ExtendedErrorOption) {
    this.#cookies = cookies;
    this.#extendedError = extendedError;
  }

  /** @param client - the address that the query came from, as Node gives it; undefined: it went away in the meantime */
  begin(message: Uint8Array, query: QueryReader, client: string | undefined): void {
    this.#extendedError.clear();
    this.hasValidCookie = false;
    this.#hasEdns = query.hasEdns;
    this.#dnssecOk = query.dnssecOk;
    this.#wantsPadding = query.wantsPadding;
    this.#padding = 0;
    this.hasCookie = query.cookieLength > 0 && this.#cookies !== undefined && client !== undefined;
    if (this.hasCookie) this.#readCookie(message, query, client!);
  }

  /**
   * Hides what the answer is by making it as long as others, for who pads in its turn (RFC 7830 §4). Only where nobody else can read it.
   *
   * @param size - of the whole answer without padding
   * @param limit - that it may have
   * @returns by how much it grows
   */
  pad(size: number, limit: number): number {
    if (!this.#wantsPadding || size + OPTION_HEADER_BYTES > limit) return 0;
    const padded = Math.ceil((size + OPTION_HEADER_BYTES) / PADDED_BYTES) * PADDED_BYTES;
    this.#padding = Math.min(padded, limit) - size;
    return this.#padding;
  }

  /** Octets that `write` writes. */
  get bytes(): number {
    return this.#hasEdns ? OPT_BYTES + this.#optionBytes() : 0;
  }

  /** RFC 6891 §6.1.2: our own size, the upper bits of the rcode, version 0, and DO as the query has it (RFC 3225 §3). */
  write(reply: Buffer, at: number, rcode: number): void {
    if (!this.#hasEdns) return;
    reply[at] = 0;
    putU16(reply, at + 1, Type.OPT);
    putU16(reply, at + 3, EDNS_UDP_BYTES);
    putU16(reply, at + 5, (rcode >> 4) << 8);
    putU16(reply, at + 7, this.#dnssecOk ? DNSSEC_OK : 0);
    putU16(reply, at + 9, this.#optionBytes());
    const end = this.#extendedError.write(
      reply,
      this.hasCookie ? this.#writeCookie(reply, at + OPT_BYTES) : at + OPT_BYTES,
    );
    if (this.#padding > 0) this.#writePadding(reply, end);
  }

  #readCookie(message: Uint8Array, query: QueryReader, client: string): void {
    this.#client.read(client);
    this.#message = message;
    this.#cookieAt = query.cookieAt;
    this.hasValidCookie = this.#cookies!.isValid(message, query.cookieAt, query.cookieLength, this.#client);
    this.#repeats = this.hasValidCookie && this.#cookies!.isFresh;
  }

  #optionBytes(): number {
    return this.#extendedError.bytes + (this.hasCookie ? OPTION_HEADER_BYTES + COOKIE_BYTES : 0) + this.#padding;
  }

  #writePadding(reply: Buffer, at: number): void {
    putU16(reply, at, Option.PADDING);
    putU16(reply, at + 2, this.#padding - OPTION_HEADER_BYTES);
    reply.fill(0, at + OPTION_HEADER_BYTES, at + this.#padding);
  }

  /** @returns where it ends */
  #writeCookie(reply: Buffer, at: number): number {
    putU16(reply, at, Option.COOKIE);
    putU16(reply, at + 2, COOKIE_BYTES);
    const contentAt = at + OPTION_HEADER_BYTES;
    if (this.#repeats) {
      for (let i = 0; i < COOKIE_BYTES; i++) reply[contentAt + i] = this.#message[this.#cookieAt + i]!;
    } else {
      this.#cookies!.write(reply, contentAt, this.#message, this.#cookieAt, this.#client);
    }
    return contentAt + COOKIE_BYTES;
  }
}

function putU16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}
