import {CelList, CelMap, Duration, Fault, Timestamp} from '../values.ts';
import type {CelValue, Result} from '../values.ts';
import {compareNumbers, contains, equals, hasKey, numeric} from '../equality.ts';
import type {Library, Overload} from '../signature.ts';
import {overload} from '../signature.ts';
import {traversal} from '../meter.ts';

/** Strings by code point: UTF-16 order puts surrogates before U+E000. */
export function compareStrings(a: string, b: string): number {
  const size = Math.min(a.length, b.length);
  for (let index = 0; index < size; index += 1) {
    if (a.charCodeAt(index) === b.charCodeAt(index)) continue;
    return (a.codePointAt(index) ?? 0) - (b.codePointAt(index) ?? 0);
  }
  return a.length - b.length;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const index = a.findIndex((byte, at) => byte !== b[at]);
  return index === -1 || index >= b.length ? a.length - b.length : (a[index] ?? 0) - (b[index] ?? 0);
}

/** Negative, 0, positive; undefined where two values have no order (NaN, other types). */
export function compare(a: CelValue, b: CelValue): number | undefined {
  const [left, right] = [numeric(a), numeric(b)];
  if (left !== undefined && right !== undefined) return compareNumbers(left, right);
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return compareNumbers(a.nanos, b.nanos);
  return a instanceof Duration && b instanceof Duration ? compareNumbers(a.nanos, b.nanos) : undefined;
}

/** The cost of walking one value: strings and containers by their size. */
export function sizeOf(value: CelValue): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  return value instanceof CelList || value instanceof CelMap ? value.size : 1;
}

function smaller([a, b]: readonly CelValue[]): number {
  return Math.max(1, traversal(Math.min(sizeOf(a ?? null), sizeOf(b ?? null))));
}

const ORDERED = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration'];
const NUMBERS = ['int', 'uint', 'double'];

function ordering(holds: (order: number) => boolean): Overload[] {
  const pairs = [
    ...ORDERED.map((type) => [type, type]),
    ...NUMBERS.flatMap((a) => NUMBERS.filter((b) => b !== a).map((b) => [a, b])),
  ];
  return pairs.map(([a, b]) =>
    overload<[CelValue, CelValue]>(
      `(${a}, ${b}): bool`,
      ([left, right]) => {
        const order = compare(left, right);
        return order !== undefined && holds(order);
      },
      smaller,
    ),
  );
}

function not(value: boolean | Fault): Result {
  return value instanceof Fault ? value : !value;
}

/** Operators that compare, and `in`. */
export const COMPARISON: Library = new Map<string, readonly Overload[]>([
  ['_==_', [overload<[CelValue, CelValue]>('(A, A): bool', ([a, b], meter) => equals(a, b, meter), smaller)]],
  ['_!=_', [overload<[CelValue, CelValue]>('(A, A): bool', ([a, b], meter) => not(equals(a, b, meter)), smaller)]],
  ['_<_', ordering((order) => order < 0)],
  ['_<=_', ordering((order) => order <= 0)],
  ['_>_', ordering((order) => order > 0)],
  ['_>=_', ordering((order) => order >= 0)],
  [
    '@in',
    [
      overload<[CelValue, CelList]>(
        '(A, list<A>): bool',
        ([item, list], meter) => contains(list, item, meter),
        ([, list]) => 1 + list.size * 0.9,
      ),
      overload<[CelValue, CelMap]>('(A, map<A, B>): bool', ([key, map]) => hasKey(map, key)),
    ],
  ],
  // The interpreter decides these and reads indices itself; here they are for the checker.
  ['_?_:_', [overload('(bool, A, A): A', () => null)]],
  ['@not_strictly_false', [overload('(bool): bool', () => null)]],
  [
    '_[_]',
    [
      overload('(list<A>, int): A', () => null),
      overload('(map<A, B>, A): B', () => null),
      overload('(optional<list<A>>, int): optional<A>', () => null),
      overload('(optional<map<A, B>>, A): optional<B>', () => null),
    ],
  ],
  [
    '_[?_]',
    [
      overload('(list<A>, int): optional<A>', () => null),
      overload('(map<A, B>, A): optional<B>', () => null),
      overload('(optional<list<A>>, int): optional<A>', () => null),
      overload('(optional<map<A, B>>, A): optional<B>', () => null),
    ],
  ],
]);
