import {ArrayList, CelList, CelMap, Duration, Fault, OptionalValue, Timestamp, Uint} from '../values.ts';
import type {CelValue, Result} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import {overload} from '../signature.ts';

/** The zero of its type: false, 0, '', an empty container, null, the epoch. */
function isZero(value: CelValue): boolean {
  switch (typeof value) {
    case 'boolean':
      return !value;
    case 'bigint':
      return value === 0n;
    case 'number':
      return value === 0;
    case 'string':
      return value === '';
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      return isZeroObject(value);
  }
}

function isZeroObject(value: Exclude<CelValue, boolean | bigint | number | string>): boolean {
  if (value === null) return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelList || value instanceof CelMap) return value.size === 0;
  if (value instanceof Timestamp || value instanceof Duration) return value.nanos === 0n;
  return value instanceof OptionalValue && value.value === undefined;
}

/** The contents of those optionals that have one. */
function unwrap(list: CelList): Result {
  const items: CelValue[] = [];
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (item instanceof Fault) return item;
    if (!(item instanceof OptionalValue)) return new Fault(`value of type optional_type expected`);
    if (item.value !== undefined) items.push(item.value);
  }
  return new ArrayList(items);
}

function elementAt(list: CelList, index: number): Result {
  if (list.size === 0) return OptionalValue.none;
  const item = list.at(index);
  return item instanceof Fault ? item : new OptionalValue(item);
}

function walk([list]: readonly [CelList]): number {
  return 1 + list.size * 0.1;
}

/** Optional values, version 2 of cel-go's library. */
export const OPTIONALS: Library = new Map<string, readonly Overload[]>([
  ['optional.of', [overload<[CelValue]>('(A): optional<A>', ([value]) => new OptionalValue(value))]],
  ['optional.none', [overload<[]>('(): optional<A>', () => OptionalValue.none)]],
  [
    'optional.ofNonZeroValue',
    [
      overload<[CelValue]>('(A): optional<A>', ([value]) =>
        isZero(value) ? OptionalValue.none : new OptionalValue(value),
      ),
    ],
  ],
  ['hasValue', [overload<[OptionalValue]>('optional<A>.(): bool', ([{value}]) => value !== undefined)]],
  [
    'value',
    [
      overload<[OptionalValue]>('optional<A>.(): A', ([{value}]) =>
        value === undefined ? new Fault('optional.none() dereference') : value,
      ),
    ],
  ],
  [
    'or',
    [
      overload<[OptionalValue, OptionalValue]>('optional<A>.(optional<A>): optional<A>', ([a, b]) =>
        a.value === undefined ? b : a,
      ),
    ],
  ],
  [
    'orValue',
    [
      overload<[OptionalValue, CelValue]>('optional<A>.(A): A', ([{value}, other]) =>
        value === undefined ? other : value,
      ),
    ],
  ],
  ['optional.unwrap', [overload<[CelList]>('(list<optional<A>>): list<A>', ([list]) => unwrap(list), walk)]],
  ['unwrapOpt', [overload<[CelList]>('list<optional<A>>.(): list<A>', ([list]) => unwrap(list), walk)]],
  ['first', [overload<[CelList]>('list<A>.(): optional<A>', ([list]) => elementAt(list, 0))]],
  ['last', [overload<[CelList]>('list<A>.(): optional<A>', ([list]) => elementAt(list, list.size - 1))]],
]);
