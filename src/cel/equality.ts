import {
  CelList,
  CelMap,
  Duration,
  Fault,
  isMapKey,
  Opaque,
  OptionalValue,
  Timestamp,
  TypeValue,
  Uint,
} from './values.ts';
import type {CelValue, Result} from './values.ts';
import type {Meter} from './meter.ts';

/** -1, 0, 1 across int, uint and double; undefined where one is NaN. An integer beside a double is read as one, as in cel-go. */
export function compareNumbers(a: bigint | number, b: bigint | number): number | undefined {
  const [left, right] = typeof a === typeof b ? [a, b] : [Number(a), Number(b)];
  if (left < right) return -1;
  if (left > right) return 1;
  return left === right ? 0 : undefined;
}

export function numeric(value: CelValue): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/**
 * Whether two values are equal, as the language sees it: 1 == 1u == 1.0, maps without order. Different types are unequal, not an
 * error. Charges for every pair it looks at: a list of shared lists is an exponential tree.
 */
export function equals(a: CelValue, b: CelValue, meter: Meter): boolean | Fault {
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    return right !== undefined && compareNumbers(left, right) === 0;
  }
  if (typeof a !== 'object' || a === null) return a === b;
  if (a instanceof CelList) return b instanceof CelList && equalLists(a, b, meter);
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b, meter);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && sameBytes(a, b);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof OptionalValue) return b instanceof OptionalValue && equalOptionals(a, b, meter);
  return a instanceof Opaque && b instanceof Opaque && a.type.name === b.type.name && a.equals(b);
}

function equalOptionals(a: OptionalValue, b: OptionalValue, meter: Meter): boolean | Fault {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equals(a.value, b.value, meter);
}

/** What a look at two elements costs: set by trial so that 10,000,000 units take about a second. */
const PAIR_COST = 0.4;
const ENTRY_COST = 2;

function equalResults(a: Result | undefined, b: Result | undefined, meter: Meter): boolean | Fault {
  const spent = meter.charge(PAIR_COST);
  if (spent !== undefined) return spent;
  if (a === undefined || b === undefined) return false;
  if (a instanceof Fault) return a;
  return b instanceof Fault ? b : equals(a, b, meter);
}

function equalLists(a: CelList, b: CelList, meter: Meter): boolean | Fault {
  if (a.size !== b.size) return false;
  if (a.order === 'set' || b.order === 'set') return everyOther(a, b, meter);
  if (typeof a.order === 'object') return equalKeyed(a, b, a.order.keys, meter);
  if (typeof b.order === 'object') return equalKeyed(b, a, b.order.keys, meter);
  for (let index = 0; index < a.size; index += 1) {
    const same = equalResults(a.at(index), b.at(index), meter);
    if (same !== true) return same;
  }
  return true;
}

/** Lists of type `set`: each item of one is somewhere in the other. */
function everyOther(a: CelList, b: CelList, meter: Meter): boolean | Fault {
  for (let index = 0; index < a.size; index += 1) {
    const item = a.at(index);
    const found = item instanceof Fault ? item : contains(b, item, meter);
    if (found !== true) return found;
  }
  return true;
}

/** Lists of type `map`: items with the same keys are equal, in whatever order. */
function equalKeyed(a: CelList, b: CelList, keys: readonly string[], meter: Meter): boolean | Fault {
  for (let index = 0; index < a.size; index += 1) {
    const item = a.at(index);
    const partner = item instanceof Fault ? item : partnerOf(item, b, keys, meter);
    const same = equalResults(item, partner, meter);
    if (same !== true) return same;
  }
  return true;
}

/** The item of a list with the same map keys as this one. */
export function partnerOf(item: CelValue, list: CelList, keys: readonly string[], meter: Meter): Result | undefined {
  for (let index = 0; index < list.size; index += 1) {
    const other = list.at(index);
    if (other instanceof Fault) return other;
    const same = sameKeys(item, other, keys, meter);
    if (same instanceof Fault) return same;
    if (same) return other;
  }
  return undefined;
}

function sameKeys(a: CelValue, b: CelValue, keys: readonly string[], meter: Meter): boolean | Fault {
  if (!(a instanceof CelMap) || !(b instanceof CelMap)) return equals(a, b, meter);
  for (const key of keys) {
    const [left, right] = [a.get(key), b.get(key)];
    const same = left === undefined && right === undefined ? true : equalResults(left, right, meter);
    if (same !== true) return same;
  }
  return true;
}

function equalMaps(a: CelMap, b: CelMap, meter: Meter): boolean | Fault {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const spent = meter.charge(ENTRY_COST);
    if (spent !== undefined) return spent;
    const same = equalResults(a.get(key), b.get(key), meter);
    if (same !== true) return same;
  }
  return true;
}

/** `item in list` */
export function contains(list: CelList, item: CelValue, meter: Meter): boolean | Fault {
  for (let index = 0; index < list.size; index += 1) {
    const same = equalResults(list.at(index), item, meter);
    if (same !== false) return same;
  }
  return false;
}

/** `key in map`. A key of another type is absent. */
export function hasKey(map: CelMap, key: CelValue): boolean {
  return (isMapKey(key) || typeof key === 'number') && map.get(key) !== undefined;
}
