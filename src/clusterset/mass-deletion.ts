/** One export that a member no longer lists although it was accepted. */
export interface DeletionCandidate {
  readonly key: string;
  /** The Service behind it is gone too: somebody cleans up. */
  readonly serviceGone: boolean;
  readonly namespaceGone: boolean;
  /** It was missing, and can't be observed just now: it may be back. */
  readonly unknown?: true;
}

/** Deletions that are not believed yet; their imports stay. */
export interface HeldBack {
  /** When the latest of them was held, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly keys: ReadonlySet<string>;
  /** Of those that were held before the latest: when. */
  readonly earlier?: ReadonlyMap<string, number>;
}

/** What has to be remembered of one member between two observations. Plain data: the hub keeps it in a ConfigMap. */
export interface GuardState {
  /** When each export went missing, let through or held; the last minute only. */
  readonly falls: readonly {readonly atMs: number; readonly key: string}[];
  readonly held: HeldBack | undefined;
}

export const noFalls: GuardState = {falls: [], held: undefined};

const WINDOW_MS = 60_000;
const MIN_FALL = 10;
const MAX_HOLD_MS = 600_000;
/** So far a clock may be ahead that somebody reads the time of a confirmation from. */
const CLOCK_MARGIN_MS = 5_000;
/** Replicas see one fall at about the same time, and each dates it by its own clock. */
const REPLICAS_APART_MS = 60_000;
/** Time enough for the replica that decides to see the same fall and write it down. */
const DECIDER_LATE_MS = 15_000;

export interface DeletionInput {
  readonly state: GuardState;
  /** Keys accepted until now, held ones included. */
  readonly before: ReadonlySet<string>;
  /** Every accepted key that is no longer listed, held ones included. */
  readonly missing: readonly DeletionCandidate[];
  readonly nowMs: number;
  /** The `Cluster` is being deleted or drained. */
  readonly clusterLeaving: boolean;
  /** Until when somebody confirmed what is held back (`isthmus confirm CLUSTER`). */
  readonly confirmedAtMs: number | undefined;
  /** What another replica of the hub holds back, which decides for the member; absent: this one decides. */
  readonly decider?: {readonly held: HeldBack | undefined} | undefined;
}

/**
 * Which deletions of one member are let through now and which are held back (design §5): an API server that answers with
 * a short list by fault, or was restored from a backup, must not take services down everywhere.
 *
 * Held is a fall of at least 10 exports and more than half of what the member exported, within 60 s, be it by one list or by
 * many single events. Of many events the first ones were already let through when the threshold is reached, and are gone:
 * they count, the rest is held. So fewer than 10 keys can be held, but a fall of fewer than 10 never is.
 *
 * Ways through: the Service or namespace is gone too (that export alone); the Cluster is leaving; a confirmation of a time at
 * which that very export was held already; 10 minutes after the latest of them was held, unless nothing of the member's
 * exports is left. An export that is listed again is simply no longer missing.
 *
 * Replicas read events in portions of their own, so each may hold others of one fall. What the one that decides has let
 * through, the others let through after a confirmation, or 10 minutes after they held it: nobody is asked about it again.
 *
 * `released` and `held` together are exactly the missing keys.
 */
export function judgeDeletions(input: DeletionInput): {
  state: GuardState;
  released: ReadonlySet<string>;
  held: ReadonlySet<string>;
} {
  const {state, missing, clusterLeaving, nowMs} = input;
  const all = new Set(missing.map(({key}) => key));
  // What is still to come of a Cluster that leaves is no fall.
  const falls = clusterLeaving ? [] : updateFalls(input, all);
  const fallen = new Set(falls.map(({key}) => key));
  const massive = isMassFall(input, fallen);
  const held = new Set<string>();
  for (const {key, serviceGone, namespaceGone, unknown} of missing) {
    if (unknown === true) held.add(key);
    else if (clusterLeaving || serviceGone || namespaceGone) continue;
    else if (state.held?.keys.has(key) === true ? !isHoldOver(key, state.held, input) : massive && fallen.has(key))
      held.add(key);
  }
  const released = new Set([...all].filter((key) => !held.has(key)));
  return {state: {falls, held: toHeldBack(held, state, nowMs)}, released, held};
}

/** A time that is still to come confirms nothing: whoever wrote it can't have seen what will be held until then. */
export function isAheadOf(nowMs: number, confirmedAtMs: number): boolean {
  return confirmedAtMs > nowMs + CLOCK_MARGIN_MS;
}

/** Whether a key that was held until now is let through. What falls at this very moment is judged by itself. */
function isHoldOver(key: string, held: HeldBack, input: DeletionInput): boolean {
  const {before, missing, nowMs, decider} = input;
  if (isConfirmed(key, held, input)) return true;
  const isDecided = decider !== undefined && decider.held?.keys.has(key) !== true;
  // A restored backup looks like this, and nobody's list of nothing is evidence enough, however long it lasts.
  const everythingWent = missing.length >= before.size;
  return nowMs - held.sinceMs >= MAX_HOLD_MS && (!everythingWent || isDecided);
}

/** What was held later than the confirmed time was shown to nobody. */
function isConfirmed(key: string, held: HeldBack, {confirmedAtMs, nowMs, decider}: DeletionInput): boolean {
  if (confirmedAtMs === undefined || isAheadOf(nowMs, confirmedAtMs)) return false;
  const ownMs = heldSince(held, key) ?? nowMs;
  if (decider === undefined) return ownMs <= confirmedAtMs;
  // The time that was confirmed is of its clock, and of what it showed.
  const decidersMs = decider.held && heldSince(decider.held, key);
  if (decidersMs !== undefined) return decidersMs <= confirmedAtMs;
  return ownMs <= confirmedAtMs + REPLICAS_APART_MS && nowMs - ownMs >= DECIDER_LATE_MS;
}

/** Milliseconds since the epoch; undefined: it is not held. */
function heldSince({sinceMs, keys, earlier}: HeldBack, key: string): number | undefined {
  return keys.has(key) ? (earlier?.get(key) ?? sinceMs) : undefined;
}

/** A hold that grows starts anew: a key held a moment ago must not fall with those held ten minutes ago. */
function toHeldBack(keys: ReadonlySet<string>, {held}: GuardState, nowMs: number): HeldBack | undefined {
  if (keys.size === 0) return undefined;
  const dates = new Map([...keys].map((key) => [key, (held && heldSince(held, key)) ?? nowMs]));
  const sinceMs = [...dates.values()].reduce((latest, ms) => Math.max(latest, ms));
  const earlier = new Map([...dates].filter(([, ms]) => ms < sinceMs));
  return {sinceMs, keys, ...(earlier.size === 0 ? {} : {earlier})};
}

/**
 * The falls of the last minute: without those that came back, with those that are missing for the first time. After a confirmation
 * the count starts anew, or what is still to come would be held for what was meant.
 */
function updateFalls(input: DeletionInput, missing: ReadonlySet<string>): GuardState['falls'] {
  const {state, before, nowMs, confirmedAtMs = -Infinity} = input;
  // By a clock that is ahead the guard must not be off until then.
  const meantUntilMs = confirmedAtMs > nowMs ? -Infinity : confirmedAtMs;
  const recent = state.falls.filter(
    ({atMs, key}) => nowMs - atMs <= WINDOW_MS && atMs > meantUntilMs && (missing.has(key) || !before.has(key)),
  );
  const known = new Set([...recent.map(({key}) => key), ...(state.held?.keys ?? [])]);
  const fresh = [...missing].filter((key) => !known.has(key)).map((key) => ({atMs: nowMs, key}));
  return [...recent, ...fresh];
}

/** Keys held for longer than the window are no longer part of what the member exports, nor of the fall. */
function isMassFall({state, before}: DeletionInput, fallen: ReadonlySet<string>): boolean {
  const exported = new Set([...before, ...fallen]);
  for (const key of state.held?.keys ?? []) if (!fallen.has(key)) exported.delete(key);
  return fallen.size >= MIN_FALL && fallen.size * 2 > exported.size;
}
