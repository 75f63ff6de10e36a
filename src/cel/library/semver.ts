import {Fault, Opaque} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {CelType} from '../types.ts';
import type {Result} from '../values.ts';
import {opaqueType} from '../types.ts';
import {overload} from '../signature.ts';
import {traversal} from '../meter.ts';

const TYPE = opaqueType('kubernetes.Semver') as Extract<CelType, {kind: 'opaque'}>;

interface Parts {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];
}

/** A semantic version (semver.org 2.0.0); build metadata has no part in the order. */
class Semver extends Opaque {
  readonly type = TYPE;
  readonly parts: Parts;

  constructor(parts: Parts) {
    super();
    this.parts = parts;
  }

  equals(other: Opaque): boolean {
    return other instanceof Semver && order(this, other) === 0n;
  }
}

const NUMBER = String.raw`0|[1-9]\d{0,19}`;
const IDENTIFIER = String.raw`0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*`;
const FORM = new RegExp(
  String.raw`^(?<major>${NUMBER})\.(?<minor>${NUMBER})\.(?<patch>${NUMBER})(?:-(?<pre>(?:${IDENTIFIER})(?:\.(?:${IDENTIFIER}))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$`,
);

/** `normalize`: a leading v, leading zeros and missing minor or patch numbers are forgiven. */
function normalized(text: string): string {
  const match = /^v?(?<core>[^-+]*)(?<rest>.*)$/s.exec(text)?.groups ?? {};
  const numbers = (match['core'] ?? '').split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (numbers.length < 3) numbers.push('0');
  return numbers.join('.') + (match['rest'] ?? '');
}

function parseSemver(text: string, lenient: boolean): Semver | undefined {
  if (text.length > 1000) return undefined;
  const groups = FORM.exec(lenient ? normalized(text) : text)?.groups;
  if (groups === undefined) return undefined;
  const {major = '0', minor = '0', patch = '0', pre = ''} = groups;
  const numbers = [BigInt(major), BigInt(minor), BigInt(patch)] as const;
  return numbers.some((each) => each >= 2n ** 63n)
    ? undefined
    : new Semver({numbers, prerelease: pre === '' ? [] : pre.split('.')});
}

function orderIdentifiers(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** semver.org 2.0.0, section 11. */
function order(a: Semver, b: Semver): bigint {
  for (const [index, number] of a.parts.numbers.entries()) {
    const other = b.parts.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1n : 1n;
  }
  const [left, right] = [a.parts.prerelease, b.parts.prerelease];
  if (left.length === 0 || right.length === 0) return BigInt(Math.sign(right.length - left.length));
  for (const [index, identifier] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1n;
    const sign = orderIdentifiers(identifier, other);
    if (sign !== 0) return BigInt(Math.sign(sign));
  }
  return left.length < right.length ? -1n : 0n;
}

function semverOf(text: string, lenient: boolean): Result {
  return parseSemver(text, lenient) ?? new Fault('No Major.Minor.Patch elements found');
}

function walk([text]: readonly [string, ...boolean[]]): number {
  return Math.max(1, traversal(text.length));
}

function number(name: string, index: 0 | 1 | 2): [string, readonly Overload[]] {
  return [name, [overload<[Semver]>('kubernetes.Semver.(): int', ([{parts}]) => parts.numbers[index])]];
}

function compared(name: string, result: string, read: (order: bigint) => Result): [string, readonly Overload[]] {
  return [
    name,
    [overload<[Semver, Semver]>(`kubernetes.Semver.(kubernetes.Semver): ${result}`, ([a, b]) => read(order(a, b)))],
  ];
}

/** Kubernetes' semver library, version 1. */
export const SEMVER: Library = new Map<string, readonly Overload[]>([
  [
    'semver',
    [
      overload<[string]>('(string): kubernetes.Semver', ([text]) => semverOf(text, false), walk),
      overload<[string, boolean]>(
        '(string, bool): kubernetes.Semver',
        ([text, lenient]) => semverOf(text, lenient),
        walk,
      ),
    ],
  ],
  [
    'isSemver',
    [
      overload<[string]>('(string): bool', ([text]) => parseSemver(text, false) !== undefined, walk),
      overload<[string, boolean]>(
        '(string, bool): bool',
        ([text, lenient]) => parseSemver(text, lenient) !== undefined,
        walk,
      ),
    ],
  ],
  number('major', 0),
  number('minor', 1),
  number('patch', 2),
  compared('isGreaterThan', 'bool', (sign) => sign > 0n),
  compared('isLessThan', 'bool', (sign) => sign < 0n),
  compared('compareTo', 'int', (sign) => sign),
]);
