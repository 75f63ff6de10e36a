import type {ClusterProperty} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {
  CLUSTERSET_ID_PROPERTY,
  CLUSTER_ID_PROPERTY,
  HUB_MANAGED_BY,
  MANAGED_BY_LABEL,
  isManagedByHub,
} from '../api/names.ts';
import {apiVersionOf, clusterProperties} from '../api/resources.ts';

/** The two well-known properties of a member (KEP-2149). Both must stay as they are while it is one. */
export function planClusterProperty(name: string, value: string, actual: ClusterProperty | undefined): KubeObject {
  const uid = actual?.metadata.uid;
  const metadata = {name, ...(uid === undefined ? {} : {uid}), labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY}};
  return {
    apiVersion: apiVersionOf(clusterProperties),
    kind: clusterProperties.kind,
    metadata,
    spec: {value},
  } as KubeObject;
}

export interface JoinRefusal {
  readonly reason: 'OtherClusterset' | 'OtherClusterId';
  readonly message: string;
}

/**
 * A cluster that already belongs elsewhere is not joined (KEP-2149: the clusterset id is immutable during membership; design
 * §3). An id that the hub itself wrote for this clusterset may be changed: the Cluster was renamed while nobody could reach it.
 */
export function refuseJoin(
  found: ReadonlyMap<string, ClusterProperty>,
  wanted: {clusterId: string; clustersetId: string},
): JoinRefusal | undefined {
  const clusterset = found.get(CLUSTERSET_ID_PROPERTY)?.spec?.value;
  if (clusterset !== undefined && clusterset !== wanted.clustersetId) {
    return {
      reason: 'OtherClusterset',
      message:
        `It is a member of clusterset "${clusterset.slice(0, 64)}", this hub serves "${wanted.clustersetId}". ` +
        `Let it leave there first, or delete its ClusterProperty ${CLUSTERSET_ID_PROPERTY} if that clusterset is gone.`,
    };
  }
  const id = found.get(CLUSTER_ID_PROPERTY);
  const ours = isManagedByHub(id) && clusterset === wanted.clustersetId;
  if (id?.spec === undefined || id.spec.value === wanted.clusterId || ours) return undefined;
  return {
    reason: 'OtherClusterId',
    message:
      `It calls itself "${id.spec.value.slice(0, 64)}" in its ClusterProperty ${CLUSTER_ID_PROPERTY}. ` +
      `Register it under that name, or delete the property.`,
  };
}
