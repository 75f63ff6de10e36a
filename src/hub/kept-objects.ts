import type {
  Cluster,
  ClusterProperty,
  FlomeshServiceImport,
  Lease,
  Namespace,
  RemoteCluster,
  ServiceImport,
} from '../api/kinds.ts';
import type {KubeObject, ObjectMeta} from '../api/meta.ts';
import {LAST_APPLIED_ANNOTATION} from '../api/names.ts';
import {readMap} from '../clusterset/intake/read-settings.ts';
import {FaultList, fieldOf} from '../clusterset/intake/untrusted.ts';
import {sharedText} from '../kube/shared-text.ts';
import {shared} from './shared-parts.ts';

/** What reflectors of whole objects keep: enough to compare with what should be there, nothing else. */

function keepMetadata({
  name,
  namespace,
  uid,
  labels,
  annotations,
  creationTimestamp,
  generation,
}: ObjectMeta): ObjectMeta {
  return {
    name: sharedText(name),
    ...(namespace === undefined ? {} : {namespace: sharedText(namespace)}),
    ...(uid === undefined ? {} : {uid}),
    ...(labels === undefined ? {} : {labels: shared(labels)}),
    ...(annotations === undefined ? {} : {annotations: shared(withoutLastApplied(annotations))}),
    ...(creationTimestamp === undefined ? {} : {creationTimestamp: sharedText(creationTimestamp)}),
    ...(generation === undefined ? {} : {generation}),
  };
}

/** kubectl's copy of the whole object: it is of no use here, and in a Cluster it holds the kubeconfig. */
function withoutLastApplied(annotations: Readonly<Record<string, string>>): Record<string, string> {
  const {[LAST_APPLIED_ANNOTATION]: _, ...kept} = annotations;
  return kept;
}

export function keepImport(raw: KubeObject): ServiceImport {
  const {metadata, spec, status} = raw as ServiceImport;
  const {clusters, endpointSliceObjects} = status ?? {};
  const kept = {...(clusters === undefined ? {} : {clusters}), ...(endpointSliceObjects ? {endpointSliceObjects} : {})};
  return {
    ...typeOf(raw),
    metadata: keepMetadata(metadata),
    ...(spec === undefined ? {} : {spec: shared(spec)}),
    status: shared(kept),
  };
}

export function keepFlomeshImport(raw: KubeObject): FlomeshServiceImport {
  const {metadata, spec} = raw as FlomeshServiceImport;
  return {...typeOf(raw), metadata: keepMetadata(metadata), ...(spec === undefined ? {} : {spec})};
}

export function keepRemoteCluster(raw: KubeObject): RemoteCluster {
  const {metadata, spec, status} = raw as RemoteCluster;
  return {...typeOf(raw), metadata: keepMetadata(metadata), ...(spec ? {spec} : {}), ...(status ? {status} : {})};
}

export function keepClusterProperty(raw: KubeObject): ClusterProperty {
  const {metadata, spec} = raw as ClusterProperty;
  return {...typeOf(raw), metadata: keepMetadata(metadata), ...(spec ? {spec} : {})};
}

/** With its resourceVersion: what is judged to be over may be removed only as long as it is as it was judged. */
export function keepLease(raw: KubeObject): Lease {
  const {metadata, spec} = raw as Lease;
  const {resourceVersion} = metadata;
  const kept = {...keepMetadata(metadata), ...(resourceVersion === undefined ? {} : {resourceVersion})};
  return {...typeOf(raw), metadata: kept, ...(spec ? {spec} : {})};
}

export function keepCluster(raw: KubeObject): Cluster {
  const {apiVersion, kind, metadata, spec, status} = raw as Cluster;
  const {deletionTimestamp, finalizers} = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      ...keepMetadata(metadata),
      ...(deletionTimestamp === undefined ? {} : {deletionTimestamp}),
      ...(finalizers === undefined ? {} : {finalizers}),
    },
    ...(spec ? {spec} : {}),
    ...(status ? {status} : {}),
  };
}

/** A Cluster as anybody may see it. */
export function withoutKubeconfig(cluster: Cluster): Cluster {
  if (cluster.spec?.kubeconfig === undefined) return cluster;
  const {kubeconfig: _, ...spec} = cluster.spec;
  return {...cluster, spec};
}

export interface KeptNamespace {
  readonly name: string;
  readonly terminating: boolean;
  /** For policies that select by them. */
  readonly labels: Readonly<Record<string, string>>;
}

export function keepNamespace(raw: KubeObject): KeptNamespace {
  const {metadata, status} = raw as Namespace;
  return {
    name: metadata.name,
    terminating: metadata.deletionTimestamp !== undefined || status?.phase === 'Terminating',
    labels: readMap(fieldOf(raw, 'metadata', 'labels'), 'metadata.labels', new FaultList()),
  };
}

export function typeOf({apiVersion, kind}: KubeObject): Pick<KubeObject, 'apiVersion' | 'kind'> {
  return {apiVersion: sharedText(apiVersion), kind: sharedText(kind)};
}
