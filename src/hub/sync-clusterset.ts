import {CLUSTER_ID_PROPERTY, HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../api/names.ts';
import {drainStepAt} from '../clusterset/drain-ramp.ts';
import type {MemberContext} from './member-context.ts';
import {planClusterProperty} from './plan-cluster-property.ts';
import {planRemoteCluster} from './plan-remote-cluster.ts';

/**
 * Tells one member about one cluster, or that it is gone.
 *
 * @returns when there is something new to tell by the clock alone: the next step of a drain. Undefined: never
 * @throws KubeError
 */
export async function syncRemoteCluster(
  context: MemberContext,
  name: string,
  signal: AbortSignal,
): Promise<{againAfterMs: number} | undefined> {
  const {facts, writers, consumer} = context;
  const actual = writers.remoteClusters.actual(name);
  const known = facts.cluster(name);
  // One that couldn't be taken up yet (its Secret can't be read just now) is unknown, not gone.
  if (known === undefined && facts.isRegistered(name)) return undefined;
  if (known === undefined || known.isTwin) {
    const ours = actual?.metadata.labels?.[MANAGED_BY_LABEL] === HUB_MANAGED_BY;
    if (ours && actual.metadata.uid !== undefined) {
      await writers.remoteClusters.delete(name, actual.metadata.uid, signal);
    }
    return undefined;
  }
  if (!known.joined) return undefined;
  const nowMs = facts.nowMs();
  const defaultRouting = name === consumer.id ? facts.defaultRouting : undefined;
  const {object, status} = planRemoteCluster({...known, defaultRouting, actual, nowMs});
  await writers.remoteClusters.apply(object, status, signal);
  const {nextAtMs} = drainStepAt(known.cluster.spec ?? {}, nowMs);
  return nextAtMs === undefined ? undefined : {againAfterMs: nextAtMs - nowMs};
}

/** Keeps one of the two well-known properties as it must stay during membership (KEP-2149). @throws KubeError */
export async function syncProperty(context: MemberContext, name: string, signal: AbortSignal): Promise<void> {
  const {facts, writers, consumer} = context;
  const value = name === CLUSTER_ID_PROPERTY ? consumer.id : facts.clustersetId;
  const desired = planClusterProperty(name, value, writers.properties.actual(name));
  await writers.properties.apply(desired, undefined, signal);
}
