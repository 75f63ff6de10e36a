import type {Lease} from '../api/kinds.ts';
import {EPOCH_ANNOTATION, HUB_ANNOTATION, HUB_LEASE} from '../api/names.ts';
import {IsthmusError} from '../errors.ts';

/** What a hub says of itself in the Lease of every member that it writes to. Its replicas say the same. */
export interface HubMark {
  /** Raised by `isthmus hub takeover`: of two hubs the one with the higher epoch may write. */
  readonly epoch: number;
  /** uid of `kube-system` of the hub's own cluster; undefined: the hub isn't let read it, and nothing is fenced. */
  readonly uid: string | undefined;
}

/** The epoch of the hub that writes to a member, as its Lease says it; 0 where it says none, NaN where it can't be read. */
export function epochOf(lease: Lease | undefined): number {
  return Number(lease?.metadata.annotations?.[EPOCH_ANNOTATION] ?? 0);
}

/**
 * Whether a hub may write this Lease, and so to its member (design §2, §3).
 *
 * `Own`: it may: there is none, its epoch is lower, or it is of the same hub. One that names no hub is of an older version and counts as
 * that too. `Passed`: the member has seen a higher epoch, or one that can't be read. `Other`: a hub of another cluster has written it in
 * the very same epoch; which of the two is to have the member is for people to say, by a takeover.
 */
export function claimOn(lease: Lease | undefined, {epoch, uid}: HubMark): 'Own' | 'Passed' | 'Other' {
  const seen = epochOf(lease);
  if (lease === undefined || seen < epoch) return 'Own';
  if (seen !== epoch) return 'Passed';
  const said = lease.metadata.annotations?.[HUB_ANNOTATION];
  return said === undefined || uid === undefined || said === uid ? 'Own' : 'Other';
}

/** That the Lease says this very hub in this very epoch: where nobody can tell, it doesn't. */
export function isMarkedBy(lease: Lease, {epoch, uid}: HubMark): boolean {
  return uid !== undefined && epochOf(lease) === epoch && lease.metadata.annotations?.[HUB_ANNOTATION] === uid;
}

/** A hub never writes to a member that is another one's. @throws IsthmusError ISTHMUS_HUB_EPOCH_PASSED, ISTHMUS_HUB_FENCED */
export function checkClaim(lease: Lease | undefined, mark: HubMark): void {
  const claim = claimOn(lease, mark);
  if (!Number.isFinite(epochOf(lease)))
    throw new IsthmusError('ISTHMUS_HUB_EPOCH_PASSED', unreadableEpochText(lease), {reason: 'EpochUnreadable'});
  if (claim === 'Passed') {
    throw new IsthmusError(
      'ISTHMUS_HUB_EPOCH_PASSED',
      `its Lease ${HUB_LEASE} says ${epochOf(lease)}, this hub has ${mark.epoch}. Another hub took over; stop this one.`,
      {reason: 'EpochPassed'},
    );
  }
  if (claim === 'Other') throw new IsthmusError('ISTHMUS_HUB_FENCED', otherHubText(lease, mark), {reason: 'OtherHub'});
}

/** That nobody can tell which hub the member is of, and what to do about it. */
export function unreadableEpochText(lease: Lease | undefined): string {
  const said = lease?.metadata.annotations?.[EPOCH_ANNOTATION]?.slice(0, 32);
  return (
    `${EPOCH_ANNOTATION} of its Lease ${HUB_LEASE} is "${said}", which can't be read, so it may be of a hub that took over. ` +
    `Nothing is written there. If no other hub has the member, remove the annotation.`
  );
}

/** Whose the Lease is, and what to do about it. */
export function otherHubText(lease: Lease | undefined, {epoch, uid}: HubMark): string {
  // Whoever may write the Lease wrote it, and the words end up in a condition.
  const said = lease?.metadata.annotations?.[HUB_ANNOTATION]?.slice(0, 64);
  return (
    `its Lease ${HUB_LEASE} is of the hub in another cluster (kube-system ${said}, here it is ${uid}), in the same epoch ${epoch}. ` +
    `Nothing is written there. If that hub is lost, stop this one, run isthmus hub takeover, then start this one again.`
  );
}

/** Written with each renewal. */
export function markAnnotations({epoch, uid}: HubMark): Readonly<Record<string, string | undefined>> {
  // A hub that doesn't know who it is must not write under another one's name: then it says none.
  return {[EPOCH_ANNOTATION]: String(epoch), [HUB_ANNOTATION]: uid};
}
