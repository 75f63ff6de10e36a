import type {ExtendedErrorOption} from '../extended-error.ts';
import {ClientAddress} from './client-address.ts';
import {EDNS_UDP_BYTES, Option, Type} from './codes.ts';
import type {QueryReader} from './query-reader.ts';
import {COOKIE_BYTES} from './server-cookies.ts';
import type {ServerCookies} from './server-cookies.ts';

const OPT_BYTES = 11;
const OPTION_HEADER_BYTES = 4;

/**
 * The OPT record of an answer: none to a query without one (RFC 6891 §7), else our own size, the upper bits of the rcode, a
 * cookie to who showed one, and the extended error. One query at a time: `begin`, then `bytes` and `write`.
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
    this.hasCookie = query.cookieLength > 0 && this.#cookies !== undefined && client !== undefined;
    if (this.hasCookie) this.#readCookie(message, query, client!);
  }

  /** Octets that `write` writes. */
  get bytes(): number {
    return this.#hasEdns ? OPT_BYTES + this.#optionBytes() : 0;
  }

  /** RFC 6891 §6.1.2: our own size, the upper bits of the rcode, version 0, no flags. */
  write(reply: Buffer, at: number, rcode: number): void {
    if (!this.#hasEdns) return;
    reply[at] = 0;
    putU16(reply, at + 1, Type.OPT);
    putU16(reply, at + 3, EDNS_UDP_BYTES);
    putU16(reply, at + 5, (rcode >> 4) << 8);
    putU16(reply, at + 7, 0);
    putU16(reply, at + 9, this.#optionBytes());
    this.#extendedError.write(reply, this.hasCookie ? this.#writeCookie(reply, at + OPT_BYTES) : at + OPT_BYTES);
  }

  #readCookie(message: Uint8Array, query: QueryReader, client: string): void {
    this.#client.read(client);
    this.#message = message;
    this.#cookieAt = query.cookieAt;
    this.hasValidCookie = this.#cookies!.isValid(message, query.cookieAt, query.cookieLength, this.#client);
    this.#repeats = this.hasValidCookie && this.#cookies!.isFresh;
  }

  #optionBytes(): number {
    return this.#extendedError.bytes + (this.hasCookie ? OPTION_HEADER_BYTES + COOKIE_BYTES : 0);
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
