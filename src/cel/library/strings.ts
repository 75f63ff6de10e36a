import {ArrayList, Fault, valueTypeName} from '../values.ts';
import type {CelList, CelValue, Result} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import {MAX_ENTRIES, MAX_STRING_LENGTH} from '../limits.ts';
import type {Meter} from '../meter.ts';
import {codePoints} from './conversion.ts';
import {formatString, quoteString} from './format-string.ts';
import {overload} from '../signature.ts';
import {traversal} from '../meter.ts';

/** Positions count code points; plain strings, the common case, need no splitting. */
function isPlain(text: string): boolean {
  return codePoints(text) === text.length;
}

function slice(text: string, from: number, to: number): string {
  return isPlain(text) ? text.slice(from, to) : Array.from(text).slice(from, to).join('');
}

function charAt(text: string, index: bigint): Result {
  const size = codePoints(text);
  if (index < 0n || index > BigInt(size)) return new Fault(`index out of range: ${index}`);
  return slice(text, Number(index), Number(index) + 1);
}

/** A UTF-16 offset as a position, and back. */
function positionOf(text: string, offset: number): bigint {
  return offset === -1 ? -1n : BigInt(codePoints(text.slice(0, offset)));
}

function offsetOf(text: string, position: bigint): number {
  return slice(text, 0, Number(position)).length;
}

function indexOf(text: string, part: string, from: bigint): Result {
  if (from < 0n || from > BigInt(codePoints(text))) return new Fault(`index out of range: ${from}`);
  return positionOf(text, text.indexOf(part, offsetOf(text, from)));
}

function lastIndexOf(text: string, part: string, from: bigint | undefined): Result {
  if (from === undefined) return positionOf(text, text.lastIndexOf(part));
  if (from < 0n || from > BigInt(codePoints(text))) return new Fault(`index out of range: ${from}`);
  return positionOf(text, text.lastIndexOf(part, offsetOf(text, from)));
}

function substring(text: string, from: bigint, to: bigint | undefined): Result {
  const size = BigInt(codePoints(text));
  const end = to ?? size;
  if (from < 0n || from > size) return new Fault(`index out of range: ${from}`);
  if (end < 0n || end > size) return new Fault(`index out of range: ${end}`);
  if (from > end) return new Fault(`invalid substring range. start: ${from}, end: ${end}`);
  return slice(text, Number(from), Number(end));
}

function pieces(text: string, separator: string): string[] {
  return separator === '' ? Array.from(text) : text.split(separator);
}

/** Occurrences may be as many as characters and each may grow: the size is known before anything is built. */
function replace(text: string, [from, to]: readonly [string, string], limit: bigint, meter: Meter): Result {
  if (limit === 0n) return text;
  const parts = pieces(text, from);
  const gaps = from === '' ? parts.length + 1 : parts.length - 1;
  const count = limit < 0n || limit > BigInt(gaps) ? gaps : Number(limit);
  const size = text.length + count * (to.length - from.length);
  if (size > MAX_STRING_LENGTH) return new Fault('string is too long');
  const spent = meter.charge(traversal(Math.max(size, 0)) + traversal(parts.length));
  if (spent !== undefined) return spent;
  if (from === '')
    return parts.map((part, index) => (index < count ? to : '') + part).join('') + (count > parts.length ? to : '');
  return (
    parts.slice(0, count + 1).join(to) +
    parts
      .slice(count + 1)
      .map((part) => from + part)
      .join('')
  );
}

/** Go's SplitN: n < 0 is all, 0 none, else the last piece keeps the rest. */
function split(text: string, separator: string, limit: bigint, meter: Meter): Result {
  if (limit === 0n) return new ArrayList([]);
  const parts = pieces(text, separator);
  if (parts.length > MAX_ENTRIES) return new Fault(`list or map has more than ${MAX_ENTRIES} entries`);
  const spent = meter.charge(traversal(parts.length));
  if (spent !== undefined) return spent;
  if (limit < 0n || limit >= BigInt(parts.length)) return new ArrayList(parts);
  const kept = Number(limit);
  return new ArrayList([...parts.slice(0, kept - 1), parts.slice(kept - 1).join(separator)]);
}

function join(list: CelList, separator: string, meter: Meter): Result {
  const spent = meter.charge(1 + traversal(list.size));
  if (spent !== undefined) return spent;
  const parts: string[] = [];
  let size = 0;
  for (let index = 0; index < list.size; index += 1) {
    const part = list.at(index);
    if (part instanceof Fault) return part;
    if (typeof part !== 'string') return new Fault(`join: invalid input: ${valueTypeName(part)}`);
    size += part.length + separator.length;
    if (size > MAX_STRING_LENGTH) return new Fault('string is too long');
    parts.push(part);
  }
  return meter.charge(traversal(size * 2)) ?? parts.join(separator);
}

/** Unicode white space as Go's unicode.IsSpace, which JavaScript's trim widens by U+FEFF. */
const SPACE = String.raw`[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
const LEADING = new RegExp(`^${SPACE}+`);

function trim(text: string): string {
  const space = new RegExp(SPACE);
  let end = text.length;
  while (end > 0 && space.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end).replace(LEADING, '');
}

function walk(factor: number): (args: readonly [string, ...CelValue[]]) => number {
  return ([text]) => Math.max(1, traversal(text.length * factor));
}

function crossed([text, part]: readonly [string, string, ...CelValue[]]): number {
  return Math.max(1, traversal(text.length) * Math.max(1, traversal(part.length)));
}

function prefixed([, part]: readonly [string, string]): number {
  return Math.max(1, traversal(part.length));
}

/** Strings: the language's own functions and version 2 of cel-go's extension, which is what Kubernetes has. */
export const STRINGS: Library = new Map<string, readonly Overload[]>([
  ['contains', [overload<[string, string]>('string.(string): bool', ([text, part]) => text.includes(part), crossed)]],
  [
    'startsWith',
    [overload<[string, string]>('string.(string): bool', ([text, part]) => text.startsWith(part), prefixed)],
  ],
  ['endsWith', [overload<[string, string]>('string.(string): bool', ([text, part]) => text.endsWith(part), prefixed)]],
  ['charAt', [overload<[string, bigint]>('string.(int): string', ([text, index]) => charAt(text, index), walk(1))]],
  [
    'indexOf',
    [
      overload<[string, string]>('string.(string): int', ([text, part]) => indexOf(text, part, 0n), crossed),
      overload<[string, string, bigint]>(
        'string.(string, int): int',
        ([text, part, from]) => indexOf(text, part, from),
        crossed,
      ),
    ],
  ],
  [
    'lastIndexOf',
    [
      overload<[string, string]>('string.(string): int', ([text, part]) => lastIndexOf(text, part, undefined), crossed),
      overload<[string, string, bigint]>(
        'string.(string, int): int',
        ([text, part, from]) => lastIndexOf(text, part, from),
        crossed,
      ),
    ],
  ],
  [
    'join',
    [
      overload<[CelList]>('list<string>.(): string', ([list], meter) => join(list, '', meter)),
      overload<[CelList, string]>('list<string>.(string): string', ([list, separator], meter) =>
        join(list, separator, meter),
      ),
    ],
  ],
  [
    'lowerAscii',
    [
      overload<[string]>(
        'string.(): string',
        ([text]) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase()),
        walk(1),
      ),
    ],
  ],
  [
    'upperAscii',
    [
      overload<[string]>(
        'string.(): string',
        ([text]) => text.replace(/[a-z]+/g, (part) => part.toUpperCase()),
        walk(1),
      ),
    ],
  ],
  [
    'replace',
    [
      overload<[string, string, string]>(
        'string.(string, string): string',
        ([text, from, to], meter) => replace(text, [from, to], -1n, meter),
        crossed,
      ),
      overload<[string, string, string, bigint]>(
        'string.(string, string, int): string',
        ([text, from, to, limit], meter) => replace(text, [from, to], limit, meter),
        crossed,
      ),
    ],
  ],
  [
    'split',
    [
      overload<[string, string]>(
        'string.(string): list<string>',
        ([text, separator], meter) => split(text, separator, -1n, meter),
        walk(2),
      ),
      overload<[string, string, bigint]>(
        'string.(string, int): list<string>',
        ([text, separator, limit], meter) => split(text, separator, limit, meter),
        walk(2),
      ),
    ],
  ],
  [
    'substring',
    [
      overload<[string, bigint]>('string.(int): string', ([text, from]) => substring(text, from, undefined), walk(1)),
      overload<[string, bigint, bigint]>(
        'string.(int, int): string',
        ([text, from, to]) => substring(text, from, to),
        walk(1),
      ),
    ],
  ],
  ['trim', [overload<[string]>('string.(): string', ([text]) => trim(text), walk(1))]],
  [
    'format',
    [
      overload<[string, CelList]>(
        'string.(list<dyn>): string',
        ([text, list], meter) => formatString(text, list, meter),
        walk(1),
      ),
    ],
  ],
  ['strings.quote', [overload<[string]>('(string): string', ([text]) => quoteString(text), walk(2))]],
]);
