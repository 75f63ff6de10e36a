import type {ClusterView, ImportView} from './view.ts';

/** Drain is counted in thousandths, so that weights stay integers and every ramp is exact. */
export const DRAIN_PARTS = 1_000;

/**
 * How much of a cluster's weight for one import is drained, in thousandths: 0 nothing, 1000 all. `drain: true` is all;
 * `drainShare` is a ramp under way. A service may opt out (annotation `isthmus.dev/ignore-drain` on its export).
 */
export function drainedParts(cluster: ClusterView | undefined, imported: ImportView): number {
  if (cluster === undefined || imported.ignoreDrain?.includes(cluster.id) === true) return 0;
  if (cluster.drain) return DRAIN_PARTS;
  const share = cluster.drainShare ?? 0;
  // A share that can't be read drains nothing: a typo must not take a cluster out.
  return Number.isFinite(share) ? Math.round(Math.min(Math.max(share, 0), 1) * DRAIN_PARTS) : 0;
}

/** A drain, or its way back, over some time. Shares are 0 to 1, times milliseconds of one clock. */
export interface DrainRamp {
  readonly fromShare: number;
  readonly toShare: number;
  readonly startedAtMs: number;
  readonly overMs: number;
}

/** The drained share at a moment: linear, and never outside of the two ends. Turning back is a new ramp from this share. */
export function drainShareAt({fromShare, toShare, startedAtMs, overMs}: DrainRamp, nowMs: number): number {
  const passed = overMs <= 0 ? 1 : Math.min(Math.max((nowMs - startedAtMs) / overMs, 0), 1);
  return fromShare + (toShare - fromShare) * passed;
}
