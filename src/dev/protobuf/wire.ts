import {IsthmusError} from '../../errors.ts';

/** One field of a message as it stands on the wire. */
export interface WireField {
  readonly number: number;
  /** A varint, or the bytes of a string, a message or a byte field. */
  readonly value: bigint | Uint8Array;
}

/**
 * Splits a message into its fields (protobuf encoding, wire types 0 to 2 and 5; groups are extinct).
 *
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER where the bytes end early or hold a wire type that Kubernetes does not use
 */
export function readFields(bytes: Uint8Array): WireField[] {
  const reader = new Reader(bytes);
  const fields: WireField[] = [];
  while (!reader.atEnd) {
    const tag = reader.varint();
    fields.push({number: Number(tag >> 3n), value: reader.value(Number(tag & 7n))});
  }
  return fields;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed('a number is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw malformed('a number is longer than 64 bits');
  }

  value(wireType: number): bigint | Uint8Array {
    switch (wireType) {
      case 0:
        return this.varint();
      case 1:
        return this.#take(8);
      case 2:
        return this.#take(Number(this.varint()));
      case 5:
        return this.#take(4);
      default:
        throw malformed(`there is no wire type ${wireType}`);
    }
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw malformed('a field is cut off');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

export function malformed(what: string): IsthmusError {
  return new IsthmusError('ISTHMUS_DEV_CLUSTER', `the protobuf body cannot be read: ${what}`);
}
