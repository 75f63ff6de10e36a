import {timingSafeEqual} from 'node:crypto';
import type {ClientAddress} from './client-address.ts';
import {SipHash} from './sip-hash.ts';

export const CLIENT_COOKIE_BYTES = 8;
/** Both cookies, as every answer has them (RFC 9018 §4). */
export const COOKIE_BYTES = 24;

const VERSION = 1;
/** Version, three reserved octets, and the time. */
const HASH_AT = 16;
const HASH_BYTES = 8;
/** RFC 9018 §4.3, in seconds: known for an hour, but given out anew after half of that. */
const MAX_AGE = 3600;
const RENEW_AGE = 1800;
const MAX_AHEAD = 300;

/**
 * Server cookies in the form that servers of several makers share (RFC 9018), so that any replica knows the cookie of any
 * other one with the same secret. Keeps no client in mind.
 */
export class ServerCookies {
  readonly #nowMs: () => number;
  #hashes: readonly SipHash[];
  /** The cookie that was looked at last was made with the first secret and is young: the answer may repeat it. */
  isFresh = false;
  /** What is hashed: client cookie, version, reserved, time, the client's address. */
  readonly #input = Buffer.alloc(CLIENT_COOKIE_BYTES + 8 + 16);
  readonly #expected = Buffer.alloc(HASH_BYTES);
  readonly #given = Buffer.alloc(HASH_BYTES);

  /** @param secrets - 16 octets each; the first signs, all of them are known (RFC 9018 §5) */
  constructor(secrets: readonly Uint8Array[], nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#hashes = secrets.map((secret) => new SipHash(secret));
  }

  replaceSecrets(secrets: readonly Uint8Array[]): void {
    this.#hashes = secrets.map((secret) => new SipHash(secret));
  }

  /**
   * Whether the client has shown a cookie that this server gave to its address within the last hour.
   *
   * @param at - where the option's content begins in the message
   */
  isValid(message: Uint8Array, at: number, length: number, client: ClientAddress): boolean {
    this.isFresh = false;
    if (length !== COOKIE_BYTES || message[at + CLIENT_COOKIE_BYTES] !== VERSION) return false;
    const input = this.#input;
    for (let i = 0; i < HASH_AT; i++) input[i] = message[at + i]!;
    for (let i = 0; i < HASH_BYTES; i++) this.#given[i] = message[at + HASH_AT + i]!;
    // Serial arithmetic: the number wraps in 2106 (RFC 1982).
    const age = (Math.floor(this.#nowMs() / 1000) - input.readUInt32BE(12)) | 0;
    if (age > MAX_AGE || age < -MAX_AHEAD) return false;
    for (let i = 0; i < this.#hashes.length; i++) {
      this.#hash(this.#hashes[i]!, client);
      if (!timingSafeEqual(this.#expected, this.#given)) continue;
      this.isFresh = i === 0 && age >= 0 && age < RENEW_AGE;
      return true;
    }
    return false;
  }

  /** Writes the client's cookie of a query and a fresh one of this server: 24 octets. */
  write(into: Buffer, at: number, message: Uint8Array, cookieAt: number, client: ClientAddress): void {
    const input = this.#input;
    for (let i = 0; i < CLIENT_COOKIE_BYTES; i++) input[i] = message[cookieAt + i]!;
    input.writeUInt32BE(VERSION << 24, CLIENT_COOKIE_BYTES);
    input.writeUInt32BE(Math.floor(this.#nowMs() / 1000) >>> 0, CLIENT_COOKIE_BYTES + 4);
    this.#hash(this.#hashes[0]!, client);
    input.copy(into, at, 0, HASH_AT);
    this.#expected.copy(into, at + HASH_AT);
  }

  #hash(hash: SipHash, client: ClientAddress): void {
    for (let i = 0; i < client.length; i++) this.#input[HASH_AT + i] = client.bytes[i]!;
    hash.write(this.#input, HASH_AT + client.length, this.#expected, 0);
  }
}
