import {CelList, CelMap, Duration, Fault, OptionalValue, Timestamp, Uint} from './values.ts';
import type {CelValue, Result} from './values.ts';
import {formatDuration, formatTimestamp} from './time.ts';
import {MAX_JSON_VALUES} from './limits.ts';

export type Json = null | boolean | number | string | readonly Json[] | {readonly [name: string]: Json};

class Writer {
  #left = MAX_JSON_VALUES;

  write(value: Result): Json | undefined {
    this.#left -= 1;
    if (this.#left < 0 || value instanceof Fault) return undefined;
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'bigint':
        return integer(value);
      case 'number':
        return Number.isFinite(value) ? value : undefined;
      case 'function':
      case 'object':
      case 'symbol':
      case 'undefined':
      default:
        return this.#object(value);
    }
  }

  #object(value: Exclude<CelValue, string | boolean | bigint | number>): Json | undefined {
    if (value === null) return null;
    if (value instanceof Uint) return integer(value.value);
    if (value instanceof Timestamp) return formatTimestamp(value.nanos);
    if (value instanceof Duration) return formatDuration(value.nanos);
    if (value instanceof Uint8Array) return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(''));
    if (value instanceof CelList) return this.#list(value);
    if (value instanceof CelMap) return this.#map(value);
    return value instanceof OptionalValue && value.value !== undefined ? this.write(value.value) : undefined;
  }

  #list(list: CelList): Json | undefined {
    const items: Json[] = [];
    for (let index = 0; index < list.size; index += 1) {
      const item = this.write(list.at(index));
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }

  #map(map: CelMap): Json | undefined {
    const members: [string, Json][] = [];
    for (const key of map.keys()) {
      const value = this.write(map.get(key) ?? null);
      if (value === undefined || typeof key !== 'string') return undefined;
      members.push([key, value]);
    }
    // Not by assignment: a key may be `__proto__`.
    return Object.fromEntries(members);
  }
}

/** Integers JSON numbers can't hold exactly have no JSON form here: a wrong number is worse than none. */
function integer(value: bigint): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/**
 * A value as JSON. Undefined: it has no such form (types, opaque values, NaN, integers beyond 2^53, maps with keys that are not strings)
 * or is made of more than a million values.
 */
export function toJson(value: CelValue): Json | undefined {
  return new Writer().write(value);
}
