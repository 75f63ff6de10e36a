import type {Lease} from '../api/kinds.ts';
import {EPOCH_ANNOTATION, HUB_LEASE, WANTED_BY_ANNOTATION} from '../api/names.ts';
import {epochOf} from './member-admission.ts';

/** Far more than hubs ever get lost, and far from where adding one to a number changes nothing. */
const HIGHEST_EPOCH = 1e9;

/**
 * Whoever may write one member's Lease must not decide about the others: from what is no plausible epoch no next one is made, or every
 * member would get one that each hub refuses.
 *
 * @param stored - of this hub: what it has itself is plausible
 * @returns why nothing can be done about a member with this Lease; undefined: its epoch can be read
 */
export function refuseEpoch(lease: Lease | undefined, stored: number | undefined): string | undefined {
  const epoch = epochOf(lease);
  if (epoch === stored || (Number.isInteger(epoch) && epoch >= 0 && epoch < HIGHEST_EPOCH)) return undefined;
  const said = lease?.metadata.annotations?.[EPOCH_ANNOTATION]?.slice(0, 32);
  return `${EPOCH_ANNOTATION} of its Lease ${HUB_LEASE} is "${said}", which can't be read; remove the annotation there, then run this again`;
}

/**
 * The epoch that a hub has from now on. It is higher than any that a member has seen, because that is what an old hub stops at; where
 * this hub took over before, and nobody did since, it keeps the one that it has, so that the command can be run again.
 *
 * @param stored - of this hub; undefined: it never took over
 * @param seen - in the members that answered and whose epoch {@link refuseEpoch} lets through, 0 where there was none
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
