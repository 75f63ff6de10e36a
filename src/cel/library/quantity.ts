import {Fault, Opaque} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {CelType} from '../types.ts';
import type {Result} from '../values.ts';
import {opaqueType} from '../types.ts';
import {overload} from '../signature.ts';
import {traversal} from '../meter.ts';

const TYPE = opaqueType('kubernetes.Quantity') as Extract<CelType, {kind: 'opaque'}>;

/** Kubernetes keeps no more than nano. */
const SCALE = 9;
const NANO = 10n ** BigInt(SCALE);

/** A resource quantity, exact: in 10^-9. */
class Quantity extends Opaque {
  readonly type = TYPE;
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    super();
    this.nanos = nanos;
  }

  equals(other: Opaque): boolean {
    return other instanceof Quantity && other.nanos === this.nanos;
  }
}

const DECIMAL: Readonly<Record<string, number>> = {
  'n': -9,
  'u': -6,
  'm': -3,
  '': 0,
  'k': 3,
  'M': 6,
  'G': 9,
  'T': 12,
  'P': 15,
  'E': 18,
};
const BINARY: Readonly<Record<string, bigint>> = {Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n};

const FORM = /^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<suffix>[numkMGTPE]?|[KMGTPE]i|[eE][+-]?\d{1,10})$/;

function scaled(digits: bigint, exponent: number): bigint {
  if (exponent >= 0) return digits * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  // Kubernetes rounds what is below nano away from zero.
  return (digits + divisor - 1n) / divisor;
}

/** Undefined: not a quantity. */
function parseQuantity(text: string): Quantity | undefined {
  if (text.length > 200) return undefined;
  const groups = FORM.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const {sign, whole = '', fraction = '', suffix = ''} = groups;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(`0${whole}${fraction}`);
  const power = BINARY[suffix];
  const exponent = /^[eE]./.test(suffix) ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0);
  // An exponent may have ten digits: the number itself is never written out beyond what fits.
  if (Math.abs(exponent) > 1000) return undefined;
  const size = scaled(digits << (power ?? 0n), SCALE - fraction.length + exponent);
  return new Quantity(sign === '-' ? -size : size);
}

function quantityOf(text: string): Result {
  return (
    parseQuantity(text) ??
    new Fault(
      text === ''
        ? 'quantity: empty value'
        : "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )
  );
}

function integerOf({nanos}: Quantity): Result {
  if (nanos % NANO !== 0n) return new Fault('cannot convert value to integer');
  const value = nanos / NANO;
  return BigInt.asIntN(64, value) === value ? value : new Fault('cannot convert value to integer');
}

function order(a: Quantity, b: Quantity): bigint {
  return a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n;
}

/** Numbers can't grow without a bound by additions alone: each is as long as its longest operand, plus one bit. */
function combined(sign: bigint): readonly Overload[] {
  const name = 'kubernetes.Quantity';
  return [
    overload<[Quantity, Quantity]>(`${name}.(${name}): ${name}`, ([a, b]) => new Quantity(a.nanos + sign * b.nanos)),
    overload<[Quantity, bigint]>(`${name}.(int): ${name}`, ([a, b]) => new Quantity(a.nanos + sign * b * NANO)),
  ];
}

function walk([text]: readonly [string]): number {
  return Math.max(1, traversal(text.length));
}

function compared(name: string, holds: (order: bigint) => boolean): [string, readonly Overload[]] {
  return [
    name,
    [overload<[Quantity, Quantity]>('kubernetes.Quantity.(kubernetes.Quantity): bool', ([a, b]) => holds(order(a, b)))],
  ];
}

/** Kubernetes' quantity library. */
export const QUANTITY: Library = new Map<string, readonly Overload[]>([
  ['quantity', [overload<[string]>('(string): kubernetes.Quantity', ([text]) => quantityOf(text), walk)]],
  ['isQuantity', [overload<[string]>('(string): bool', ([text]) => parseQuantity(text) !== undefined, walk)]],
  ['sign', [overload<[Quantity]>('kubernetes.Quantity.(): int', ([a]) => order(a, new Quantity(0n)))]],
  ['isInteger', [overload<[Quantity]>('kubernetes.Quantity.(): bool', ([a]) => !(integerOf(a) instanceof Fault))]],
  ['asInteger', [overload<[Quantity]>('kubernetes.Quantity.(): int', ([a]) => integerOf(a))]],
  [
    'asApproximateFloat',
    [
      overload<[Quantity]>(
        'kubernetes.Quantity.(): double',
        ([a]) => Number(a.nanos / NANO) + Number(a.nanos % NANO) / Number(NANO),
      ),
    ],
  ],
  ['add', combined(1n)],
  ['sub', combined(-1n)],
  compared('isGreaterThan', (sign) => sign > 0n),
  compared('isLessThan', (sign) => sign < 0n),
  [
    'compareTo',
    [overload<[Quantity, Quantity]>('kubernetes.Quantity.(kubernetes.Quantity): int', ([a, b]) => order(a, b))],
  ],
]);
