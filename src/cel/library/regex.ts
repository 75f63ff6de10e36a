import {ArrayList, Fault} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {Meter} from '../meter.ts';
import type {Result} from '../values.ts';
import {chargedPattern} from '../pattern.ts';
import {overload} from '../signature.ts';

function matches(text: string, pattern: string, meter: Meter): Result {
  const compiled = chargedPattern(pattern, text.length, meter);
  return compiled instanceof Fault ? compiled : compiled.test(text);
}

function find(text: string, pattern: string, meter: Meter): Result {
  const compiled = chargedPattern(pattern, text.length, meter);
  if (compiled instanceof Fault) return compiled;
  const matcher = compiled.matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

/** Every search goes on behind the last match; each is charged, for a pattern may read to the end of the text every time. */
function findAll(text: string, pattern: string, limit: bigint, meter: Meter): Result {
  const compiled = chargedPattern(pattern, text.length, meter);
  if (compiled instanceof Fault) return compiled;
  const matcher = compiled.matcher(text);
  const found: string[] = [];
  const most = limit < 0n ? Infinity : Number(limit);
  while (found.length < most && matcher.find()) {
    const spent = meter.charge(1 + (text.length - matcher.start()) * 0.8);
    if (spent !== undefined) return spent;
    found.push(matcher.group() ?? '');
  }
  return new ArrayList(found);
}

/** `matches`, and Kubernetes' `find` and `findAll`. All are RE2. Costs are charged where the pattern's size is known. */
export const REGEX: Library = new Map<string, readonly Overload[]>([
  [
    'matches',
    [
      overload<[string, string]>(
        'string.(string): bool',
        ([text, pattern], meter) => matches(text, pattern, meter),
        () => 0,
      ),
      overload<[string, string]>(
        '(string, string): bool',
        ([text, pattern], meter) => matches(text, pattern, meter),
        () => 0,
      ),
    ],
  ],
  [
    'find',
    [
      overload<[string, string]>(
        'string.(string): string',
        ([text, pattern], meter) => find(text, pattern, meter),
        () => 0,
      ),
    ],
  ],
  [
    'findAll',
    [
      overload<[string, string]>(
        'string.(string): list<string>',
        ([text, pattern], meter) => findAll(text, pattern, -1n, meter),
        () => 0,
      ),
      overload<[string, string, bigint]>(
        'string.(string, int): list<string>',
        ([text, pattern, limit], meter) => findAll(text, pattern, limit, meter),
        () => 0,
      ),
    ],
  ],
]);
