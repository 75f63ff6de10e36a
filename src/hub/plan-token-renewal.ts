import type {TokenLifetime} from '../kube/token-lifetime.ts';
import type {Opinion} from './plan-cluster-status.ts';

/** As long as design §10 wants it; an API server may grant less. */
export const TOKEN_DAYS = 90;
const HOUR_MS = 3_600_000;
/** A renewal that failed is tried again so often in what is left, but not oftener than this and not more seldom than that. */
const TRIES_IN_A_LIFE = 50;
const MIN_AGAIN_MS = 10_000;
/** Not again so soon after it was renewed, in parts of its life: a clock may be wrong, that time has passed is not. */
const RESTS_FOR_PART = 1 / 4;
/** An API server that grants seconds is not asked all the time. */
const MIN_REST_MS = 60_000;

export interface TokenSituation {
  /** Undefined: it never expires, or nobody can tell when. */
  readonly lifetime: TokenLifetime | undefined;
  /** Why the hub can't renew it; undefined: it can try. */
  readonly obstacle: string | undefined;
  /** Why the last attempt to renew this very token failed. */
  readonly failure: string | undefined;
  /** Since this replica put another token in the place of one of this member; undefined: it never did. */
  readonly renewedAgoMs?: number | undefined;
  /** By the clock of the API server that made the token, which wrote its times. */
  readonly nowMs: number;
}

export interface TokenPlan {
  readonly do: 'renew' | 'wait';
  /** When to look again, milliseconds from now. */
  readonly againMs: number;
  /** Undefined: there is nothing to say about it. */
  readonly opinion: Opinion | undefined;
}

/**
 * What is due for the token that the hub has for a member (design §10): renewed at half of its time; where that fails it is said at
 * once, half of its time before it matters; where it can't be done at all, people are warned when a third is left.
 */
export function planTokenRenewal({lifetime, obstacle, failure, renewedAgoMs, nowMs}: TokenSituation): TokenPlan {
  if (lifetime === undefined) return {do: 'wait', againMs: HOUR_MS, opinion: undefined};
  const {issuedAtMs, expiresAtMs} = lifetime;
  const lifeMs = expiresAtMs - issuedAtMs;
  const halfMs = issuedAtMs + lifeMs / 2;
  const warnMs = expiresAtMs - lifeMs / 3;
  const until = nowMs >= expiresAtMs ? `Expired at ${timeText(expiresAtMs)}.` : `Good until ${timeText(expiresAtMs)}.`;
  if (obstacle !== undefined) {
    const message = `${until} The hub doesn't renew it: ${obstacle}. Replace it before, or run isthmus join again.`;
    const reason = nowMs >= warnMs ? 'Expiring' : 'NotRenewable';
    return {do: 'wait', againMs: within(warnMs - nowMs), opinion: {status: 'False', reason, message}};
  }
  if (nowMs < halfMs) {
    const message = `${until} The hub renews it from ${timeText(halfMs)} on.`;
    return {do: 'wait', againMs: within(halfMs - nowMs), opinion: {status: 'True', reason: 'Bound', message}};
  }
  const restsForMs = Math.max(MIN_REST_MS, Math.min(HOUR_MS, lifeMs * RESTS_FOR_PART));
  const restMs = restsForMs - (renewedAgoMs ?? Infinity);
  if (restMs > 0) {
    const message = `${until} The hub has renewed it a short time ago.`;
    return {do: 'wait', againMs: restMs, opinion: {status: 'True', reason: 'Bound', message}};
  }
  const againMs = Math.min(HOUR_MS, Math.max(MIN_AGAIN_MS, lifeMs / TRIES_IN_A_LIFE));
  if (failure === undefined) return {do: 'renew', againMs, opinion: undefined};
  const reason = nowMs >= warnMs ? 'Expiring' : 'RenewalFailed';
  const message = `${until} It could not be renewed, and is tried again: ${failure}. Run isthmus join again where that lasts.`;
  return {do: 'renew', againMs, opinion: {status: 'False', reason, message}};
}

/** A clock may be set meanwhile, so it is looked at every hour at least. */
function within(ms: number): number {
  return ms <= 0 ? HOUR_MS : Math.min(HOUR_MS, ms);
}

/** Whole minutes: the sentence stays the same however it is come by. */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}
