import {CLUSTER_ID_PROPERTY, HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../api/names.ts';
import type {MemberContext} from './member-context.ts';
import {planClusterProperty} from './plan-cluster-property.ts';
import {planRemoteCluster} from './plan-remote-cluster.ts';

/** Tells one member about one cluster, or that it is gone. @throws KubeError */
export async function syncRemoteCluster(context: MemberContext, name: string, signal: AbortSignal): Promise<void> {
  const {facts, writers, consumer} = context;
  const actual = writers.remoteClusters.actual(name);
  const known = facts.cluster(name);
  // One that couldn't be taken up yet (its Secret can't be read just now) is unknown, not gone.
  if (known === undefined && facts.isRegistered(name)) return;
  if (known === undefined || known.isTwin) {
    const ours = actual?.metadata.labels?.[MANAGED_BY_LABEL] === HUB_MANAGED_BY;
    if (ours && actual.metadata.uid !== undefined) {
      await writers.remoteClusters.delete(name, actual.metadata.uid, signal);
    }
    return;
  }
  if (!known.joined) return;
  const defaultRouting = name === consumer.id ? facts.defaultRouting : undefined;
  const {object, status} = planRemoteCluster({...known, defaultRouting, actual});
  await writers.remoteClusters.apply(object, status, signal);
}

/** Keeps one of the two well-known properties as it must stay during membership (KEP-2149). @throws KubeError */
export async function syncProperty(context: MemberContext, name: string, signal: AbortSignal): Promise<void> {
  const {facts, writers, consumer} = context;
  const value = name === CLUSTER_ID_PROPERTY ? consumer.id : facts.clustersetId;
  const desired = planClusterProperty(name, value, writers.properties.actual(name));
  await writers.properties.apply(desired, undefined, signal);
}
