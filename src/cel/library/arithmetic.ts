import {ArrayList, Duration, Fault, Timestamp, Uint} from '../values.ts';
import type {CelList, CelValue, Result} from '../values.ts';
import {isDurationInRange, isTimestampInRange} from '../time.ts';
import {LIST_ENTRY_BYTES, MAX_ENTRIES, MAX_STRING_LENGTH} from '../limits.ts';
import type {Library, Overload} from '../signature.ts';
import type {Meter} from '../meter.ts';
import {overload} from '../signature.ts';
import {partnerOf, contains} from '../equality.ts';
import {traversal} from '../meter.ts';

const OVERFLOW = new Fault('integer overflow');
const UINT_OVERFLOW = new Fault('unsigned integer overflow');

function int(value: bigint): Result {
  return BigInt.asIntN(64, value) === value ? value : OVERFLOW;
}

function uint(value: bigint): Result {
  return BigInt.asUintN(64, value) === value ? new Uint(value) : UINT_OVERFLOW;
}

function timestamp(nanos: bigint): Result {
  return isTimestampInRange(nanos) ? new Timestamp(nanos) : new Fault('timestamp overflow');
}

function duration(nanos: bigint): Result {
  return isDurationInRange(nanos) ? new Duration(nanos) : new Fault('duration overflow');
}

function ints(apply: (a: bigint, b: bigint) => Result): Overload {
  return overload<[bigint, bigint]>('(int, int): int', ([a, b]) => apply(a, b));
}

function uints(apply: (a: bigint, b: bigint) => Result): Overload {
  return overload<[Uint, Uint]>('(uint, uint): uint', ([a, b]) => apply(a.value, b.value));
}

function doubles(apply: (a: number, b: number) => number): Overload {
  return overload<[number, number]>('(double, double): double', ([a, b]) => apply(a, b));
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function itemsOf(list: CelList): CelValue[] | Fault {
  const items: CelValue[] = [];
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (item instanceof Fault) return item;
    items.push(item);
  }
  return items;
}

/** Concatenation; a Kubernetes set becomes the union, a map list takes the right item for keys both have. */
function joinLists(a: CelList, b: CelList, meter: Meter): Result {
  if (a.size + b.size > MAX_ENTRIES) return new Fault(`list or map has more than ${MAX_ENTRIES} entries`);
  const spent = meter.allocate((a.size + b.size) * LIST_ENTRY_BYTES);
  if (spent !== undefined) return spent;
  const [left, right] = [itemsOf(a), itemsOf(b)];
  if (left instanceof Fault) return left;
  if (right instanceof Fault) return right;
  if (a.order === 'atomic') return new ArrayList([...left, ...right]);
  return a.order === 'set' ? union(a, left, right, meter) : merged(a, {left, right, other: b}, meter);
}

function union(a: CelList, left: readonly CelValue[], right: readonly CelValue[], meter: Meter): Result {
  const items = [...left];
  for (const item of right) {
    const there = contains(a, item, meter);
    if (there instanceof Fault) return there;
    if (!there) items.push(item);
  }
  return new ArrayList(items, a.order);
}

interface Sides {
  readonly left: readonly CelValue[];
  readonly right: readonly CelValue[];
  readonly other: CelList;
}

function merged(a: CelList, {left, right, other}: Sides, meter: Meter): Result {
  const keys = typeof a.order === 'object' ? a.order.keys : [];
  const items: CelValue[] = [];
  for (const item of left) {
    const partner = partnerOf(item, other, keys, meter);
    if (partner instanceof Fault) return partner;
    items.push(partner ?? item);
  }
  for (const item of right) {
    const partner = partnerOf(item, a, keys, meter);
    if (partner instanceof Fault) return partner;
    if (partner === undefined) items.push(item);
  }
  return new ArrayList(items, a.order);
}

function joinedLists(size: number): number {
  return 1 + traversal(size);
}

/** Operators that compute. All of them fail instead of leaving 64 bits. */
export const ARITHMETIC: Library = new Map<string, readonly Overload[]>([
  [
    '_+_',
    [
      ints((a, b) => int(a + b)),
      uints((a, b) => uint(a + b)),
      doubles((a, b) => a + b),
      overload<[string, string]>(
        '(string, string): string',
        ([a, b]) => (a.length + b.length > MAX_STRING_LENGTH ? new Fault('string is too long') : a + b),
        ([a, b]) => traversal(a.length + b.length),
      ),
      overload<[Uint8Array, Uint8Array]>(
        '(bytes, bytes): bytes',
        ([a, b]) => joinBytes(a, b),
        ([a, b]) => traversal(a.length + b.length),
      ),
      overload<[CelList, CelList]>(
        '(list<A>, list<A>): list<A>',
        ([a, b], meter) => joinLists(a, b, meter),
        ([a, b]) => joinedLists(a.size + b.size),
      ),
      overload<[Timestamp, Duration]>('(timestamp, duration): timestamp', ([a, b]) => timestamp(a.nanos + b.nanos)),
      overload<[Duration, Timestamp]>('(duration, timestamp): timestamp', ([a, b]) => timestamp(a.nanos + b.nanos)),
      overload<[Duration, Duration]>('(duration, duration): duration', ([a, b]) => duration(a.nanos + b.nanos)),
    ],
  ],
  [
    '_-_',
    [
      ints((a, b) => int(a - b)),
      uints((a, b) => uint(a - b)),
      doubles((a, b) => a - b),
      overload<[Timestamp, Timestamp]>('(timestamp, timestamp): duration', ([a, b]) => duration(a.nanos - b.nanos)),
      overload<[Timestamp, Duration]>('(timestamp, duration): timestamp', ([a, b]) => timestamp(a.nanos - b.nanos)),
      overload<[Duration, Duration]>('(duration, duration): duration', ([a, b]) => duration(a.nanos - b.nanos)),
    ],
  ],
  ['_*_', [ints((a, b) => int(a * b)), uints((a, b) => uint(a * b)), doubles((a, b) => a * b)]],
  [
    '_/_',
    [
      ints((a, b) => (b === 0n ? new Fault('division by zero') : int(a / b))),
      uints((a, b) => (b === 0n ? new Fault('division by zero') : uint(a / b))),
      doubles((a, b) => a / b),
    ],
  ],
  [
    '_%_',
    [
      // The quotient's overflow (the smallest int by -1) is an error in Go also for the remainder.
      ints((a, b) => (b === 0n ? new Fault('modulus by zero') : int(a / b) === OVERFLOW ? OVERFLOW : a % b)),
      uints((a, b) => (b === 0n ? new Fault('modulus by zero') : uint(a % b))),
    ],
  ],
  ['-_', [overload<[bigint]>('(int): int', ([a]) => int(-a)), overload<[number]>('(double): double', ([a]) => -a)]],
  [
    '!_',
    [
      overload<[boolean]>(
        '(bool): bool',
        ([a]) => !a,
        () => 0,
      ),
    ],
  ],
]);
