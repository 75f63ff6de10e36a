import type {Cluster} from '../../src/api/kinds.ts';
import {memberRecordName} from '../../src/api/names.ts';
import {apiVersionOf, clusters} from '../../src/api/resources.ts';

/** What is said about a cluster on the command line; what is left out stays as it is. */
export interface JoinSettings {
  readonly gatewayHost?: string;
  readonly gatewayPort?: number;
  readonly network?: string;
  readonly podCIDRs?: readonly string[];
  readonly region?: string;
  readonly zone?: string;
  readonly group?: string;
}

type Spec = NonNullable<Cluster['spec']>;

/**
 * The Cluster as it should be registered.
 *
 * @param existing - what was registered under the name before
 * @param isInCluster - it is the hub's own cluster, into which the hub needs no kubeconfig
 */
export function plannedCluster(
  name: string,
  settings: JoinSettings,
  {existing, isInCluster}: {readonly existing: Cluster | undefined; readonly isInCluster: boolean},
): Cluster {
  const {kubeconfig: _, kubeconfigSecretRef: __, ...kept} = existing?.spec ?? {};
  const way: Spec = isInCluster ? {isInCluster} : {isInCluster, kubeconfigSecretRef: {name: memberRecordName(name)}};
  const spec: Spec = {gatewayPort: 80, ...kept, ...settings, ...way};
  const {creationTimestamp} = existing?.metadata ?? {};
  const metadata = {name, ...(creationTimestamp === undefined ? {} : {creationTimestamp})};
  return {apiVersion: apiVersionOf(clusters), kind: clusters.kind, metadata, spec};
}

/** A merge patch that makes one of the other; undefined where nothing differs. It holds for exactly this version. */
export function clusterPatch(existing: Cluster, planned: Cluster): object | undefined {
  const before: Readonly<Record<string, unknown>> = {...existing.spec};
  const after: Readonly<Record<string, unknown>> = {...planned.spec};
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const differing = fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
  if (differing.length === 0) return undefined;
  const {resourceVersion} = existing.metadata;
  return {
    metadata: {resourceVersion},
    spec: Object.fromEntries(differing.map((field) => [field, after[field] ?? null])),
  };
}
