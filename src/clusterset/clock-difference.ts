/** Export ages decide conflicts (KEP-1645), so that a clock that is wrong by more makes the wrong one win (design §5). */
export const MAX_CLOCK_DIFFERENCE_MS = 2_000;

/** A clock against a third one: how far it is ahead, and by how much that may be wrong. Milliseconds. */
export interface MeasuredClock {
  readonly aheadMs: number;
  readonly errorMs: number;
}

/** How two clocks go, as far as it could be measured. `Unknown`: one of them said nothing. */
export type ClockVerdict =
  | {readonly verdict: 'Close' | 'Apart'; readonly differenceMs: number; readonly errorMs: number}
  | {readonly verdict: 'Unknown'};

/** Compares two clocks that were measured against the same third one. `differenceMs` is positive where `a` is ahead. */
export function compareClocks(a: MeasuredClock | undefined, b: MeasuredClock | undefined): ClockVerdict {
  if (a === undefined || b === undefined) return {verdict: 'Unknown'};
  const differenceMs = Math.round(a.aheadMs - b.aheadMs);
  const errorMs = Math.round(a.errorMs + b.errorMs);
  const verdict = Math.abs(differenceMs) > MAX_CLOCK_DIFFERENCE_MS ? 'Apart' : 'Close';
  return {verdict, differenceMs, errorMs};
}
