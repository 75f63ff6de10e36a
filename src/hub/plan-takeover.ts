import type {Lease} from '../api/kinds.ts';
import {EPOCH_ANNOTATION, WANTED_BY_ANNOTATION} from '../api/names.ts';
import {epochOf} from './member-admission.ts';

/**
 * The epoch that a hub has from now on. It is higher than any that a member has seen, because that is what an old hub stops at; where
 * this hub took over before, and nobody did since, it keeps the one that it has, so that the command can be run again.
 *
 * @param stored - of this hub; undefined: it never took over
 * @param seen - in the members that answered, 0 where there was none
 */
export function planEpoch(stored: number | undefined, seen: readonly number[]): number {
  const highest = Math.max(1, ...seen);
  return stored !== undefined && stored >= highest ? stored : highest + 1;
}

/**
 * `raise`: no hub has renewed the Lease for as long as it was watched. `alive`: one has. `done`: it has this epoch already.
 * `never`: no hub was ever there.
 */
export type TakeoverVerdict = 'raise' | 'alive' | 'done' | 'never';

/** What is to be done about one member. @param wasRenewed - the Lease changed while it was watched */
export function judgeTakeover(
  lease: Lease | undefined,
  {epoch, wasRenewed}: {readonly epoch: number; readonly wasRenewed: boolean},
): TakeoverVerdict {
  if (lease === undefined) return 'never';
  if (epochOf(lease) >= epoch) return 'done';
  return wasRenewed ? 'alive' : 'raise';
}

/**
 * The Lease with the new epoch, held by nobody: the new hub takes it at its next look. Its resourceVersion stays, so that a hub that
 * renews it in between is noticed.
 */
export function raisedLease(lease: Lease, epoch: number): Lease {
  const {[WANTED_BY_ANNOTATION]: _, ...annotations} = lease.metadata.annotations ?? {};
  return {
    ...lease,
    metadata: {...lease.metadata, annotations: {...annotations, [EPOCH_ANNOTATION]: String(epoch)}},
    spec: {...lease.spec, holderIdentity: ''},
  };
}
