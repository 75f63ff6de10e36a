import {Duration, Fault, Timestamp, TypeValue, Uint, valueTypeName} from '../values.ts';
import type {CelList, CelMap, CelValue, Result} from '../values.ts';
import {formatDuration, formatTimestamp, isTimestampInRange, parseDuration, parseTimestamp} from '../time.ts';
import type {Library, Overload} from '../signature.ts';
import {doubleText} from '../double-text.ts';
import {overload} from '../signature.ts';
import {traversal} from '../meter.ts';

const OVERFLOW = new Fault('integer overflow');
const UINT_OVERFLOW = new Fault('unsigned integer overflow');

function same(type: string): Overload {
  return overload<[CelValue]>(`(${type}): ${type}`, ([value]) => value);
}

function intOfDouble(value: number): Result {
  return value > -(2 ** 63) && value < 2 ** 63 ? BigInt(Math.trunc(value)) : OVERFLOW;
}

function uintOfDouble(value: number): Result {
  return value >= 0 && value < 2 ** 64 ? new Uint(BigInt(Math.trunc(value))) : UINT_OVERFLOW;
}

/** Go's ParseInt in base 10: digits with a sign, of 64 bits. */
function intOfString(text: string): Result {
  if (!/^[+-]?\d{1,40}$/.test(text)) return new Fault("type conversion error from 'string' to 'int'");
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : new Fault("type conversion error from 'string' to 'int'");
}

function uintOfString(text: string): Result {
  if (!/^\d{1,40}$/.test(text)) return new Fault("type conversion error from 'string' to 'uint'");
  const value = BigInt(text);
  return BigInt.asUintN(64, value) === value
    ? new Uint(value)
    : new Fault("type conversion error from 'string' to 'uint'");
}

const SPECIAL_DOUBLES: Readonly<Record<string, number>> = {nan: Number.NaN, inf: Infinity, infinity: Infinity};

function doubleOfString(text: string): Result {
  const special = /^(?<sign>[+-]?)(?<name>nan|inf|infinity)$/i.exec(text)?.groups;
  if (special !== undefined)
    return (SPECIAL_DOUBLES[(special['name'] ?? '').toLowerCase()] ?? 0) * (special['sign'] === '-' ? -1 : 1);
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text))
    return new Fault("type conversion error from 'string' to 'double'");
  const value = Number(text);
  return Number.isFinite(value) ? value : new Fault("type conversion error from 'string' to 'double'");
}

/** Go's ParseBool, as far as cel-go takes it. */
const BOOLS: Readonly<Record<string, boolean>> = {
  '1': true,
  't': true,
  'T': true,
  'true': true,
  'TRUE': true,
  'True': true,
  '0': false,
  'f': false,
  'F': false,
  'false': false,
  'FALSE': false,
  'False': false,
};

function boolOfString(text: string): Result {
  return Object.hasOwn(BOOLS, text)
    ? (BOOLS[text] ?? false)
    : new Fault("type conversion error from 'string' to 'bool'");
}

function timestampOf(nanos: bigint | undefined): Result {
  if (nanos === undefined) return new Fault("type conversion error from 'string' to 'google.protobuf.Timestamp'");
  return isTimestampInRange(nanos) ? new Timestamp(nanos) : new Fault('timestamp overflow');
}

function durationOf(text: string): Result {
  const nanos = parseDuration(text);
  return nanos === undefined
    ? new Fault("type conversion error from 'string' to 'google.protobuf.Duration'")
    : new Duration(nanos);
}

function textOfBytes(bytes: Uint8Array): Result {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch (error) {
    return new Fault(
      `invalid UTF-8 in bytes, cannot convert to string: ${error instanceof Error ? error.name : 'unknown'}`,
    );
  }
}

/** Code points of a string: what size, indices and costs count. */
export function codePoints(text: string): number {
  if (!/[\ud800-\udbff]/.test(text)) return text.length;
  let count = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) count -= 1;
  }
  return count;
}

function walk([value]: [string | Uint8Array]): number {
  return Math.max(1, traversal(value.length));
}

const SIZES: readonly Overload[] = ['string', 'bytes', 'list<A>', 'map<A, B>'].flatMap((type) =>
  [`(${type}): int`, `${type}.(): int`].map((signature) =>
    overload<[string | Uint8Array | CelList | CelMap]>(
      signature,
      ([value]) =>
        BigInt(typeof value === 'string' ? codePoints(value) : value instanceof Uint8Array ? value.length : value.size),
      // One unit as upstream, but counting code points walks the string.
      ([value]) => (typeof value === 'string' ? 1 + Math.floor(value.length / 100) : 1),
    ),
  ),
);

/** Conversions between types, `size`, `type` and `dyn`. Strings that are no number, time or duration are errors. */
export const CONVERSION: Library = new Map<string, readonly Overload[]>([
  ['size', SIZES],
  [
    'dyn',
    [
      overload<[CelValue]>(
        '(A): dyn',
        ([value]) => value,
        () => 0,
      ),
    ],
  ],
  ['type', [overload<[CelValue]>('(A): type<A>', ([value]) => new TypeValue(valueTypeName(value)))]],
  ['bool', [same('bool'), overload<[string]>('(string): bool', ([text]) => boolOfString(text), walk)]],
  [
    'int',
    [
      same('int'),
      overload<[Uint]>('(uint): int', ([{value}]) => (BigInt.asIntN(64, value) === value ? value : OVERFLOW)),
      overload<[number]>('(double): int', ([value]) => intOfDouble(value)),
      overload<[string]>('(string): int', ([text]) => intOfString(text), walk),
      overload<[Timestamp]>(
        '(timestamp): int',
        ([{nanos}]) => (nanos - (((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n,
      ),
      overload<[Duration]>('(duration): int', ([{nanos}]) => nanos),
    ],
  ],
  [
    'uint',
    [
      same('uint'),
      overload<[bigint]>('(int): uint', ([value]) => (value < 0n ? UINT_OVERFLOW : new Uint(value))),
      overload<[number]>('(double): uint', ([value]) => uintOfDouble(value)),
      overload<[string]>('(string): uint', ([text]) => uintOfString(text), walk),
    ],
  ],
  [
    'double',
    [
      same('double'),
      overload<[bigint]>('(int): double', ([value]) => Number(value)),
      overload<[Uint]>('(uint): double', ([{value}]) => Number(value)),
      overload<[string]>('(string): double', ([text]) => doubleOfString(text), walk),
    ],
  ],
  [
    'string',
    [
      same('string'),
      overload<[boolean]>('(bool): string', ([value]) => String(value)),
      overload<[bigint]>('(int): string', ([value]) => String(value)),
      overload<[Uint]>('(uint): string', ([{value}]) => String(value)),
      overload<[number]>('(double): string', ([value]) => doubleText(value)),
      overload<[Uint8Array]>('(bytes): string', ([bytes]) => textOfBytes(bytes), walk),
      overload<[Timestamp]>('(timestamp): string', ([{nanos}]) => formatTimestamp(nanos)),
      overload<[Duration]>('(duration): string', ([{nanos}]) => formatDuration(nanos)),
    ],
  ],
  ['bytes', [same('bytes'), overload<[string]>('(string): bytes', ([text]) => new TextEncoder().encode(text), walk)]],
  [
    'timestamp',
    [
      same('timestamp'),
      overload<[string]>('(string): timestamp', ([text]) => timestampOf(parseTimestamp(text)), walk),
      overload<[bigint]>('(int): timestamp', ([seconds]) => timestampOf(seconds * 1_000_000_000n)),
    ],
  ],
  ['duration', [same('duration'), overload<[string]>('(string): duration', ([text]) => durationOf(text), walk)]],
]);
