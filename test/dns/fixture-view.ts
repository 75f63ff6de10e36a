import type {Endpoint} from '../../src/api/kinds.ts';
import type {ClusterView, ImportView, NamespaceView, SliceView, View, ViewChange} from '../../src/clusterset/view.ts';

/** Views for the DNS tests: the fixture of the worked queries and the parts to make others. */

export const everything: ViewChange = {
  all: true,
  imports: new Set(),
  namespaces: new Set(),
  clusterset: true,
};

export function changeOf(change: Partial<ViewChange>): ViewChange {
  return {all: false, imports: new Set(), namespaces: new Set(), clusterset: false, ...change};
}

export function makeView(o: {
  imports?: readonly ImportView[];
  namespaces?: readonly string[];
  clusters?: readonly ClusterView[];
  view?: Partial<View>;
}): View {
  return {
    revision: 1,
    atMs: 1_760_000_000_000,
    clusterId: 'cluster-a',
    synced: true,
    namespaces: new Map((o.namespaces ?? []).map((name) => [name, makeNamespace(name)])),
    imports: new Map((o.imports ?? []).map((service) => [`${service.namespace}/${service.name}`, service])),
    clusters: new Map((o.clusters ?? []).map((cluster) => [cluster.id, cluster])),
    exports: new Map(),
    services: new Map(),
    exportPolicies: new Map(),
    importPolicies: new Map(),
    trafficPolicies: new Map(),
    hub: {state: 'Alive', observedMs: 0},
    hubIsHere: false,
    ...o.view,
  };
}

function makeNamespace(name: string): NamespaceView {
  return {name, labels: {}, annotations: {}, createdAtMs: 0};
}

export function makeImport(name: string, service: Partial<ImportView>): ImportView {
  return {
    namespace: 'test',
    name,
    uid: `uid-${name}`,
    type: 'ClusterSetIP',
    ports: [],
    ips: [],
    ipFamilies: ['IPv4'],
    clusters: ['cluster-a', 'cluster-b'],
    readyClusters: undefined,
    portClusters: {},
    ttlSeconds: undefined,
    slices: [],
    ...service,
  };
}

export function makeCluster(id: string, cluster: Partial<ClusterView> = {}): ClusterView {
  return {
    id,
    gateway: undefined,
    region: 'default',
    zone: 'default',
    group: 'default',
    network: undefined,
    podCIDRs: [],
    drain: false,
    api: {state: 'Reachable', sinceMs: undefined},
    gatewayHealth: 'Unknown',
    ...cluster,
  };
}

export function makeSlice(
  sourceCluster: string,
  endpoints: readonly Endpoint[],
  slice: Partial<SliceView> = {},
): SliceView {
  const isIPv6 = endpoints.some((endpoint) => endpoint.addresses.some((address) => address.includes(':')));
  return {sourceCluster, addressType: isIPv6 ? 'IPv6' : 'IPv4', endpoints, ports: [pg], ...slice};
}

export function endpoint(address: string, hostname?: string, ready?: boolean): Endpoint {
  return {
    addresses: [address],
    ...(hostname === undefined ? {} : {hostname}),
    ...(ready === undefined ? {} : {conditions: {ready}}),
  };
}

const pg = {name: 'pg', port: 5432, protocol: 'TCP'} as const;
const http = {name: 'http', port: 80, protocol: 'TCP'} as const;

const THOUSAND = Array.from({length: 1000}, (_, i) => endpoint(`10.9.${i >> 8}.${i & 255}`, undefined, true));

/** `checklist 3.2`, and more names for the rules that it leaves out. The asking cluster is cluster-a. */
export const fixture: View = makeView({
  namespaces: ['test', 'other'],
  clusters: [
    makeCluster('cluster-a', {network: 'net-1'}),
    makeCluster('cluster-b', {network: 'net-1'}),
    makeCluster('cluster-c', {network: 'net-2'}),
    makeCluster('cluster-d'),
    makeCluster('eu.west', {network: 'net-1'}),
    makeCluster('west', {network: 'net-1'}),
  ],
  imports: [
    makeImport('web', {
      ips: ['10.42.42.42', '2001:db8::1'],
      ports: [http, {name: 'https', port: 443, protocol: 'TCP'}],
    }),
    makeImport('v4', {ips: ['10.42.42.44'], ports: [http]}),
    makeImport('idle', {ips: ['10.42.42.43'], ports: [http], readyClusters: []}),
    makeImport('db', {
      type: 'Headless',
      ports: [pg],
      slices: [
        makeSlice('cluster-a', [endpoint('10.3.0.100', 'my-pet-1', true), endpoint('10.3.0.101', 'my-pet-2', false)]),
        makeSlice('cluster-b', [endpoint('10.4.0.100', 'my-pet-1', true), endpoint('10.4.0.7', undefined, true)]),
        makeSlice('cluster-b', [endpoint('2001:db8::b1', 'my-pet-1', true)]),
      ],
    }),
    makeImport('empty', {
      type: 'Headless',
      ports: [pg],
      slices: [makeSlice('cluster-a', [endpoint('10.3.0.9', 'gone', false)])],
    }),
    // Beyond the checklist's fixture.
    makeImport('pending', {ips: [], ports: [http]}),
    makeImport('many-ports', {
      ips: ['10.42.42.45'],
      ttlSeconds: 30,
      ports: [
        {port: 8080, protocol: 'TCP'},
        {name: 'dns', port: 53, protocol: 'UDP'},
        {name: 'dns-tcp', port: 53, protocol: 'TCP'},
      ],
    }),
    makeImport('far', {type: 'Headless', slices: [makeSlice('cluster-c', [endpoint('10.5.0.1', 'x')])]}),
    makeImport('unnetworked', {type: 'Headless', slices: [makeSlice('cluster-d', [endpoint('10.6.0.1', 'x')])]}),
    makeImport('stranger', {type: 'Headless', slices: [makeSlice('cluster-z', [endpoint('10.7.0.1', 'x')])]}),
    makeImport('mixed', {
      type: 'Headless',
      slices: [
        makeSlice('cluster-a', [endpoint('10.3.0.5', 'own')]),
        makeSlice('cluster-c', [endpoint('10.5.0.5', 'other')]),
      ],
    }),
    makeImport('dotted', {type: 'Headless', slices: [makeSlice('eu.west', [endpoint('10.8.0.1', 'pet')])]}),
    makeImport('six', {
      type: 'Headless',
      slices: [makeSlice('cluster-b', [endpoint('2001:DB8::'), endpoint('::ffff:1.2.3.4'), endpoint('fe80::1%eth0')])],
    }),
    makeImport('portless', {
      type: 'Headless',
      slices: [makeSlice('cluster-b', [endpoint('10.4.0.9', 'Pet-A')], {ports: []})],
    }),
    makeImport('thousand', {type: 'Headless', slices: [makeSlice('cluster-b', THOUSAND, {ports: []})]}),
    makeImport('long', {
      type: 'Headless',
      slices: [
        makeSlice('cluster-a', [endpoint('10.3.1.1', 'h'.repeat(63))], {
          ports: [{name: 'p'.repeat(63), port: 1, protocol: 'TCP'}],
        }),
      ],
    }),
    makeImport('twins', {
      type: 'Headless',
      slices: [
        makeSlice('cluster-b', [endpoint('10.4.2.1', 'twin'), endpoint('10.4.2.2', 'twin')]),
        makeSlice('cluster-b', [endpoint('10.4.2.2', 'twin')]),
      ],
    }),
    makeImport('clash', {type: 'Headless', slices: [makeSlice('west', [endpoint('10.8.1.1', 'eu')])]}),
    makeImport('s'.repeat(64), {ips: ['10.42.1.1']}),
    makeImport('two.labels', {ips: ['10.42.1.2']}),
    makeImport('ghost', {namespace: 'missing', ips: ['10.42.1.3']}),
  ],
});
