/** Appends to a buffer that grows. Integers are unsigned and big-endian, as on the wire. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(expectedBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(expectedBytes);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32BE(value, this.#length);
  }

  latin1(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, 'latin1');
  }

  bytes(octets: Uint8Array): void {
    this.#reserve(octets.length);
    this.#bytes.set(octets, this.#length);
    this.#length += octets.length;
  }

  /** Fills in a number that was not known when its place was written. */
  patchU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  patchU16(at: number, value: number): void {
    this.#bytes.writeUInt16BE(value, at);
  }

  patchU32(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  /** Takes back everything from there on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** A copy of exactly what was written, free to be transferred to another thread; the writer starts anew. */
  take(): ArrayBuffer {
    const copy = new ArrayBuffer(this.#length);
    new Uint8Array(copy).set(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return copy;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
