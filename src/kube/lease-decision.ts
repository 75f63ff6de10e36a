import {toMicroTime} from '../api/meta.ts';
import type {Lease} from '../api/kinds.ts';

/** A state of the lease, and when *we* first saw it: clocks of other machines are not compared with ours. */
export interface ObservedLease {
  readonly state: string;
  /** Of our monotonic clock. */
  readonly atMs: number;
}

/** Someone may write what they like into a lease; nobody waits longer for it than this. */
const MAX_DURATION_MS = 3_600_000;

/** Keeps the time of the first sight as long as holder and renewal are the same. */
export function observe(before: ObservedLease | undefined, lease: Lease, nowMs: number): ObservedLease {
  const {holderIdentity = '', renewTime = '', acquireTime = '', leaseTransitions = 0} = lease.spec ?? {};
  const state = JSON.stringify([holderIdentity, renewTime, acquireTime, leaseTransitions]);
  return before?.state === state ? before : {state, atMs: nowMs};
}

/**
 * `renew`: it is ours. `take`: nobody holds it, or its holder has not renewed it for its whole duration, as we observed.
 * `wait`: somebody holds it.
 */
export function decideLease(input: {
  readonly lease: Lease;
  readonly observed: ObservedLease;
  readonly identity: string;
  /** It has our identity in it, but is another process' with the same one. */
  readonly isTwins?: boolean;
  /** For a lease that says no duration. */
  readonly leaseDurationMs: number;
  readonly nowMs: number;
}): 'renew' | 'take' | 'wait' {
  const {holderIdentity = '', leaseDurationSeconds} = input.lease.spec ?? {};
  if (holderIdentity === input.identity && input.isTwins !== true) return 'renew';
  if (holderIdentity === '') return 'take';
  const saidMs = typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1_000 : input.leaseDurationMs;
  const durationMs = Math.min(Math.max(saidMs, 0), MAX_DURATION_MS);
  return input.nowMs - input.observed.atMs >= durationMs ? 'take' : 'wait';
}

/** The spec to write when renewing, or when taking it over from `before`. */
export function nextLeaseSpec(
  before: Lease['spec'],
  o: {
    readonly identity: string;
    readonly leaseDurationMs: number;
    readonly wallMs: number;
    /** As for {@link decideLease}: to take that one is a transition. */
    readonly isTwins?: boolean;
  },
): NonNullable<Lease['spec']> {
  const now = toMicroTime(o.wallMs);
  const isRenewal = before?.holderIdentity === o.identity && o.isTwins !== true;
  const transitions = before?.leaseTransitions ?? 0;
  return {
    ...before,
    holderIdentity: o.identity,
    leaseDurationSeconds: Math.max(1, Math.ceil(o.leaseDurationMs / 1_000)),
    renewTime: now,
    acquireTime: isRenewal ? (before.acquireTime ?? now) : now,
    leaseTransitions: before === undefined || isRenewal ? transitions : transitions + 1,
  };
}
