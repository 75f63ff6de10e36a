import {HEADER_BYTES, Type} from './codes.ts';

const MAX_LABEL = 63;
const MAX_NAME = 255;
const POINTER = 0xc0;
/** As many as a name can have labels; who writes pointers that lead to pointers saves nothing. */
const MAX_POINTERS = 127;

/** What is known of RDATA that has names: octets before them, how many there are, octets behind them (-1: any number). */
type Shape = readonly [before: number, names: number, after: number];

const ONE_NAME: Shape = [0, 1, 0];

/**
 * RDATA with names that a reader follows, compressed or not (RFC 1035 §3.3, RFC 3597 §4, RFC 2782, 4034, 6672, 9460). Everything
 * else is octets to everybody (RFC 3597 §3).
 */
const SHAPES: ReadonlyMap<number, Shape> = new Map([
  // NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME.
  ...[Type.NS, 3, 4, 5, 7, 8, 9, 12, 39].map((type): [number, Shape] => [type, ONE_NAME]),
  [Type.SOA, [0, 2, 20]],
  // MINFO, RP, and TALINK.
  ...[14, 17, 58].map((type): [number, Shape] => [type, [0, 2, 0]]),
  // MX, AFSDB, RT, KX, LP.
  ...[15, 18, 21, 36, 107].map((type): [number, Shape] => [type, [2, 1, 0]]),
  // PX.
  [26, [2, 2, 0]],
  [Type.SRV, [6, 1, 0]],
  // SIG and RRSIG; NXT and NSEC; SVCB and HTTPS.
  ...[24, 46].map((type): [number, Shape] => [type, [18, 1, -1]]),
  ...[30, 47].map((type): [number, Shape] => [type, [0, 1, -1]]),
  ...[64, 65].map((type): [number, Shape] => [type, [2, 1, -1]]),
  [Type.A, [4, 0, 0]],
  [Type.AAAA, [16, 0, 0]],
]);

const NAPTR = 35;
/** Order and preference, then flags, services and a regular expression as strings, then the name (RFC 3403 §4.1). */
const NAPTR_STRINGS_AT = 4;
const NAPTR_STRINGS = 3;

/**
 * Reads the names of one message, first to last, and knows them again: a compression pointer is right only where it leads to a label
 * of a name that stands before it (RFC 1035 §4.1.4). So no name leads round in circles, none has more than 255 octets with all that it
 * points to, and none runs over octets that are no name, such as TTLs, which are others when the message is passed on. Each octet is
 * read once, whatever the pointers are.
 */
export class NameWalk {
  readonly #message: Buffer;
  /** By offset of a label: octets of the name that begins there. 0: no name does. */
  readonly #lengths: Uint8Array;
  /** By offset of a label: how many pointers it takes to read that name. */
  readonly #pointers: Uint8Array;

  constructor(message: Buffer) {
    this.#message = message;
    this.#lengths = new Uint8Array(message.length);
    this.#pointers = new Uint8Array(message.length);
  }

  /** @returns where the name at `start` ends; -1: it is broken */
  readName(start: number): number {
    const message = this.#message;
    let at = start;
    for (;;) {
      const length = message[at];
      if (length === undefined || at - start >= MAX_NAME) return -1;
      if (length === 0) return this.#learn(start, at, 1) ? at + 1 : -1;
      if (length >= POINTER) return this.#readPointer(start, at) ? at + 2 : -1;
      if (length > MAX_LABEL) return -1;
      at += 1 + length;
    }
  }

  /** @returns whether the names in a record's data are whole, and all of it is what its type says */
  readData(type: number, start: number, end: number): boolean {
    if (type === NAPTR) return this.#readNaptr(start, end);
    const shape = SHAPES.get(type);
    if (!shape) return true;
    const [before, names, after] = shape;
    let at = start + before;
    for (let left = names; left > 0 && at >= 0; left--) at = at < end ? this.readName(at) : -1;
    return at >= 0 && (after < 0 ? at <= end : at + after === end);
  }

  #readNaptr(start: number, end: number): boolean {
    let at = start + NAPTR_STRINGS_AT;
    for (let left = NAPTR_STRINGS; left > 0 && at < end; left--) at += 1 + this.#message[at]!;
    return at < end && this.readName(at) === end;
  }

  #readPointer(start: number, at: number): boolean {
    if (at + 2 > this.#message.length) return false;
    const target = ((this.#message[at]! & 0x3f) << 8) | this.#message[at + 1]!;
    // What has a length was read before, so it stands before, and the name so far is not yet among it.
    const length = target >= HEADER_BYTES && target < start ? this.#lengths[target]! : 0;
    const pointers = this.#pointers[target]! + 1;
    return length > 0 && pointers <= MAX_POINTERS && this.#learn(start, at, length, pointers);
  }

  /** @param length - of the part of the name that begins at `end`, a label or a pointer, with all that it leads to */
  #learn(start: number, end: number, length: number, pointers = 0): boolean {
    if (end - start + length > MAX_NAME) return false;
    for (let at = start; at <= end; at += 1 + this.#message[at]!) {
      this.#lengths[at] = end - at + length;
      this.#pointers[at] = pointers;
      if (at === end) break;
    }
    return true;
  }
}
