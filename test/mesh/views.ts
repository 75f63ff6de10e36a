import type {ClusterView, ImportView, LocalServiceView, NamespaceView, View} from '../../src/clusterset/view.ts';

/** Views as an agent of `cluster-1` would publish them, with only what a test says being different. */

export function clusterOf(id: string, parts: Partial<ClusterView> = {}): ClusterView {
  return {
    id,
    gateway: {host: `gw.${id}.example.org`, port: 15443, addresses: []},
    region: 'default',
    zone: 'default',
    group: 'default',
    network: undefined,
    podCIDRs: [],
    drain: false,
    api: {state: 'Reachable', sinceMs: 0},
    gatewayHealth: 'Unknown',
    ...parts,
  };
}

export function importOf(namespace: string, name: string, parts: Partial<ImportView> = {}): ImportView {
  return {
    namespace,
    name,
    uid: `uid-${namespace}-${name}`,
    type: 'ClusterSetIP',
    ports: [{name: 'http', port: 80, protocol: 'TCP'}],
    ips: ['10.96.0.10'],
    ipFamilies: ['IPv4'],
    clusters: ['cluster-2'],
    readyClusters: undefined,
    portClusters: {},
    ttlSeconds: undefined,
    slices: [],
    ...parts,
  };
}

export function serviceOf(namespace: string, name: string, parts: Partial<LocalServiceView> = {}): LocalServiceView {
  return {
    namespace,
    name,
    type: 'ClusterIP',
    headless: false,
    selector: {app: name},
    ports: [{name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, appProtocol: undefined}],
    ...parts,
  };
}

export function namespaceOf(name: string, parts: Partial<NamespaceView> = {}): NamespaceView {
  return {name, labels: {}, annotations: {}, createdAtMs: 0, ...parts};
}

export interface ViewParts {
  readonly imports?: readonly ImportView[];
  readonly clusters?: readonly ClusterView[];
  readonly services?: readonly LocalServiceView[];
  readonly namespaces?: readonly NamespaceView[];
  readonly more?: Partial<View>;
}

export function viewOf(parts: ViewParts = {}): View {
  const clusters = parts.clusters ?? [clusterOf('cluster-1'), clusterOf('cluster-2'), clusterOf('cluster-3')];
  return {
    revision: 1,
    atMs: 0,
    clusterId: 'cluster-1',
    synced: true,
    namespaces: byKey(parts.namespaces ?? [], (of) => of.name),
    imports: byKey(parts.imports ?? [], (of) => `${of.namespace}/${of.name}`),
    clusters: byKey(clusters, (of) => of.id),
    exports: new Map(),
    services: byKey(parts.services ?? [], (of) => `${of.namespace}/${of.name}`),
    exportPolicies: new Map(),
    importPolicies: new Map(),
    trafficPolicies: new Map(),
    hub: {state: 'Alive', observedMs: 0},
    hubIsHere: false,
    ...parts.more,
  };
}

function byKey<T>(list: readonly T[], key: (of: T) => string): ReadonlyMap<string, T> {
  return new Map(list.map((of) => [key(of), of]));
}
