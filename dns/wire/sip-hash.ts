const BLOCK_BYTES = 8;
export const SIP_KEY_BYTES = 16;

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012), 64 bits wide, on pairs of 32-bit numbers: V8 has no 64-bit integers that cost
 * nothing, and BigInt would allocate for every query. One instance computes one hash at a time.
 */
export class SipHash {
  readonly #key: Int32Array;
  /** v0 to v3, low half first. */
  readonly #v = new Int32Array(8);

  /** @param key - 16 octets */
  constructor(key: Uint8Array) {
    if (key.length !== SIP_KEY_BYTES) throw new RangeError('a SipHash key has 16 octets');
    this.#key = Int32Array.from([0, 4, 8, 12], (at) => littleEndian(key, at));
  }

  /** Writes the hash of the first `length` octets of `input` as 8 octets, the lowest first. */
  write(input: Uint8Array, length: number, into: Uint8Array, at: number): void {
    const v = this.#v;
    this.#begin();
    const whole = length - (length % BLOCK_BYTES);
    for (let i = 0; i < whole; i += BLOCK_BYTES) this.#mix(littleEndian(input, i), littleEndian(input, i + 4));
    this.#mix(lastBytes(input, whole, Math.min(length, whole + 4)), this.#lastHigh(input, whole + 4, length));
    v[4]! ^= 0xff;
    for (let i = 0; i < 4; i++) this.#round();
    putLittleEndian(into, at, v[0]! ^ v[2]! ^ v[4]! ^ v[6]!);
    putLittleEndian(into, at + 4, v[1]! ^ v[3]! ^ v[5]! ^ v[7]!);
  }

  #begin(): void {
    const [v, key] = [this.#v, this.#key];
    v[0] = key[0]! ^ 0x70736575;
    v[1] = key[1]! ^ 0x736f6d65;
    v[2] = key[2]! ^ 0x6e646f6d;
    v[3] = key[3]! ^ 0x646f7261;
    v[4] = key[0]! ^ 0x6e657261;
    v[5] = key[1]! ^ 0x6c796765;
    v[6] = key[2]! ^ 0x79746573;
    v[7] = key[3]! ^ 0x74656462;
  }

  /** The upper half of the last block: what is left of the input, and its length in the highest octet. */
  #lastHigh(input: Uint8Array, from: number, length: number): number {
    return (from < length ? lastBytes(input, from, length) : 0) | (length << 24);
  }

  #mix(low: number, high: number): void {
    const v = this.#v;
    v[6]! ^= low;
    v[7]! ^= high;
    this.#round();
    this.#round();
    v[0]! ^= low;
    v[1]! ^= high;
  }

  #round(): void {
    this.#add(0, 2);
    this.#rotate(2, 13);
    this.#xor(2, 0);
    this.#swap(0);
    this.#add(4, 6);
    this.#rotate(6, 16);
    this.#xor(6, 4);
    this.#add(0, 6);
    this.#rotate(6, 21);
    this.#xor(6, 0);
    this.#add(4, 2);
    this.#rotate(2, 17);
    this.#xor(2, 4);
    this.#swap(4);
  }

  #add(to: number, from: number): void {
    const v = this.#v;
    const low = (v[to]! >>> 0) + (v[from]! >>> 0);
    v[to] = low;
    v[to + 1] = v[to + 1]! + v[from + 1]! + (low > 0xffffffff ? 1 : 0);
  }

  #xor(to: number, from: number): void {
    this.#v[to]! ^= this.#v[from]!;
    this.#v[to + 1]! ^= this.#v[from + 1]!;
  }

  /** To the left, by less than 32. */
  #rotate(at: number, bits: number): void {
    const v = this.#v;
    const [low, high] = [v[at]!, v[at + 1]!];
    v[at] = (low << bits) | (high >>> (32 - bits));
    v[at + 1] = (high << bits) | (low >>> (32 - bits));
  }

  /** A rotation by 32. */
  #swap(at: number): void {
    const low = this.#v[at]!;
    this.#v[at] = this.#v[at + 1]!;
    this.#v[at + 1] = low;
  }
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The octets from `from` up to `to`, at most four, the lowest first. */
function lastBytes(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value |= bytes[at]! << (8 * (at - from));
  return value;
}

function putLittleEndian(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
