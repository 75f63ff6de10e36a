import type {Lease} from '../api/kinds.ts';
import {EPOCH_ANNOTATION, HUB_ANNOTATION, HUB_LEASE, WANTED_BY_ANNOTATION} from '../api/names.ts';
import {claimOn, epochOf, type HubMark} from './hub-mark.ts';

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
 * this hub took over before, and nobody did since, it keeps the one that it has, so that the command can be run again. A hub of another
 * cluster in that very epoch did: two that took over at the same time, or this one under the uid that its cluster had before a restore.
 *
 * @param stored - of this hub; undefined: it never took over
 * @param leases - of the members that answered and whose epoch {@link refuseEpoch} lets through; undefined: there was none
 * @param uid - of this hub's cluster; undefined: not known
 */
export function planEpoch(
  stored: number | undefined,
  leases: readonly (Lease | undefined)[],
  uid: string | undefined,
): number {
  const highest = Math.max(1, ...leases.map(epochOf));
  const isFree = leases.every((lease) => claimOn(lease, {epoch: highest, uid}) !== 'Other');
  if (stored === undefined || stored < highest) return highest + 1;
  return stored > highest || isFree ? stored : highest + 1;
}

/**
 * `raise`: no hub has renewed the Lease for as long as it was watched. `alive`: one has. `own`: a replica of this one has, and raises its
 * epoch itself. `done`: it has this epoch already. `never`: no hub was ever there.
 */
export type TakeoverVerdict = 'raise' | 'alive' | 'own' | 'done' | 'never';

export interface TakeoverSituation extends HubMark {
  /** The Lease changed while it was watched. */
  readonly wasRenewed: boolean;
  /** Identities of this hub that renew their Leases in its own cluster. */
  readonly replicas: ReadonlySet<string>;
}

/** What is to be done about one member. */
export function judgeTakeover(
  lease: Lease | undefined,
  {epoch, uid, wasRenewed, replicas}: TakeoverSituation,
): TakeoverVerdict {
  if (lease === undefined) return 'never';
  if (epochOf(lease) >= epoch) return 'done';
  if (!wasRenewed) return 'raise';
  // A hub of an older version renews it and leaves the mark of another one in it, so the mark alone says nothing.
  const isOwn = uid !== undefined && lease.metadata.annotations?.[HUB_ANNOTATION] === uid;
  return isOwn && replicas.has(lease.spec?.holderIdentity ?? '') ? 'own' : 'alive';
}

/**
 * The Lease with the new epoch and hub, held by nobody: the new hub takes it at its next look, and no third one can. Its
 * resourceVersion stays, so that a hub that renews it in between is noticed.
 */
export function raisedLease(lease: Lease, {epoch, uid}: HubMark): Lease {
  const {[WANTED_BY_ANNOTATION]: _, [HUB_ANNOTATION]: __, ...annotations} = lease.metadata.annotations ?? {};
  const mark = {[EPOCH_ANNOTATION]: String(epoch), ...(uid === undefined ? {} : {[HUB_ANNOTATION]: uid})};
  return {
    ...lease,
    metadata: {...lease.metadata, annotations: {...annotations, ...mark}},
    spec: {...lease.spec, holderIdentity: ''},
  };
}
