import {HUB_LEASE} from '../api/names.ts';
import type {MemberQueue} from './member-queue.ts';
import type {MemberWatches} from './member-watches.ts';
import {forbiddenOpinion, type Opinion} from './plan-cluster-status.ts';

export interface SessionState {
  readonly watches: Pick<MemberWatches, 'statuses' | 'isSynced' | 'namespaces'>;
  /** Isthmus' own. */
  readonly namespace: string;
  readonly holdsLease: boolean;
  /** Why the hub's policies aren't known; empty: they are still being read. */
  readonly policiesUnknown: string | undefined;
  readonly pass: MemberQueue['pass'];
}

const UNDER_WAY = {status: 'Unknown', passing: true} as const;

/** Condition `Synced` of a member that is connected: the first thing that is in the way. */
export function sessionOpinion({watches, namespace, holdsLease, policiesUnknown, pass}: SessionState): Opinion {
  const statuses = watches.statuses();
  const missing = Object.entries(statuses).find(([, {kindMissing}]) => kindMissing)?.[0];
  if (missing !== undefined) {
    const message = `It doesn't serve ${missing} any more. What it held is kept; apply manifests/crds there.`;
    return {status: 'False', reason: 'KindMissing', message};
  }
  const forbidden = Object.values(statuses).find((status) => status.forbidden !== undefined)?.forbidden;
  if (forbidden !== undefined) return forbiddenOpinion(forbidden);
  if (!watches.isSynced) return {...UNDER_WAY, reason: 'Reading', message: 'Its objects are being read.'};
  if (!watches.namespaces.store.has(namespace)) {
    const message = `Namespace ${namespace} is missing there. Apply manifests/install in that cluster.`;
    return {status: 'False', reason: 'NamespaceMissing', message};
  }
  if (policiesUnknown !== undefined && policiesUnknown !== '') {
    const message = `What the hub's policies forbid isn't known, so nothing is changed: ${policiesUnknown}`;
    return {status: 'False', reason: 'PoliciesUnknown', message};
  }
  if (!holdsLease) {
    const message = `Waits for Lease ${HUB_LEASE} there: one hub writes at a time.`;
    return {...UNDER_WAY, reason: 'WaitsForLease', message};
  }
  if (pass.firstFailure !== undefined) return {status: 'False', reason: 'ApplyFailed', message: pass.firstFailure};
  if (pass.isDone) return {status: 'True', reason: 'Synced', message: 'Everything was applied.'};
  return {...UNDER_WAY, reason: 'CatchingUp', message: 'Not everything has been compared yet.'};
}
