/** What one replica knows when it decides about one member's Lease. */
export interface TurnSituation {
  readonly own: string;
  /** It is the one that {@link chooseReplica} gives; undefined: this replica can't tell, because it doesn't see the hub's API. */
  readonly chosen: string | undefined;
  /** In the Lease, as this replica last saw it; empty: nobody. */
  readonly holder: string;
  /** The replica that asks for it in the Lease. */
  readonly wantedBy: string | undefined;
  readonly isHeld: boolean;
  /** This replica could begin to write now: it has read what there is. */
  readonly isReady: boolean;
}

/**
 * `give`: write no more, and release it. `ask`: say in the Lease that this replica should have it. `keep`: go on as it is.
 */
export type Turn = 'give' | 'ask' | 'keep';

/**
 * A Lease changes hands only where the next one asks for it, in the Lease itself: so it is sure that this one is alive, reaches the
 * member and is ready. A holder that doesn't see the hub's API can't tell who is chosen; but who asks does see it, and knows of
 * Clusters and policies what the holder can't. Where nobody asks, because none of them sees the hub's API, everything stays.
 */
export function decideTurn({own, chosen, holder, wantedBy, isHeld, isReady}: TurnSituation): Turn {
  if (isHeld) {
    if (wantedBy === undefined || wantedBy === own) return 'keep';
    return chosen === undefined || chosen === wantedBy ? 'give' : 'keep';
  }
  const isElsewhere = holder !== '' && holder !== own;
  return chosen === own && isReady && isElsewhere && wantedBy !== own ? 'ask' : 'keep';
}

/**
 * Whether a Lease that nobody holds, or whose holder has died, may be taken. The chosen one takes it at once. Any other does after
 * some patience: the chosen one may not reach this member, or be held up, and a member that one replica reaches is written to. One that
 * couldn't begin leaves it to those that can.
 *
 * @param freeForMs - how long this replica has seen nobody hold it
 */
export function mayTake(
  {own, chosen, isReady}: Pick<TurnSituation, 'own' | 'chosen' | 'isReady'>,
  {freeForMs, patienceMs}: {readonly freeForMs: number; readonly patienceMs: number},
): boolean {
  return isReady && (chosen === own || freeForMs >= patienceMs);
}

/**
 * What is left of a wish in a Lease when its holder renews it. One of a replica that asked too early, or is gone, would be obeyed much
 * later: when the holder can't tell any more who is chosen.
 */
export function keptWish(
  wantedBy: string | undefined,
  {own, chosen}: Pick<TurnSituation, 'own' | 'chosen'>,
): string | undefined {
  if (wantedBy === own) return undefined;
  return chosen === undefined || chosen === wantedBy ? wantedBy : undefined;
}
