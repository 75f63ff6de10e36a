import {beforeAll, describe, expect, test} from 'vitest';
import type {GlobalTrafficPolicy, ImportPort} from '../../src/api/kinds.ts';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import type {Bootstrap, Cluster, Listener} from '../../src/mesh/resources.ts';
import {ADMIN_SOCKET, READY_PORT, staticBootstrap} from '../../src/mesh/static-bootstrap.ts';
import type {BoundName} from '../../src/mesh/static-bootstrap.ts';
import {loadEnvoySchema} from './envoy-schema.ts';
import {clusterOf, importOf, viewOf} from './views.ts';

let parseBootstrap: (json: unknown) => void;
beforeAll(async () => {
  ({parseBootstrap} = await loadEnvoySchema());
}, 120_000);

const VIP = '127.130.1.1';

function bootstrapOf(view: View, ...imports: readonly ImportView[]): Bootstrap {
  const bound: BoundName[] = imports.map((of, at) => ({import: of, vip: `127.130.1.${at + 1}`}));
  const bootstrap = staticBootstrap({view, namespace: 'shop', bound, zone: 'clusterset.local'});
  parseBootstrap(bootstrap);
  return bootstrap;
}

/** The one listener and cluster of a port of `bar/foo`. */
function portOf(
  view: View,
  foo: ImportView,
  port = 80,
): {listener: Listener | undefined; cluster: Cluster | undefined} {
  const {listeners, clusters} = bootstrapOf(view, foo).static_resources;
  const named = <T extends {name: string}>(list: readonly T[]): T | undefined =>
    list.find((of) => of.name === `${port}.foo.bar`);
  return {listener: named(listeners), cluster: named(clusters)};
}

function filterOf(listener: Listener | undefined): Record<string, any> {
  return listener?.filter_chains[0]?.filters[0]?.typed_config ?? {};
}

/** `priority host:port weight` of each endpoint. */
function endpointsOf(cluster: Cluster | undefined): string[] {
  return (cluster?.load_assignment.endpoints ?? []).map((of) => {
    const socket = of.lb_endpoints[0]?.endpoint.address.socket_address;
    return `${of.priority} ${socket?.address}:${socket?.port_value} ${of.load_balancing_weight}`;
  });
}

const LOCAL = 'foo.bar.svc.cluster.local';
const GATEWAY_2 = 'gw.cluster-2.example.org:15443';
const GATEWAY_3 = 'gw.cluster-3.example.org:15443';

describe('an HTTP port', () => {
  test('listens on the VIP, routes everything to its cluster, overwrites the service header and keeps Host', () => {
    const {listener} = portOf(viewOf(), importOf('bar', 'foo'));
    expect(listener?.address).toEqual({socket_address: {address: VIP, port_value: 80}});
    const [host] = filterOf(listener)['route_config'].virtual_hosts;
    expect(host.domains).toEqual(['*']);
    expect(host.routes).toHaveLength(1);
    expect(host.routes[0].route.cluster).toBe('80.foo.bar');
    expect(host.routes[0].route.host_rewrite_literal).toBeUndefined();
    expect(host.routes[0].request_headers_to_add).toEqual([
      {header: {key: 'x-isthmus-service', value: '80.foo.bar'}, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD'},
    ]);
  });

  test('uses the own cluster first and every other exporter after it, each tier a priority', () => {
    const {cluster} = portOf(viewOf(), importOf('bar', 'foo', {clusters: ['cluster-1', 'cluster-2', 'cluster-3']}));
    expect(endpointsOf(cluster).map((text) => text.replace(/ \d+$/, ''))).toEqual([
      `0 ${LOCAL}:80`,
      `1 ${GATEWAY_2}`,
      `1 ${GATEWAY_3}`,
    ]);
  });

  test('takes every exporter where none is ready: a bootstrap outlives the moment it was made at', () => {
    const nobody = importOf('bar', 'foo', {clusters: ['cluster-2', 'cluster-3'], readyClusters: []});
    expect(endpointsOf(portOf(viewOf(), nobody).cluster)).toHaveLength(2);
    const one = importOf('bar', 'foo', {clusters: ['cluster-2', 'cluster-3'], readyClusters: ['cluster-3']});
    expect(endpointsOf(portOf(viewOf(), one).cluster)).toEqual([expect.stringContaining(GATEWAY_3)]);
  });

  test('takes a gateway that is dead at this moment: Envoy finds out, and the pod outlives it', () => {
    const dead = [clusterOf('cluster-1'), clusterOf('cluster-2', {gatewayHealth: 'Dead'}), clusterOf('cluster-3')];
    const both = importOf('bar', 'foo', {clusters: ['cluster-2', 'cluster-3']});
    const {cluster} = portOf(viewOf({clusters: dead}), both);
    expect(endpointsOf(cluster)).toEqual([expect.stringContaining(GATEWAY_2), expect.stringContaining(GATEWAY_3)]);
  });

  test('needs no gateway of its own to reach its own Service', () => {
    const view = viewOf({clusters: [clusterOf('cluster-1', {gateway: undefined})]});
    const {cluster} = portOf(view, importOf('bar', 'foo', {clusters: ['cluster-1']}));
    expect(endpointsOf(cluster)).toEqual([expect.stringContaining(`0 ${LOCAL}:80`)]);
  });

  test('fails over strictly: no early spill, no panic, localities weighted', () => {
    const {cluster} = portOf(viewOf(), importOf('bar', 'foo', {clusters: ['cluster-1', 'cluster-2']}));
    expect(cluster?.load_assignment.policy).toEqual({overprovisioning_factor: 100_000});
    expect(cluster?.['common_lb_config']).toEqual({
      healthy_panic_threshold: {value: 0},
      locality_weighted_lb_config: {},
    });
  });

  test('retries at the next tier and at another endpoint only where there is one, and never ejects an only endpoint', () => {
    const text = (clusters: string[]): string => JSON.stringify(portOf(viewOf(), importOf('bar', 'foo', {clusters})));
    expect(text(['cluster-2'])).not.toMatch(/previous_priorities|previous_hosts|outlier_detection/);
    expect(text(['cluster-1', 'cluster-2'])).toMatch(/outlier_detection/);
    expect(text(['cluster-1', 'cluster-2'])).toMatch(/previous_priorities/);
    expect(text(['cluster-1', 'cluster-2'])).not.toMatch(/previous_hosts/);
    expect(text(['cluster-2', 'cluster-3'])).toMatch(/previous_hosts/);
    expect(text(['cluster-2', 'cluster-3'])).not.toMatch(/previous_priorities/);
  });

  test('takes weights and priorities from the policy and never sends weight 0', () => {
    const policy: GlobalTrafficPolicy = {
      apiVersion: 'flomesh.io/v1alpha1',
      kind: 'GlobalTrafficPolicy',
      metadata: {name: 'foo', namespace: 'bar'},
      spec: {
        lbType: 'ActiveActive',
        targets: [
          {clusterKey: 'cluster-1', weight: 0},
          {clusterKey: 'cluster-2', weight: 70},
          {clusterKey: 'cluster-3', weight: 30},
        ],
      },
    };
    const view = viewOf({more: {trafficPolicies: new Map([['bar/foo', policy]])}});
    const {cluster} = portOf(view, importOf('bar', 'foo', {clusters: ['cluster-1', 'cluster-2', 'cluster-3']}));
    expect(endpointsOf(cluster)).toEqual([`0 ${GATEWAY_2} 70`, `0 ${GATEWAY_3} 30`]);
  });

  test('has at most the 129 priorities that Envoy takes: the last tier has all that come after', () => {
    const clusters = Array.from({length: 200}, (_unused, at) => `remote-${at}`);
    const policy: GlobalTrafficPolicy = {
      apiVersion: 'flomesh.io/v1alpha1',
      kind: 'GlobalTrafficPolicy',
      metadata: {name: 'foo', namespace: 'bar'},
      spec: {lbType: 'FailOver', targets: clusters.map((clusterKey, priority) => ({clusterKey, priority}))},
    };
    const view = viewOf({
      clusters: clusters.map((id) => clusterOf(id)),
      more: {trafficPolicies: new Map([['bar/foo', policy]])},
    });
    const {cluster} = portOf(view, importOf('bar', 'foo', {clusters}));
    const priorities = cluster?.load_assignment.endpoints.map(({priority}) => priority) ?? [];
    expect(priorities).toHaveLength(200);
    expect(new Set(priorities).size).toBe(129);
    expect(priorities.filter((priority) => priority === 128)).toHaveLength(72);
  });

  test('gives each cluster a locality of its own, also where region and zone are the same', () => {
    const {cluster} = portOf(viewOf(), importOf('bar', 'foo', {clusters: ['cluster-2', 'cluster-3']}));
    const localities = cluster?.load_assignment.endpoints.map(({locality}) => JSON.stringify(locality)) ?? [];
    expect(new Set(localities).size).toBe(2);
  });

  test('pings gateways over HTTP/2, but not an own Service, whose gRPC server would hang up', () => {
    const text = (clusters: string[]): string =>
      JSON.stringify(portOf(viewOf(), importOf('bar', 'foo', {clusters})).cluster);
    expect(text(['cluster-2'])).toContain('connection_keepalive');
    expect(text(['cluster-1', 'cluster-2'])).not.toContain('connection_keepalive');
  });

  test.each<{name: string; view: View; of: Partial<ImportView>; says: RegExp}>([
    {name: 'nobody exports it', view: viewOf(), of: {clusters: []}, says: /nobody exports it/},
    {
      name: 'its only exporter has no gateway',
      view: viewOf({clusters: [clusterOf('cluster-1'), clusterOf('cluster-2', {gateway: undefined})]}),
      of: {},
      says: /cluster-2 NoGateway/,
    },
  ])('answers 503 and the reason where $name', ({view, of, says}) => {
    const {listener, cluster} = portOf(view, importOf('bar', 'foo', of));
    const [route] = filterOf(listener)['route_config'].virtual_hosts[0].routes;
    expect(route.direct_response.status).toBe(503);
    expect(route.direct_response.body.inline_string).toMatch(says);
    expect(route.direct_response.body.inline_string).toContain('foo.bar.svc.clusterset.local');
    expect(cluster).toBeUndefined();
  });

  test.each([
    {
      name: 'IPv4',
      host: 'gw.example.org',
      ips: ['10.96.0.10', 'fd00::10'],
      family: 'V4_PREFERRED',
      ready: '0.0.0.0',
    },
    {name: 'IPv6', host: 'gw.example.org', ips: ['fd00::10'], family: 'AUTO', ready: '::'},
    {
      name: 'not known',
      host: 'gw.example.org',
      ips: [],
      family: 'V4_PREFERRED',
      ready: '0.0.0.0',
    },
  ])('resolves and listens by the first family of the cluster: $name', ({host, ips, family, ready}) => {
    const foo = importOf('bar', 'foo', {ips});
    const gateway = {host, port: 443, addresses: []};
    const view = viewOf({imports: [foo], clusters: [clusterOf('cluster-1'), clusterOf('cluster-2', {gateway})]});
    const bootstrap = bootstrapOf(view, foo);
    const [cluster] = bootstrap.static_resources.clusters;
    expect(endpointsOf(cluster)).toEqual([expect.stringContaining(`${host}:443`)]);
    expect(JSON.stringify(cluster)).toContain(`"dns_lookup_family":"${family}"`);
    expect(bootstrap.static_resources.listeners[0]?.address.socket_address.address).toBe(ready);
  });
});

describe('names of endpoints', () => {
  const gatewayAt = (host: string): View =>
    viewOf({clusters: [clusterOf('cluster-1'), clusterOf('cluster-2', {gateway: {host, port: 443, addresses: []}})]});

  test.each(['192.0.2.7', '2001:db8::7'])('are not asked for where every endpoint is an address: %s', (host) => {
    const {cluster} = portOf(gatewayAt(host), importOf('bar', 'foo'));
    expect(cluster).toMatchObject({type: 'STATIC'});
    expect(endpointsOf(cluster)).toEqual([expect.stringContaining(`${host}:443`)]);
  });

  test('are asked for where one endpoint has a name, rarely, and soon again after a failure', () => {
    const {cluster} = portOf(gatewayAt('192.0.2.7'), importOf('bar', 'foo', {clusters: ['cluster-1', 'cluster-2']}));
    expect(cluster).toMatchObject({
      cluster_type: {typed_config: {dns_refresh_rate: '30s', dns_failure_refresh_rate: {base_interval: '1s'}}},
    });
  });

  test('are complete: no search list, and a silent name server keeps the application waiting for seconds only', () => {
    expect(bootstrapOf(viewOf()).typed_dns_resolver_config.typed_config).toMatchObject({
      dns_resolver_options: {no_default_search_domain: true},
      query_timeout_seconds: 1,
      query_tries: 2,
    });
  });
});

describe('a TCP port', () => {
  const redis: readonly ImportPort[] = [{name: 'redis', port: 6379}];

  test('tunnels to gateways by CONNECT, which names the service, with the other tiers behind', () => {
    const {listener, cluster} = portOf(viewOf(), importOf('bar', 'foo', {ports: redis}), 6379);
    expect(filterOf(listener)).toMatchObject({
      '@type': expect.stringContaining('TcpProxy'),
      'cluster': '6379.foo.bar',
      'tunneling_config': {
        hostname: '6379.foo.bar',
        headers_to_add: [{header: {key: 'x-isthmus-service', value: '6379.foo.bar'}}],
      },
    });
    expect(JSON.stringify(cluster)).toContain('explicit_http_config');
    expect(endpointsOf(cluster)).toEqual([expect.stringContaining(GATEWAY_2)]);
  });

  test('goes to the own Service, plainly and alone, where that is in the first tier', () => {
    const both = importOf('bar', 'foo', {ports: redis, clusters: ['cluster-1', 'cluster-2']});
    const {listener, cluster} = portOf(viewOf(), both, 6379);
    expect(filterOf(listener)['tunneling_config']).toBeUndefined();
    expect(endpointsOf(cluster)).toEqual([expect.stringContaining(`0 ${LOCAL}:6379`)]);
    expect(JSON.stringify(cluster)).not.toContain('typed_extension_protocol_options');
  });

  test('is tried again only after a pause, so that the ejection of a dead gateway comes first', () => {
    const {listener} = portOf(viewOf(), importOf('bar', 'foo', {ports: redis}), 6379);
    expect(filterOf(listener)).toMatchObject({max_connect_attempts: 4, backoff_options: {base_interval: '0.05s'}});
  });

  test('has no listener where nothing serves it: the connection is refused', () => {
    const {listener, cluster} = portOf(viewOf(), importOf('bar', 'foo', {ports: redis, clusters: []}), 6379);
    expect([listener, cluster]).toEqual([undefined, undefined]);
  });
});

describe('the protocol of a port', () => {
  test.each<{port: ImportPort; http: boolean}>([
    ...['http', 'HTTP', 'http2', 'h2c', 'grpc', 'ws', 'kubernetes.io/h2c', 'kubernetes.io/ws'].map((appProtocol) => ({
      port: {port: 9000, appProtocol},
      http: true,
    })),
    ...['https', 'kubernetes.io/wss', 'tcp', 'redis', 'example.org/http'].map((appProtocol) => ({
      port: {name: 'http', port: 80, appProtocol},
      http: false,
    })),
    {port: {name: 'http', port: 9000}, http: true},
    {port: {name: 'http-metrics', port: 9000}, http: true},
    {port: {name: 'grpc', port: 9000}, http: true},
    {port: {name: 'https', port: 443}, http: false},
    {port: {name: 'grpcs', port: 443}, http: false},
    {port: {name: 'web', port: 9000}, http: false},
    {port: {name: 'web', port: 80}, http: true},
    {port: {port: 80}, http: true},
    {port: {port: 5432}, http: false},
  ])('$port.appProtocol $port.name $port.port: HTTP is $http', ({port, http}) => {
    const {listener} = portOf(viewOf(), importOf('bar', 'foo', {ports: [port]}), port.port);
    expect(filterOf(listener)['@type']).toMatch(http ? /HttpConnectionManager$/ : /TcpProxy$/);
  });
});

describe('the bootstrap', () => {
  test('is the same text for the same input, whatever order names come in', () => {
    const names = [importOf('bar', 'foo'), importOf('a', 'z', {ports: [{port: 5432}]})];
    const bound = names.map((of, at) => ({import: of, vip: `127.130.1.${at}`}));
    const text = (list: readonly BoundName[]): string =>
      JSON.stringify(staticBootstrap({view: viewOf(), namespace: 'shop', bound: list, zone: 'clusterset.local'}));
    expect(text(bound.toReversed())).toBe(text(bound));
  });

  test('keeps admin on a unix socket that only the sidecar can open', () => {
    const {admin} = bootstrapOf(viewOf(), importOf('bar', 'foo'));
    expect(admin).toEqual({address: {pipe: {path: ADMIN_SOCKET, mode: 0o600}}});
  });

  test('answers readiness, also with no name bound', () => {
    const {listeners, clusters} = bootstrapOf(viewOf()).static_resources;
    expect(listeners.map(({address}) => address.socket_address.port_value)).toEqual([READY_PORT]);
    expect(clusters).toEqual([]);
  });

  test('has unique names and never two listeners on one address and port', () => {
    const ports = [
      {name: 'http', port: 80},
      {name: 'db', port: 5432},
    ];
    const {listeners, clusters} = bootstrapOf(
      viewOf(),
      ...['a', 'b', 'c'].map((name) => importOf('bar', name, {ports})),
    ).static_resources;
    const places = listeners.map(
      ({address}) => `${address.socket_address.address}:${address.socket_address.port_value}`,
    );
    for (const list of [places, listeners.map(({name}) => name), clusters.map(({name}) => name)]) {
      expect(new Set(list).size).toBe(list.length);
    }
    expect(listeners).toHaveLength(7);
  });
});

describe("Envoy's schema as a judge", () => {
  test.each<{name: string; spoil: (bootstrap: any) => void}>([
    {name: 'an unknown field of the bootstrap', spoil: (of) => (of.zork = 1)},
    {
      name: 'an unknown field deep inside an Any',
      spoil: (of) => (firstFilter(of).route_config.virtual_hosts[0].zork = 1),
    },
    {name: 'a wrong type', spoil: (of) => (of.static_resources.clusters[0].connect_timeout = 1)},
    {name: 'an enum value that is none', spoil: (of) => (of.static_resources.clusters[0].type = 'STRICT')},
    {name: 'an Any of an unknown type', spoil: (of) => (firstFilter(of)['@type'] = 'type.googleapis.com/a.B')},
  ])('refuses $name', ({spoil}) => {
    const bootstrap = structuredClone(bootstrapOf(viewOf(), importOf('bar', 'foo')));
    spoil(bootstrap);
    expect(() => parseBootstrap(bootstrap)).toThrow();
  });
});

function firstFilter(bootstrap: any): any {
  return bootstrap.static_resources.listeners[1].filter_chains[0].filters[0].typed_config;
}

describe('a cluster whose pods are in this network', () => {
  const network = 'flat';
  const own = clusterOf('cluster-1', {network});
  const foo = importOf('bar', 'foo', {sliceClusters: ['cluster-2']});

  test('is reached by its gateway all the same: pods come and go, and this configuration does not follow', () => {
    const view = viewOf({imports: [foo], clusters: [own, clusterOf('cluster-2', {network})]});
    expect(endpointsOf(portOf(view, foo).cluster)).toEqual([`0 ${GATEWAY_2} 100`]);
  });

  test('and without a gateway not at all, which is what clients are told', () => {
    const view = viewOf({imports: [foo], clusters: [own, clusterOf('cluster-2', {network, gateway: undefined})]});
    const {listener, cluster} = portOf(view, foo);
    expect(cluster).toBeUndefined();
    expect(JSON.stringify(listener)).toContain('cluster-2 NoGateway');
  });
});

describe('an ImportPolicy for some namespaces', () => {
  const rules = [
    {name: 'shop-only', action: 'Allow' as const, consumerNamespaces: ['shop']},
    {name: 'nobody-else', action: 'Deny' as const, sourceClusters: ['cluster-2']},
  ];
  const policy = {apiVersion: 'isthmus.dev/v1alpha1', kind: 'ImportPolicy', metadata: {name: 'border'}, spec: {rules}};
  const foo = importOf('bar', 'foo');
  const view = viewOf({imports: [foo], more: {importPolicies: new Map([['border', policy]])}});
  const listenersIn = (namespace: string): string => {
    const bound = [{import: foo, vip: VIP}];
    const {static_resources: made} = staticBootstrap({view, namespace, bound, zone: 'clusterset.local'});
    return JSON.stringify([made.listeners, made.clusters]);
  };

  test('routes for pods of those, and tells the pods of others why it does not, whoever asked before', () => {
    for (const _again of [1, 2]) {
      expect(listenersIn('shop')).toContain('gw.cluster-2.example.org');
      expect(listenersIn('bank')).not.toContain('gw.cluster-2.example.org');
      expect(listenersIn('bank')).toContain('cluster-2 ImportPolicy');
    }
  });
});
