import {drainShareAt} from './drain.ts';

/** What a Cluster says about its drain; the shape of its `spec`. Percents are of its weight. */
export interface DeclaredDrain {
  readonly drain?: boolean;
  readonly drainPercent?: number;
  readonly drainRamp?: {readonly startedAt: string; readonly overSeconds: number; readonly fromPercent?: number};
}

/** How much is drained at a moment, 0 to 100, and when that changes; undefined: not by itself. */
export interface DrainStep {
  readonly percent: number;
  readonly nextAtMs: number | undefined;
}

/** Each step is a write to every member (design §3), so a ramp has at most twenty. */
export const DRAIN_STEP_PERCENT = 5;

/**
 * How much of a cluster's weight is drained now. A function of the object and the time alone: a hub that restarts, or another
 * one, comes to the same. A ramp whose beginning can't be read is over; one that lies in the future has not begun.
 */
export function drainStepAt(declared: DeclaredDrain, nowMs: number): DrainStep {
  const to = declared.drain === true ? 100 : (declared.drainPercent ?? 0);
  const {startedAt = '', overSeconds = 0, fromPercent = 0} = declared.drainRamp ?? {};
  const startedAtMs = Date.parse(startedAt);
  const overMs = overSeconds * 1_000;
  const span = Math.abs(to - fromPercent);
  if (Number.isNaN(startedAtMs) || overMs <= 0 || span === 0 || nowMs >= startedAtMs + overMs) {
    return {percent: to, nextAtMs: undefined};
  }
  const moved = Math.abs(drainShareAt({fromShare: 0, toShare: span, startedAtMs, overMs}, nowMs));
  // Rounding must not keep a step from being reached at the very moment that was told for it.
  const steps = Math.floor(moved / DRAIN_STEP_PERCENT + 1e-6);
  const next = Math.min((steps + 1) * DRAIN_STEP_PERCENT, span);
  const percent = fromPercent + Math.sign(to - fromPercent) * steps * DRAIN_STEP_PERCENT;
  return {percent, nextAtMs: startedAtMs + Math.ceil((next / span) * overMs)};
}
