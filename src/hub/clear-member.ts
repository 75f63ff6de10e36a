import type {Logger} from 'pino';
import type {ClusterProperty, Lease, Namespace} from '../api/kinds.ts';
import {CLUSTERSET_ID_PROPERTY, HUB_LEASE, HUB_MANAGER} from '../api/names.ts';
import {clusterProperties, leases, namespaces} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {LeaseHolder} from '../kube/lease.ts';
import {
  claimOn,
  epochOf,
  type HubMark,
  isMarkedBy,
  markAnnotations,
  otherHubText,
  unreadableEpochText,
} from './hub-mark.ts';
import {removeTraces} from './remove-traces.ts';

export interface ClearOptions {
  readonly client: KubeClient;
  /** Isthmus' own. */
  readonly namespace: string;
  readonly clustersetId: string;
  /** uid of its `kube-system` when it was a member. */
  readonly uid: string;
  readonly hubIdentity: string;
  readonly mark: HubMark;
  readonly leaseRenewMs: number;
  /** How often in a row required kinds were not served before. */
  readonly missingBefore: number;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** `Cleared`: nothing of the hub is left. `Elsewhere`: another hub has it now, and all that is there is that one's. */
export type ClearResult = 'Cleared' | 'Elsewhere' | 'KindsMissing';

/** An API server that has just started does not serve our kinds yet; this many looks in a row, with pauses, mean uninstalled. */
const BELIEVED_MISSING_AFTER = 3;
/** The Lease of a hub that died is had when it was seen unchanged for its whole duration, in whole seconds, by looks this far apart. */
const DURATION_IN_RENEWALS = 2.5;
const SPARE_RENEWALS = 2;

/**
 * One attempt to take everything back from a cluster that is no member any more. It looks first whether it is still that
 * cluster and still this hub's, and works under the member's Lease like every other write (design §3).
 *
 * @throws IsthmusError ISTHMUS_HUB_NOT_CLEARED; KubeError; AggregateError of KubeErrors
 */
export async function clearMember(options: ClearOptions): Promise<ClearResult> {
  const {client, namespace, uid, signal, mark} = options;
  const kubeSystem = await client.get<Namespace>(namespaces, {name: 'kube-system'}, {signal});
  if (kubeSystem.metadata.uid !== uid) {
    throw new IsthmusError('ISTHMUS_HUB_NOT_CLEARED', 'another cluster answers under its kubeconfig');
  }
  if (await isElsewhere(options)) return 'Elsewhere';
  const lease = await client.find<Lease>(leases, {namespace, name: HUB_LEASE}, {signal});
  if (!Number.isFinite(epochOf(lease))) throw new IsthmusError('ISTHMUS_HUB_NOT_CLEARED', unreadableEpochText(lease));
  if (epochOf(lease) > mark.epoch) return 'Elsewhere';
  // Which of two hubs has it is not decided, so this one keeps in mind what is left to do.
  if (claimOn(lease, mark) === 'Other') throw new IsthmusError('ISTHMUS_HUB_NOT_CLEARED', otherHubText(lease, mark));
  // Where its namespace was removed there can be no Lease, and nobody else who writes under one.
  if ((await client.find(namespaces, {name: namespace}, {signal})) === undefined) return remove(options);
  return underLease(options);
}

async function isElsewhere({client, clustersetId, signal}: ClearOptions): Promise<boolean> {
  try {
    // Listed, not asked for by name: the hub's credential may do only that.
    const {items} = await client.list<ClusterProperty>(clusterProperties, {signal});
    const found = items.find(({metadata}) => metadata.name === CLUSTERSET_ID_PROPERTY);
    return found?.spec !== undefined && found.spec.value !== clustersetId;
  } catch (error) {
    if (error instanceof KubeError && error.isKindMissing) return false;
    throw error;
  }
}

async function remove({client, missingBefore, signal}: ClearOptions): Promise<ClearResult> {
  const missing = await removeTraces(client, signal);
  return missing.length > 0 && missingBefore + 1 < BELIEVED_MISSING_AFTER ? 'KindsMissing' : 'Cleared';
}

async function underLease(options: ClearOptions): Promise<ClearResult> {
  const {client, namespace, hubIdentity, mark, leaseRenewMs, logger, nowMs, signal} = options;
  const stop = new AbortController();
  const held = Promise.withResolvers<boolean>();
  const lost = new AbortController();
  const leaseDurationMs = leaseRenewMs * DURATION_IN_RENEWALS;
  const waitMs = leaseDurationMs + 1_000 + SPARE_RENEWALS * leaseRenewMs;
  const timer = setTimeout(() => held.resolve(false), waitMs);
  const holder = new LeaseHolder({
    client,
    namespace,
    name: HUB_LEASE,
    identity: hubIdentity,
    leaseDurationMs,
    renewEveryMs: leaseRenewMs,
    annotations: () => markAnnotations(mark),
    mayTouch: (lease) => claimOn(lease, mark) === 'Own',
    fieldManager: HUB_MANAGER,
    onHeld: () => held.resolve(true),
    onLost: () => lost.abort(),
    logger,
    nowMs,
  });
  holder.start(AbortSignal.any([stop.signal, signal]));
  signal.addEventListener('abort', () => held.resolve(false), {once: true});
  try {
    if (!(await held.promise))
      throw new IsthmusError('ISTHMUS_HUB_NOT_CLEARED', `Lease ${HUB_LEASE} there can't be had`);
    const result = await remove({...options, signal: AbortSignal.any([signal, lost.signal])});
    stop.abort();
    await holder.closed;
    if (result === 'Cleared') await removeLease(options);
    return result;
  } finally {
    clearTimeout(timer);
    stop.abort();
    await holder.closed;
  }
}

/**
 * As it was released: another hub may have taken the member up since, and the Lease with it.
 *
 * @throws IsthmusError ISTHMUS_HUB_NOT_CLEARED where it was another replica of this hub; KubeError
 */
async function removeLease({client, namespace, hubIdentity, mark, signal}: ClearOptions): Promise<void> {
  const at = {namespace, name: HUB_LEASE};
  const lease = await client.find<Lease>(leases, at, {signal});
  if (lease === undefined) return;
  const holder = lease.spec?.holderIdentity ?? '';
  if (!['', hubIdentity].includes(holder)) {
    if (!isMarkedBy(lease, mark)) return;
    // It has not heard yet that the member left, and may have written again what was removed.
    throw new IsthmusError(
      'ISTHMUS_HUB_NOT_CLEARED',
      `replica ${holder} of this hub has taken Lease ${HUB_LEASE} there`,
    );
  }
  const {uid, resourceVersion} = lease.metadata;
  await client.delete(leases, at, {uid, resourceVersion, signal});
}
