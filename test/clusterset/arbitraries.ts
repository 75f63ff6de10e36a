import fc from 'fast-check';

import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import type {ExportedPort, MemberExport} from '../../src/clusterset/member-export.ts';
import type {RouteInput} from '../../src/clusterset/route.ts';
import {aCluster, anExport, anImport, aTrafficPolicy, aView} from './fixtures.ts';

/** Small alphabets, so that the same names, ports and values meet often. */

const CLUSTERS = ['a', 'b', 'c', 'd', 'e'] as const;
const clusters = fc.subarray([...CLUSTERS]);

const port: fc.Arbitrary<ExportedPort> = fc.record(
  {
    name: fc.constantFrom('', 'http', 'dns', 'web'),
    port: fc.constantFrom(53, 80, 443),
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
    appProtocol: fc.constantFrom('http', 'kubernetes.io/h2c'),
  },
  {requiredKeys: ['port', 'protocol']},
);

/** Ports that one Service could have. */
const ports = fc
  .uniqueArray(port, {maxLength: 3, selector: (one) => one.name ?? ''})
  .map((list) =>
    list.filter((one, at) => list.findIndex((o) => o.port === one.port && o.protocol === one.protocol) === at),
  );

const service = fc.record(
  {
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
    headless: fc.boolean(),
    ports,
    ipFamilies: fc.constantFrom(['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']),
    sessionAffinity: fc.constantFrom('', 'None', 'ClientIP'),
    sessionAffinityConfig: fc.record({clientIP: fc.record({timeoutSeconds: fc.constantFrom(10, 10_800)})}),
    internalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    trafficDistribution: fc.constantFrom('PreferClose', 'PreferSameNode'),
  },
  {requiredKeys: ['type', 'headless', 'ports', 'ipFamilies', 'sessionAffinity']},
);

const map = fc.dictionary(
  fc.constantFrom('team', 'tier', 'isthmus.dev/ready', 'not a key'),
  fc.constantFrom('x', 'y z'),
);

const memberExport = (cluster: string) =>
  fc
    .record({
      createdAtMs: fc.constantFrom(1_000, 2_000, 3_000),
      exportedLabels: map,
      exportedAnnotations: map,
      groups: fc.constantFrom(['multicluster.x-k8s.io'], ['flomesh.io'], ['multicluster.x-k8s.io', 'flomesh.io']),
      service: fc.option(service, {nil: undefined, freq: 8}),
      ready: fc.constantFrom(true, false, undefined),
    })
    .map(({ready, service: behind, ...rest}): MemberExport => ({
      ...anExport(cluster),
      ...(rest as Partial<MemberExport>),
      service: behind as MemberExport['service'],
      ...(ready === undefined ? {} : {ready}),
    }));

/** Exports of one name, at most one a cluster. */
export const memberExports: fc.Arbitrary<MemberExport[]> = clusters.chain((chosen) =>
  fc.tuple(...chosen.map(memberExport)).map((exports) => [...exports]),
);

const target = fc.record(
  {
    clusterKey: fc.constantFrom('a', 'default/default/default/b', 'c', 'd', 'stranger'),
    weight: fc.constantFrom(0, 1, 50, 100),
    priority: fc.constantFrom(0, 1, 2),
  },
  {requiredKeys: ['clusterKey']},
);

const trafficPolicy: fc.Arbitrary<GlobalTrafficPolicy> = fc
  .record(
    {
      lbType: fc.constantFrom('Locality', 'FailOver', 'ActiveActive'),
      targets: fc.array(target, {maxLength: 4}),
      preferClosest: fc.constantFrom('None', 'Zone', 'Region'),
    },
    {requiredKeys: []},
  )
  .map((spec) => aTrafficPolicy(spec as GlobalTrafficPolicy['spec']));

const clusterView = (id: string) =>
  fc
    .record({
      drain: fc.boolean(),
      gatewayHealth: fc.constantFrom('Alive', 'Dead', 'Unknown'),
      hasGateway: fc.boolean(),
      region: fc.constantFrom('eu', 'us'),
      zone: fc.constantFrom('1', '2'),
      network: fc.constantFrom(undefined, 'n1', 'n2'),
      drainShare: fc.constantFrom(0, 0, 0.25, 1),
      api: fc.constantFrom(
        {state: 'Reachable' as const, sinceMs: 0},
        {state: 'Unreachable' as const, sinceMs: 0},
        {state: 'Unreachable' as const, sinceMs: 3_000_000},
      ),
    })
    .map(({hasGateway, gatewayHealth, ...rest}) => {
      const gateway = hasGateway ? {} : {gateway: undefined};
      return aCluster(id, {...rest, ...gateway, gatewayHealth: gatewayHealth as 'Alive'});
    });

/** Any import, in any state of the clusterset, under any policy, asked from cluster a. */
export const routeInputs: fc.Arbitrary<RouteInput & {port: {port: number; protocol: 'TCP'}}> = fc
  .record({
    exporters: clusters,
    elsewhere: clusters,
    ready: fc.option(clusters, {nil: undefined}),
    serving: fc.option(clusters, {nil: undefined}),
    known: clusters.chain((ids) => fc.tuple(...ids.map(clusterView))),
    policy: fc.option(trafficPolicy, {nil: undefined}),
    sliceClusters: clusters,
    ignoreDrain: clusters,
    hub: fc.constantFrom(
      {state: 'Alive' as const, observedMs: 0},
      {state: 'Expired' as const, observedMs: 3_500_000},
      {state: 'Expired' as const, observedMs: 0},
    ),
  })
  .map(({exporters, elsewhere, ready, serving, known, policy, sliceClusters, ignoreDrain, hub}) => ({
    import: anImport(exporters, {
      readyClusters: ready,
      portClusters: serving === undefined ? {} : {'TCP/80': serving.filter((id) => exporters.includes(id))},
      sliceClusters,
      ignoreDrain,
      notTargeted: elsewhere.filter((id) => !exporters.includes(id)),
    }),
    view: aView({clusterId: 'a', clusters: known, hub, atMs: 3_600_000}),
    port: {port: 80, protocol: 'TCP'},
    ...(policy === undefined ? {} : {policy}),
  }));
