import {describe, expect, test} from 'vitest';
import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import type {ClusterView, ImportView, View} from '../../src/clusterset/view.ts';
import {applyAll, ask, lines, makeCompiler, makeResponder, makeTable, question, responderFor} from './ask.ts';
import {changeOf, everything, makeCluster, makeImport, makeView} from './fixture-view.ts';

const https = {name: 'https', port: 443, protocol: 'TCP'} as const;
const http = {name: 'http', port: 80, protocol: 'TCP'} as const;

function gateway(...addresses: readonly string[]): ClusterView['gateway'] {
  return {host: 'gateway.example.org', port: 443, addresses};
}

const b = makeCluster('cluster-b', {gateway: gateway('192.0.2.1', '2001:db8::b')});
const c = makeCluster('cluster-c', {gateway: gateway('192.0.2.3', '2001:db8::c')});

function viewOf(clusters: readonly ClusterView[], service: Partial<ImportView>, view: Partial<View> = {}): View {
  const web = makeImport('web', {
    ports: [http, https],
    ips: ['10.42.0.1'],
    clusters: ['cluster-b', 'cluster-c'],
    ...service,
  });
  return makeView({namespaces: ['test'], clusters: [makeCluster('cluster-a'), ...clusters], imports: [web], view});
}

function policy(targets: readonly {clusterKey: string; weight?: number; priority?: number}[]): Partial<View> {
  const bound = {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'GlobalTrafficPolicy',
    metadata: {name: 'web', namespace: 'test'},
    spec: {lbType: 'ActiveActive', targets},
  } as GlobalTrafficPolicy;
  return {trafficPolicies: new Map([['test/web', bound]])};
}

const name = 'web.test.svc.clusterset.local';
const asked = (view: View, type = 'A', of = name) =>
  ask(responderFor(view, {answer: 'gateways'}), question(of, type, {edns: 1232}));
const addresses = (view: View, type = 'A') =>
  asked(view, type)
    .answers.map((record) => String(record.data))
    .sort();

describe('--dns-answer=gateways', () => {
  test('addresses of the gateways of the first healthy tier, never the VIP', () => {
    expect(addresses(viewOf([b, c], {}))).toEqual(['192.0.2.1', '192.0.2.3']);
    expect(addresses(viewOf([b, c], {}), 'AAAA')).toEqual(['2001:db8::b', '2001:db8::c']);
  });

  test("SRV carries the port that is the gateway's, at its own name and at the bare one; others have none", () => {
    const view = viewOf([b], {clusters: ['cluster-b']});
    expect(lines(asked(view, 'SRV', `_https._tcp.${name}`).answers)).toEqual([
      `_https._tcp.${name}. 5 IN SRV 0 100 443 ${name}.`,
    ]);
    expect(lines(asked(view, 'SRV').answers)).toEqual([`${name}. 5 IN SRV 0 100 443 ${name}.`]);
    expect(asked(view, 'SRV', `_http._tcp.${name}`)).toMatchObject({rcode: 'NOERROR', answers: []});
    expect(asked(view, 'SRV', `_nope._tcp.${name}`)).toMatchObject({rcode: 'NXDOMAIN'});
  });

  test.each<[string, Partial<ImportView>]>([
    ['no port equals the gateway port', {ports: [http]}],
    ['only a UDP port does', {ports: [{name: 'quic', port: 443, protocol: 'UDP'}]}],
    ['nobody exports it', {clusters: []}],
    ['only a cluster without gateway exports it', {clusters: ['cluster-a']}],
  ])('NODATA: %s', (_name, service) => {
    const reply = asked(viewOf([b, c], service));
    expect(reply).toMatchObject({rcode: 'NOERROR', answers: []});
    expect(lines(reply.authorities)[0]).toContain(' SOA ');
  });

  test.each<[string, readonly ClusterView[], Partial<ImportView>]>([
    ['a dead gateway is left out', [b, {...c, gatewayHealth: 'Dead'}], {}],
    ['a drained cluster is left out', [b, {...c, drain: true}], {}],
    ['a cluster without ready endpoint is left out', [b, c], {readyClusters: ['cluster-b']}],
    ['a cluster that does not serve the port is left out', [b, c], {portClusters: {'TCP/443': ['cluster-b']}}],
    [
      'a gateway on another port is left out',
      [b, {...c, gateway: {host: 'x', port: 8443, addresses: ['192.0.2.3']}}],
      {},
    ],
    ['a gateway without an address is left out', [b, {...c, gateway: gateway()}], {}],
  ])('%s', (_name, clusters, service) => {
    expect(addresses(viewOf(clusters, service))).toEqual(['192.0.2.1']);
  });

  test('the next tier only when none of the tier before is healthy', () => {
    const tiers = policy([
      {clusterKey: 'cluster-b', priority: 0},
      {clusterKey: 'cluster-c', priority: 1},
    ]);
    expect(addresses(viewOf([b, c], {}, tiers))).toEqual(['192.0.2.1']);
    expect(addresses(viewOf([{...b, gatewayHealth: 'Dead'}, c], {}, tiers))).toEqual(['192.0.2.3']);
  });

  test('weights are kept over time: each answer has one cluster, A and AAAA each in their own row', () => {
    const weights = policy([
      {clusterKey: 'cluster-b', weight: 300},
      {clusterKey: 'cluster-c', weight: 100},
    ]);
    const responder = responderFor(viewOf([b, c], {}, weights), {answer: 'gateways'});
    const rounds = Array.from({length: 8}, () =>
      ['A', 'AAAA'].map((type) => {
        const {answers} = ask(responder, question(name, type));
        expect(answers).toHaveLength(1);
        return String(answers[0]?.data);
      }),
    );
    expect(rounds.filter(([a]) => a === '192.0.2.1')).toHaveLength(6);
    expect(rounds.filter(([, aaaa]) => aaaa === '2001:db8::b')).toHaveLength(6);
    const srv = ask(responder, question(`_https._tcp.${name}`, 'SRV'));
    expect(srv.answers).toHaveLength(1);
    expect(srv.additionals).toEqual([]);
  });

  test('weights are kept while the name changes at every question, and addresses within a cluster take turns', () => {
    const weights = policy([
      {clusterKey: 'cluster-b', weight: 3},
      {clusterKey: 'cluster-c', weight: 1},
    ]);
    const two = {...b, gateway: gateway('192.0.2.1', '192.0.2.2')};
    const compiler = makeCompiler({answer: 'gateways'});
    const table = makeTable();
    const responder = makeResponder(table);
    let view = viewOf([two, c], {}, weights);
    applyAll(table, compiler.compile(view, everything));
    const firsts = Array.from({length: 80}, (_, i) => {
      const [web] = [...view.imports.values()];
      view = {...view, imports: new Map([['test/web', {...web!, ttlSeconds: 5 + (i % 2)}]]), revision: i + 2};
      applyAll(table, compiler.compile(view, changeOf({imports: new Set(['test/web'])})));
      return String(ask(responder, question(name, 'A')).answers[0]?.data);
    });
    const times = (address: string) => firsts.filter((first) => first === address).length;
    expect(times('192.0.2.3')).toBe(20);
    expect(times('192.0.2.1') + times('192.0.2.2')).toBe(60);
  });

  test('another number of turns begins within it', () => {
    const compiler = makeCompiler({answer: 'gateways'});
    const table = makeTable();
    const responder = makeResponder(table);
    for (const weight of [9, 1, 3]) {
      const weights = policy([
        {clusterKey: 'cluster-b', weight},
        {clusterKey: 'cluster-c', weight: 2 * weight + 1},
      ]);
      applyAll(table, compiler.compile(viewOf([b, c], {}, weights), everything));
      for (let i = 0; i < 20; i++) expect(ask(responder, question(name, 'A')).answers).toHaveLength(1);
    }
  });

  describe('the clusterset says something', () => {
    const HOUR = 3_600_000;
    const silent = (view: View): View => ({...view, atMs: view.atMs + HOUR});
    const unreachable = (id: string): ClusterView =>
      makeCluster(id, {...(id === 'cluster-b' ? b : c), api: {state: 'Unreachable', sinceMs: 1_760_000_000_000}});
    const before = viewOf([b, unreachable('cluster-c')], {readyClusters: ['cluster-b']});
    const alive = {hub: {state: 'Alive' as const, observedMs: 1_760_000_000_000}};

    const compiled = (from: View, to: View): number => {
      const compiler = makeCompiler({answer: 'gateways'});
      compiler.compile(from, everything);
      return compiler.compile(to, changeOf({clusterset: true})).slabs.length;
    };

    test('a heartbeat of the hub costs nothing', () => {
      const at = {...before, ...alive};
      expect(compiled(at, {...at, hub: {state: 'Alive', observedMs: alive.hub.observedMs + 9_000}})).toBe(0);
    });

    test.each<[string, View, View]>([
      ['the hub falls silent', {...before, ...alive}, {...before, hub: {state: 'Expired', observedMs: 0}}],
      ['a row of heartbeats begins', {...before, ...alive}, {...before, hub: {...alive.hub, sinceMs: 1}}],
      ['time makes stale what is known of a cluster', {...before, ...alive}, silent({...before, ...alive})],
      [
        'time makes stale what a hub that is silent has said',
        {...before, hub: {state: 'Expired', observedMs: before.atMs}},
        silent({...before, hub: {state: 'Expired', observedMs: before.atMs}}),
      ],
    ])('compiled again: %s', (_name, from, to) => {
      expect(compiled(from, to)).toBeGreaterThan(0);
    });
  });

  test('a family that one cluster lacks is answered by the others', () => {
    const weights = policy([
      {clusterKey: 'cluster-b', weight: 3},
      {clusterKey: 'cluster-c', weight: 1},
    ]);
    const view = viewOf([{...b, gateway: gateway('192.0.2.1')}, c], {}, weights);
    expect(addresses(view, 'AAAA')).toEqual(['2001:db8::c']);
  });

  test('a change of the clusterset alone changes the answer', () => {
    const compiler = makeCompiler({answer: 'gateways'});
    const table = makeTable();
    const before = viewOf([b, c], {});
    applyAll(table, compiler.compile(before, everything));
    const dead = viewOf([b, {...c, gatewayHealth: 'Dead'}], {});
    const after = {...before, clusters: dead.clusters};
    applyAll(table, compiler.compile(after, changeOf({clusterset: true})));
    const of = () => ask(makeResponder(table), question(name, 'A')).answers.map((record) => record.data);
    expect(of()).toEqual(['192.0.2.1']);
    applyAll(
      table,
      compiler.compile({...after, ...policy([{clusterKey: 'cluster-b', weight: 0}])}, changeOf({clusterset: true})),
    );
    expect(of()).toEqual([]);
  });

  const isSeen = (before: View, after: View, expected: readonly string[]) => {
    const compiler = makeCompiler({answer: 'gateways'});
    const table = makeTable();
    applyAll(table, compiler.compile(before, everything));
    applyAll(table, compiler.compile({...after, imports: before.imports}, changeOf({clusterset: true})));
    const {answers} = ask(makeResponder(table), question(name, 'A'));
    expect(answers.map((record) => record.data)).toEqual(expected);
  };

  test("so does a change of the hub's default", () => {
    const own = makeCluster('cluster-a', {gateway: gateway('192.0.2.9', '2001:db8::9')});
    const service = {clusters: ['cluster-a', 'cluster-b']};
    const before = viewOf([own, b], service, {defaultRouting: 'ActiveActive'});
    isSeen(before, viewOf([own, b], service, {defaultRouting: 'Locality'}), ['192.0.2.9']);
  });

  test('and a change of where the own cluster is', () => {
    const near = policy([{clusterKey: 'cluster-b'}, {clusterKey: 'cluster-c'}]);
    const [bound] = [...near.trafficPolicies!.values()];
    const closest = {
      trafficPolicies: new Map([['test/web', {...bound!, spec: {...bound!.spec!, preferClosest: 'Region' as const}}]]),
    };
    const places = [
      {...b, region: 'east'},
      {...c, region: 'west'},
    ];
    const at = (region: string) => viewOf([makeCluster('cluster-a', {region}), ...places], {}, closest);
    const before = at('east');
    isSeen(before, {...at('west'), trafficPolicies: before.trafficPolicies}, ['192.0.2.3']);
  });

  test('Headless imports are answered as ever', () => {
    const view = viewOf([b], {type: 'Headless'});
    expect(asked(view)).toMatchObject({rcode: 'NXDOMAIN'});
  });
});
