import type {ImportType, ServiceImport} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {
  HUB_MANAGED_BY,
  IGNORE_DRAIN_ANNOTATION,
  MANAGED_BY_LABEL,
  OLDEST_EXPORT_ANNOTATION,
  PORT_CLUSTERS_ANNOTATION,
  READY_ANNOTATION,
  isManagedByHub,
} from '../api/names.ts';
import {apiVersionOf, serviceImports} from '../api/resources.ts';
import type {MergedImport} from '../clusterset/merged-import.ts';

/** What is known of the namespace in the member that is planned for. */
export type NamespaceState = 'Present' | 'Absent' | 'Terminating';

/** What is to be done about one object in one member. The writer carries it out; deciding needs no I/O. */
export type Plan =
  | {readonly do: 'nothing'; readonly why: PlanReason}
  | {readonly do: 'delete'; readonly uid: string}
  | {
      readonly do: 'write';
      /** Made first, where it is missing (FSM's way; a setting of the hub). */
      readonly createNamespace: boolean;
      readonly object: KubeObject;
      readonly status?: KubeObject;
    };

export type PlanReason = 'NotWanted' | 'NoNamespace' | 'NamespaceTerminating' | 'NotOurs' | 'ExporterUnknown';

export interface ImportSituation {
  /** What the engine says for this member; undefined: nobody exports the name to it. */
  readonly merged: MergedImport | undefined;
  readonly actual: ServiceImport | undefined;
  readonly namespace: NamespaceState;
  readonly createNamespaces: boolean;
  /** True where this hub wrote the very object before: then a removed label doesn't make it foreign. */
  readonly written: boolean;
  /** Whether slices are imported beside it. */
  readonly hasSlices: boolean;
}

/**
 * The standard ServiceImport of one name in one member (KEP-1645; design §3 says which fields are the hub's). It is deleted
 * only where no export is left at all; where the namespace is missing its import went with it, so nothing is to be done.
 */
export function planImport(situation: ImportSituation): Plan {
  const {merged, actual, namespace, createNamespaces, written, hasSlices} = situation;
  const ours = written || isManagedByHub(actual);
  if (actual !== undefined && !ours) return {do: 'nothing', why: 'NotOurs'};
  if (merged === undefined) {
    if (actual?.metadata.uid === undefined) return {do: 'nothing', why: 'NotWanted'};
    return {do: 'delete', uid: actual.metadata.uid};
  }
  if (namespace === 'Terminating') return {do: 'nothing', why: 'NamespaceTerminating'};
  if (namespace === 'Absent' && !createNamespaces) return {do: 'nothing', why: 'NoNamespace'};
  return {
    do: 'write',
    createNamespace: namespace === 'Absent',
    object: desiredImport(merged, actual?.metadata.uid),
    status: desiredImportStatus(merged, hasSlices),
  };
}

const apiVersion = apiVersionOf(serviceImports);
const {kind} = serviceImports;

function desiredImport(merged: MergedImport, uid: string | undefined): KubeObject {
  const {namespace, name} = merged;
  const annotations = {...merged.annotations, ...hubAnnotations(merged)};
  const metadata = {
    namespace,
    name,
    ...(uid === undefined ? {} : {uid}),
    labels: {...merged.labels, [MANAGED_BY_LABEL]: HUB_MANAGED_BY},
    ...(Object.keys(annotations).length === 0 ? {} : {annotations}),
  };
  return {apiVersion, kind, metadata, spec: desiredSpec(merged)} as KubeObject;
}

function hubAnnotations({readyClusters, portClusters, ignoreDrain, oldest}: MergedImport): Record<string, string> {
  return {
    ...(readyClusters === undefined ? {} : {[READY_ANNOTATION]: readyClusters.join(',')}),
    ...(Object.keys(portClusters).length === 0 ? {} : {[PORT_CLUSTERS_ANNOTATION]: JSON.stringify(portClusters)}),
    ...(ignoreDrain === undefined ? {} : {[IGNORE_DRAIN_ANNOTATION]: ignoreDrain.join(',')}),
    ...(oldest === undefined ? {} : {[OLDEST_EXPORT_ANNOTATION]: oldestText(oldest)}),
  };
}

function oldestText({cluster, createdAtMs}: NonNullable<MergedImport['oldest']>): string {
  return `${cluster}/${new Date(createdAtMs).toISOString()}`;
}

/** `ips`, and the families of a ClusterSetIP, belong to the member's agent: it knows its own addresses. */
function desiredSpec(merged: MergedImport): NonNullable<ServiceImport['spec']> {
  const type: ImportType = merged.type;
  return {
    type,
    ports: merged.ports,
    // Said with force: after a change of type the agent's addresses are still there, and a headless import must have none.
    ...(type === 'Headless' ? {ips: [], ipFamilies: merged.ipFamilies} : {}),
    ...(merged.sessionAffinity === undefined ? {} : {sessionAffinity: merged.sessionAffinity}),
    ...(merged.sessionAffinityConfig === undefined ? {} : {sessionAffinityConfig: merged.sessionAffinityConfig}),
    ...(merged.internalTrafficPolicy === undefined ? {} : {internalTrafficPolicy: merged.internalTrafficPolicy}),
    ...(merged.trafficDistribution === undefined ? {} : {trafficDistribution: merged.trafficDistribution}),
  };
}

/** `endpointSliceObjects`: the standard wants it said in any case. */
function desiredImportStatus({namespace, name, clusters}: MergedImport, hasSlices: boolean): KubeObject {
  const status: ServiceImport['status'] = {
    clusters: clusters.map((cluster) => ({cluster})),
    endpointSliceObjects: hasSlices ? 'Present' : 'Absent',
  };
  return {apiVersion, kind, metadata: {namespace, name}, status} as KubeObject;
}
