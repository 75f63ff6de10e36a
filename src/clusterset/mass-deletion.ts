/** One export that a member no longer lists although it was accepted. */
export interface DeletionCandidate {
  readonly key: string;
  /** The Service behind it is gone too: somebody cleans up. */
  readonly serviceGone: boolean;
  readonly namespaceGone: boolean;
}

/** Deletions that are not believed yet; their imports stay. */
export interface HeldBack {
  /** When the latest of them was held, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly keys: ReadonlySet<string>;
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

export interface DeletionInput {
  readonly state: GuardState;
  /** Keys accepted until now, held ones included. */
  readonly before: ReadonlySet<string>;
  /** Every accepted key that is no longer listed, held ones included. */
  readonly missing: readonly DeletionCandidate[];
  readonly nowMs: number;
  /** The `Cluster` is being deleted or drained. */
  readonly clusterLeaving: boolean;
  /** When somebody last ran `isthmus confirm CLUSTER`. */
  readonly confirmedAtMs: number | undefined;
}

/**
 * Which deletions of one member are let through now and which are held back (design §5): an API server that answers with
 * a short list by fault, or was restored from a backup, must not take services down everywhere.
 *
 * Held is a fall of at least 10 exports and more than half of what the member exported, within 60 s, be it by one list or by
 * many single events. Of many events the first ones were already let through when the threshold is reached, and are gone:
 * they count, the rest is held. So fewer than 10 keys can be held, but a fall of fewer than 10 never is.
 *
 * Ways through: the Service or namespace is gone too (that export alone); the Cluster is leaving; a confirmation since, or up
 * to 60 s before, the fall; 10 minutes after the latest of them was held, unless nothing of the member's exports is left.
 * An export that is listed again is simply no longer missing.
 *
 * `released` and `held` together are exactly the missing keys.
 */
export function judgeDeletions(input: DeletionInput): {
  state: GuardState;
  released: ReadonlySet<string>;
  held: ReadonlySet<string>;
} {
  const {state, missing, nowMs} = input;
  const all = new Set(missing.map(({key}) => key));
  if (isMeant(input)) return {state: noFalls, released: all, held: new Set()};

  const falls = updateFalls(input, all);
  const fallen = new Set(falls.map(({key}) => key));
  const massive = isMassFall(input, fallen);
  const holdOver = state.held !== undefined && isHoldOver(state.held, input);
  const held = new Set<string>();
  for (const {key, serviceGone, namespaceGone} of missing) {
    if (serviceGone || namespaceGone) continue;
    const wasHeld = state.held?.keys.has(key) === true;
    if (wasHeld ? !holdOver : massive && fallen.has(key)) held.add(key);
  }
  const released = new Set([...all].filter((key) => !held.has(key)));
  return {state: {falls, held: toHeldBack(held, state, nowMs)}, released, held};
}

/** After it the count starts anew, or what is still to come would be held for what was meant. */
function isMeant({nowMs, clusterLeaving, confirmedAtMs}: DeletionInput): boolean {
  return clusterLeaving || (confirmedAtMs !== undefined && nowMs - confirmedAtMs <= WINDOW_MS);
}

/** Whether what was held until now is let through. What falls at this very moment is judged by itself. */
function isHoldOver(held: HeldBack, {before, missing, nowMs, confirmedAtMs}: DeletionInput): boolean {
  if (confirmedAtMs !== undefined && confirmedAtMs >= held.sinceMs) return true;
  // A restored backup looks like this, and nobody's list of nothing is evidence enough, however long it lasts.
  const everythingWent = missing.length >= before.size;
  return nowMs - held.sinceMs >= MAX_HOLD_MS && !everythingWent;
}

/** A hold that grows starts anew: a key held a moment ago must not fall with those held ten minutes ago. */
function toHeldBack(keys: ReadonlySet<string>, {held}: GuardState, nowMs: number): HeldBack | undefined {
  if (keys.size === 0) return undefined;
  const grew = [...keys].some((key) => held?.keys.has(key) !== true);
  return {sinceMs: held === undefined || grew ? nowMs : held.sinceMs, keys};
}

/** The falls of the last minute: without those that came back, with those that are missing for the first time. */
function updateFalls({state, before, nowMs}: DeletionInput, missing: ReadonlySet<string>): GuardState['falls'] {
  const recent = state.falls.filter(
    ({atMs, key}) => nowMs - atMs <= WINDOW_MS && (missing.has(key) || !before.has(key)),
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
