import {Duration, EntryMap, Fault, isMapKey, Uint, valueTypeName} from '../values.ts';
import type {CelList, CelMap, CelValue, Result} from '../values.ts';
import {compare, sizeOf} from './comparison.ts';
import type {Library, Overload} from '../signature.ts';
import {MAP_ENTRY_BYTES, MAX_ENTRIES} from '../limits.ts';
import type {Meter} from '../meter.ts';
import {equals} from '../equality.ts';
import {isDurationInRange} from '../time.ts';
import {overload} from '../signature.ts';
import {traversal} from '../meter.ts';

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'timestamp', 'duration'];

/** Walks neighbours; comparing two strings costs their length. */
function isSorted(list: CelList, meter: Meter): Result {
  let previous: CelValue | undefined;
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (item instanceof Fault) return item;
    const spent = meter.charge(traversal(sizeOf(item)));
    if (spent !== undefined) return spent;
    if (previous !== undefined) {
      const order = compare(previous, item);
      if (order === undefined) return new Fault('no such overload');
      if (order > 0) return false;
    }
    previous = item;
  }
  return true;
}

function extreme(name: string, list: CelList, meter: Meter): Result {
  let best: CelValue | undefined;
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (item instanceof Fault) return item;
    const spent = meter.charge(traversal(sizeOf(item)));
    if (spent !== undefined) return spent;
    const order = best === undefined ? -1 : compare(item, best);
    if (order === undefined) return new Fault('no such overload');
    if (name === 'min' ? order < 0 : best === undefined || order > 0) best = item;
  }
  return best ?? new Fault(`${name} called on empty list`);
}

/** The sum of a list of one type; an empty list's is the zero the checker chose. */
function sum(list: CelList, zero: CelValue): Result {
  let total: bigint | number | undefined;
  let first: CelValue = zero;
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (item instanceof Fault) return item;
    const value = item instanceof Uint ? item.value : item instanceof Duration ? item.nanos : item;
    if (typeof value !== 'bigint' && typeof value !== 'number') return new Fault('no such overload');
    if (total === undefined) [first, total] = [item, value];
    else if (typeof total === 'bigint' && typeof value === 'bigint') total += value;
    else if (typeof total === 'number' && typeof value === 'number') total += value;
    else return new Fault('no such overload');
  }
  return total === undefined ? zero : typed(total, first);
}

function typed(total: bigint | number, like: CelValue): Result {
  if (typeof total === 'number') return total;
  if (like instanceof Uint)
    return BigInt.asUintN(64, total) === total ? new Uint(total) : new Fault('unsigned integer overflow');
  if (like instanceof Duration) return isDurationInRange(total) ? new Duration(total) : new Fault('duration overflow');
  return BigInt.asIntN(64, total) === total ? total : new Fault('integer overflow');
}

function indexOf(list: CelList, wanted: CelValue, meter: Meter, last: boolean): Result {
  for (let step = 0; step < list.size; step += 1) {
    const index = last ? list.size - 1 - step : step;
    const item = list.at(index);
    if (item instanceof Fault) return item;
    const same = equals(item, wanted, meter);
    if (same instanceof Fault) return same;
    if (same) return BigInt(index);
  }
  return -1n;
}

function walk([list]: readonly [CelList, ...CelValue[]]): number {
  return 1 + list.size;
}

function insertEntry(map: CelMap, [key, value]: readonly [CelValue, CelValue], meter: Meter): Result {
  if (!(map instanceof EntryMap)) return new Fault('no such overload');
  if (!isMapKey(key)) return new Fault(`unsupported key type: ${valueTypeName(key)}`);
  if (map.size >= MAX_ENTRIES) return new Fault(`list or map has more than ${MAX_ENTRIES} entries`);
  const spent = meter.allocate(MAP_ENTRY_BYTES);
  if (spent !== undefined) return spent;
  const shown = key instanceof Uint ? key.value : key;
  return map.add(key, value) ? map : new Fault(`insert failed: key ${shown} already exists`);
}

function insertAll(map: CelMap, entries: CelMap, meter: Meter): Result {
  for (const key of entries.keys()) {
    const value = entries.get(key) ?? null;
    if (value instanceof Fault) return value;
    const inserted = insertEntry(map, [key, value], meter);
    if (inserted instanceof Fault) return inserted;
  }
  return map;
}

const ZEROS: readonly (readonly [string, CelValue])[] = [
  ['int', 0n],
  ['uint', new Uint(0n)],
  ['double', 0],
  ['duration', new Duration(0n)],
];

/** Kubernetes' list functions, and what the transform macros insert with. */
export const LISTS: Library = new Map<string, readonly Overload[]>([
  [
    'isSorted',
    COMPARABLE.map((type) =>
      overload<[CelList]>(`list<${type}>.(): bool`, ([list], meter) => isSorted(list, meter), walk),
    ),
  ],
  [
    'sum',
    ZEROS.map(([type, zero]) => overload<[CelList]>(`list<${type}>.(): ${type}`, ([list]) => sum(list, zero), walk)),
  ],
  [
    'max',
    COMPARABLE.map((type) =>
      overload<[CelList]>(`list<${type}>.(): ${type}`, ([list], meter) => extreme('max', list, meter), walk),
    ),
  ],
  [
    'min',
    COMPARABLE.map((type) =>
      overload<[CelList]>(`list<${type}>.(): ${type}`, ([list], meter) => extreme('min', list, meter), walk),
    ),
  ],
  [
    'indexOf',
    [
      overload<[CelList, CelValue]>(
        'list<A>.(A): int',
        ([list, item], meter) => indexOf(list, item, meter, false),
        walk,
      ),
    ],
  ],
  [
    'lastIndexOf',
    [
      overload<[CelList, CelValue]>(
        'list<A>.(A): int',
        ([list, item], meter) => indexOf(list, item, meter, true),
        walk,
      ),
    ],
  ],
  [
    '@mapInsert',
    [
      overload<[CelMap, CelValue, CelValue]>('(map<A, B>, A, B): map<A, B>', ([map, key, value], meter) =>
        insertEntry(map, [key, value], meter),
      ),
      overload<[CelMap, CelMap]>(
        '(map<A, B>, map<A, B>): map<A, B>',
        ([map, entries], meter) => insertAll(map, entries, meter),
        ([, entries]) => 1 + entries.size,
      ),
    ],
  ],
]);
