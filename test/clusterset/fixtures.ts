import type {ExportPolicy, GlobalTrafficPolicy, ImportPolicy, IPFamily} from '../../src/api/kinds.ts';
import type {ExportedPort, ExportedService, MemberExport} from '../../src/clusterset/member-export.ts';
import type {ClusterView, ImportView, LocalServiceView, View} from '../../src/clusterset/view.ts';

/** Plain values of the clusterset engine's types, the shortest that are lawful, and a part of each to change. */

export const HTTP: ExportedPort = {name: 'http', port: 80, protocol: 'TCP'};

export function aService(over: Partial<ExportedService> = {}): ExportedService {
  const ipFamilies: readonly IPFamily[] = ['IPv4'];
  return {type: 'ClusterIP', headless: false, ports: [HTTP], ipFamilies, sessionAffinity: 'None', ...over};
}

export function anExport(
  cluster: string,
  over: Partial<Omit<MemberExport, 'service'>> = {},
  service: Partial<ExportedService> | undefined = {},
): MemberExport {
  return {
    cluster,
    namespace: 'bar',
    name: 'foo',
    groups: ['multicluster.x-k8s.io'],
    createdAtMs: 1_000,
    exportedLabels: {},
    exportedAnnotations: {},
    service: aService(service),
    ...over,
  };
}

export function withoutService(cluster: string, over: Partial<MemberExport> = {}): MemberExport {
  return {...anExport(cluster), service: undefined, ...over};
}

export function aCluster(id: string, over: Partial<ClusterView> = {}): ClusterView {
  return {
    id,
    gateway: {host: `${id}.example.org`, port: 80, addresses: ['192.0.2.1']},
    region: 'default',
    zone: 'default',
    group: 'default',
    network: undefined,
    podCIDRs: [],
    drain: false,
    api: {state: 'Reachable', sinceMs: 0},
    gatewayHealth: 'Alive',
    ...over,
  };
}

export function anImport(clusters: readonly string[], over: Partial<ImportView> = {}): ImportView {
  return {
    namespace: 'bar',
    name: 'foo',
    uid: 'uid',
    type: 'ClusterSetIP',
    ports: [HTTP],
    ips: ['10.101.0.7'],
    ipFamilies: ['IPv4'],
    clusters,
    readyClusters: undefined,
    portClusters: {},
    ttlSeconds: undefined,
    slices: [],
    ...over,
  };
}

export function aLocalService(over: Partial<LocalServiceView> = {}): LocalServiceView {
  return {
    namespace: 'bar',
    name: 'foo',
    type: 'ClusterIP',
    headless: false,
    selector: {app: 'foo'},
    ports: [{name: 'http', port: 80, protocol: 'TCP', targetPort: 80, appProtocol: undefined}],
    ...over,
  };
}

interface Parts extends Partial<
  Omit<View, 'clusters' | 'imports' | 'services' | 'namespaces' | 'exportPolicies' | 'importPolicies'>
> {
  readonly clusters?: readonly ClusterView[];
  readonly imports?: readonly ImportView[];
  readonly services?: readonly LocalServiceView[];
  readonly namespaceLabels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly exportPolicies?: readonly ExportPolicy[];
  readonly importPolicies?: readonly ImportPolicy[];
}

/** The view of cluster-2 in a clusterset of cluster-1, cluster-2 and cluster-3. */
export function aView(parts: Parts = {}): View {
  const {clusters, imports, services, namespaceLabels, exportPolicies, importPolicies, ...rest} = parts;
  const members = clusters ?? ['cluster-1', 'cluster-2', 'cluster-3'].map((id) => aCluster(id));
  return {
    revision: 1,
    atMs: 0,
    clusterId: 'cluster-2',
    synced: true,
    namespaces: new Map(
      Object.entries(namespaceLabels ?? {}).map(([name, labels]) => [
        name,
        {name, labels, annotations: {}, createdAtMs: 0},
      ]),
    ),
    imports: new Map((imports ?? []).map((at) => [`${at.namespace}/${at.name}`, at])),
    clusters: new Map(members.map((cluster) => [cluster.id, cluster])),
    exports: new Map(),
    services: new Map((services ?? []).map((at) => [`${at.namespace}/${at.name}`, at])),
    exportPolicies: new Map((exportPolicies ?? []).map((policy) => [policy.metadata.name, policy])),
    importPolicies: new Map((importPolicies ?? []).map((policy) => [policy.metadata.name, policy])),
    trafficPolicies: new Map(),
    hub: {state: 'Alive', observedMs: 0},
    hubIsHere: false,
    ...rest,
  };
}

export function aTrafficPolicy(spec: GlobalTrafficPolicy['spec']): GlobalTrafficPolicy {
  return {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'GlobalTrafficPolicy',
    metadata: {namespace: 'bar', name: 'foo'},
    ...(spec === undefined ? {} : {spec}),
  };
}

export function anExportPolicy(name: string, spec: ExportPolicy['spec']): ExportPolicy {
  const object: ExportPolicy = {apiVersion: 'isthmus.dev/v1alpha1', kind: 'ExportPolicy', metadata: {name}};
  return spec === undefined ? object : {...object, spec};
}

export function anImportPolicy(name: string, spec: ImportPolicy['spec']): ImportPolicy {
  const object: ImportPolicy = {apiVersion: 'isthmus.dev/v1alpha1', kind: 'ImportPolicy', metadata: {name}};
  return spec === undefined ? object : {...object, spec};
}
