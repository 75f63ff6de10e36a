/** The option's own code (RFC 8914 §2). */
const OPTION = 15;
/** Option code, length, and the error's code. */
const FIXED_BYTES = 6;
const BEFORE_AGE = Buffer.from('as of ', 'latin1');
const AFTER_AGE = Buffer.from(' s ago', 'latin1');

/**
 * The extended error of the answer that is being made (RFC 8914), with the age of the data as its text where that is what it is
 * about: `as of 1312 s ago`. One object for all answers: nothing is allocated.
 */
export class ExtendedErrorOption {
  #code = -1;
  #ageSeconds = -1;
  #digits = 0;

  clear(): void {
    this.#code = -1;
  }

  /** @param ageSeconds - of the data; left out: the error has no text */
  set(code: number, ageSeconds = -1): void {
    this.#code = code;
    this.#ageSeconds = Math.floor(ageSeconds);
    this.#digits = 0;
    for (let rest = this.#ageSeconds; rest >= 1; rest = Math.floor(rest / 10)) this.#digits++;
    if (this.#ageSeconds === 0) this.#digits = 1;
  }

  /** Octets in the OPT record; 0: there is none. */
  get bytes(): number {
    if (this.#code < 0) return 0;
    return FIXED_BYTES + (this.#digits > 0 ? BEFORE_AGE.length + this.#digits + AFTER_AGE.length : 0);
  }

  /** @returns where it ends */
  write(reply: Buffer, at: number): number {
    const end = at + this.bytes;
    if (end === at) return at;
    putU16(reply, at, OPTION);
    putU16(reply, at + 2, end - at - 4);
    putU16(reply, at + 4, this.#code);
    if (this.#digits > 0) this.#writeAge(reply, at + FIXED_BYTES);
    return end;
  }

  #writeAge(reply: Buffer, at: number): void {
    reply.set(BEFORE_AGE, at);
    const digitsEnd = at + BEFORE_AGE.length + this.#digits;
    let rest = this.#ageSeconds;
    for (let i = digitsEnd - 1; i >= at + BEFORE_AGE.length; i--) {
      reply[i] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    reply.set(AFTER_AGE, digitsEnd);
  }
}

function putU16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}
