import {RE2JS} from 're2js';
import {Fault} from './values.ts';
import {MAX_PATTERN_SIZE} from './limits.ts';
import type {Meter} from './meter.ts';

/** Compiled patterns that are small enough to keep; rules match the same few again and again. */
const KEPT = new Map<string, RE2JS>();
const MOST_KEPT = 200;
const LARGEST_KEPT = 2000;

/**
 * An upper bound of a pattern's program: its length, and once more for each counted repetition. RE2 itself refuses counts over 1000,
 * nested ones by their product.
 */
function sizeOf(pattern: string): number {
  let copies = 1;
  for (const match of pattern.matchAll(/\{(?<least>\d{1,5})(?:,(?<most>\d{0,5}))?\}/g)) {
    copies += Math.max(Number(match.groups?.['least'] ?? '0'), Number(match.groups?.['most'] ?? '0'));
  }
  return pattern.length * copies;
}

/** The pattern as RE2 understands it (no backreferences, no lookaround): matching is linear in the text. Or RE2's complaint. */
export function compilePattern(pattern: string): RE2JS | string {
  const kept = KEPT.get(pattern);
  if (kept !== undefined) return kept;
  const size = sizeOf(pattern);
  if (size > MAX_PATTERN_SIZE) return 'error parsing regexp: expression too large';
  try {
    const compiled = RE2JS.compile(pattern);
    if (size <= LARGEST_KEPT) {
      if (KEPT.size >= MOST_KEPT) KEPT.clear();
      KEPT.set(pattern, compiled);
    }
    return compiled;
  } catch (error) {
    return error instanceof Error ? error.message : 'error parsing regexp';
  }
}

/** Charges for compiling and for matching a text of this length, then gives the pattern. */
export function chargedPattern(pattern: string, textLength: number, meter: Meter): RE2JS | Fault {
  const size = sizeOf(pattern);
  const match = Math.ceil((1 + textLength) * 0.1) * Math.ceil(size * 0.25);
  const spent = meter.charge(match + (size > LARGEST_KEPT ? 2 * size : 0));
  if (spent !== undefined) return spent;
  const compiled = compilePattern(pattern);
  return typeof compiled === 'string' ? new Fault(compiled) : compiled;
}
