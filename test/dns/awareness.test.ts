import {describe, expect, test} from 'vitest';
import type {GlobalTrafficPolicy, ImportPolicy} from '../../src/api/kinds.ts';
import type {ClusterView, ImportView, LocalServiceView, View} from '../../src/clusterset/view.ts';
import {applyAll, ask, lines, makeCompiler, makeResponder, makeTable, question, responderFor} from './ask.ts';
import {changeOf, endpoint, everything, makeCluster, makeImport, makeSlice, makeView} from './fixture-view.ts';

const here = makeCluster('cluster-a', {network: 'n'});
const there = makeCluster('cluster-b', {network: 'n'});

const name = 'db.test.svc.clusterset.local';
const slices = [
  makeSlice('cluster-a', [endpoint('10.3.0.1', 'own')]),
  makeSlice('cluster-b', [endpoint('10.4.0.1', 'theirs')]),
];

function headless(clusters: readonly ClusterView[], service: Partial<ImportView> = {}, view: Partial<View> = {}): View {
  return makeView({
    namespaces: ['test'],
    clusters,
    imports: [makeImport('db', {type: 'Headless', slices, ...service})],
    view,
  });
}

const addresses = (view: View, of = name) =>
  ask(responderFor(view), question(of, 'A'))
    .answers.map((record) => String(record.data))
    .sort();

function denying(source: string): Partial<View> {
  const policy = {
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'ImportPolicy',
    metadata: {name: 'no-guests'},
    spec: {enforcement: 'Deny', rules: [{name: 'no', action: 'Deny', sourceClusters: [source]}]},
  } as ImportPolicy;
  return {importPolicies: new Map([['no-guests', policy]])};
}

function weighing(cluster: string, weight: number): Partial<View> {
  const policy = {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'GlobalTrafficPolicy',
    metadata: {name: 'db', namespace: 'test'},
    spec: {lbType: 'ActiveActive', targets: [{clusterKey: 'cluster-a'}, {clusterKey: cluster, weight}]},
  } as GlobalTrafficPolicy;
  return {trafficPolicies: new Map([['test/db', policy]])};
}

describe('a Headless answer leaves out', () => {
  test.each<[string, View]>([
    ['clusters of another network', headless([here, {...there, network: 'm'}])],
    ['all others where the own cluster has no network', headless([{...here, network: undefined}, there])],
    ['a drained cluster', headless([here, {...there, drain: true}])],
    ['what an ImportPolicy of this cluster refuses', headless([here, there], {}, denying('cluster-b'))],
    ['a cluster that a policy gives weight 0', headless([here, there], {}, weighing('cluster-b', 0))],
    ['endpoints that were withdrawn', headless([here, there], {slices: slices.slice(0, 1)})],
  ])('%s', (_title, view) => {
    expect(addresses(view)).toEqual(['10.3.0.1']);
    expect(ask(responderFor(view), question(`theirs.cluster-b.${name}`, 'A')).rcode).toBe('NXDOMAIN');
    expect(ask(responderFor(view), question(`_pg._tcp.${name}`, 'SRV')).answers).toHaveLength(1);
  });

  test.each<[string, View]>([
    ['a cluster that is drained in part', headless([here, {...there, drainShare: 0.9}])],
    [
      'a drained cluster whose export opted out',
      headless([here, {...there, drain: true}], {ignoreDrain: ['cluster-b']}),
    ],
    ['a dead gateway, which is not on the way', headless([here, {...there, gatewayHealth: 'Dead'}])],
    ['a source that the hub does not reach', headless([here, {...there, api: {state: 'Unreachable', sinceMs: 0}}])],
    ['a cluster of a later tier', headless([here, there], {}, {defaultRouting: 'Locality'})],
  ])('but not %s', (_title, view) => {
    expect(addresses(view)).toEqual(['10.3.0.1', '10.4.0.1']);
  });

  test('D10: nobody left is NXDOMAIN', () => {
    expect(
      ask(
        responderFor(
          headless([
            {...here, drain: true},
            {...there, drain: true},
          ]),
        ),
        question(name, 'A'),
      ),
    ).toMatchObject({
      rcode: 'NXDOMAIN',
    });
  });
});

describe('a ClusterSetIP answer', () => {
  const vip = (view: Partial<View>, service: Partial<ImportView> = {}) =>
    makeView({
      namespaces: ['test'],
      clusters: [here, there],
      imports: [makeImport('db', {ips: ['10.42.0.1'], clusters: ['cluster-b'], ...service})],
      view,
    });

  test('is the VIP whatever the health of those behind it (D4)', () => {
    const all = {...there, gatewayHealth: 'Dead', drain: true} as const;
    expect(addresses({...vip({}), clusters: new Map([['cluster-b', all]])})).toEqual(['10.42.0.1']);
  });

  test('is NODATA where the ImportPolicies refuse every exporter, before anybody takes the address away', () => {
    const reply = ask(responderFor(vip(denying('cluster-b'))), question(name, 'A'));
    expect(reply).toMatchObject({rcode: 'NOERROR', answers: []});
    expect(addresses(vip(denying('cluster-b'), {clusters: ['cluster-b', 'cluster-c']}))).toEqual(['10.42.0.1']);
  });
});

describe('what changes in the clusterset alone is compiled', () => {
  test.each<[string, Partial<View>, readonly string[]]>([
    [
      'a drain',
      {
        clusters: new Map([
          ['cluster-a', here],
          ['cluster-b', {...there, drain: true}],
        ]),
      },
      ['10.3.0.1'],
    ],
    ['a policy', weighing('cluster-b', 0), ['10.3.0.1']],
    ['an ImportPolicy', denying('cluster-b'), ['10.3.0.1']],
    [
      'a network',
      {
        clusters: new Map([
          ['cluster-a', here],
          ['cluster-b', {...there, network: 'm'}],
        ]),
      },
      ['10.3.0.1'],
    ],
  ])('%s, and back', (_title, difference, expected) => {
    const compiler = makeCompiler();
    const table = makeTable();
    const before = headless([here, there]);
    const of = () =>
      ask(makeResponder(table), question(name, 'A'))
        .answers.map((record) => String(record.data))
        .sort();
    applyAll(table, compiler.compile(before, everything));
    expect(of()).toEqual(['10.3.0.1', '10.4.0.1']);
    applyAll(table, compiler.compile({...before, ...difference}, changeOf({clusterset: true})));
    expect(of()).toEqual(expected);
    applyAll(table, compiler.compile(before, changeOf({clusterset: true})));
    expect(of()).toEqual(['10.3.0.1', '10.4.0.1']);
  });

  test('a drain compiles no ClusterSetIP import, whose answers do not depend on it', () => {
    const compiler = makeCompiler();
    const view = makeView({
      clusters: [here, there],
      namespaces: ['test'],
      imports: [makeImport('db', {ips: ['10.42.0.1']})],
    });
    compiler.compile(view, everything);
    const clusters = new Map([
      ['cluster-a', here],
      ['cluster-b', {...there, drain: true, gatewayHealth: 'Dead'} as const],
    ]);
    expect(compiler.compile({...view, clusters}, changeOf({clusterset: true})).slabs).toEqual([]);
  });
});

describe('the name server has the addresses of the Service in front of it', () => {
  const service = (...clusterIPs: readonly string[]): LocalServiceView => ({
    namespace: 'isthmus-system',
    name: 'isthmus-dns',
    type: 'ClusterIP',
    headless: false,
    clusterIPs,
    selector: {},
    ports: [],
  });
  const withService = (...ips: readonly string[]) =>
    makeView({view: {services: new Map([['isthmus-system/isthmus-dns', service(...ips)]])}});
  const options = {nameServer: 'isthmus-system/isthmus-dns'};
  const ns = 'ns.dns.clusterset.local';

  test('23: NS with glue, and the addresses at its own name', () => {
    const responder = responderFor(withService('10.96.0.9', 'fd00::9'), options);
    const reply = ask(responder, question('clusterset.local', 'NS'));
    expect(lines(reply.answers)).toEqual(['clusterset.local. 5 IN NS ns.dns.clusterset.local.']);
    expect(lines(reply.additionals)).toEqual([`${ns}. 5 IN A 10.96.0.9`, `${ns}. 5 IN AAAA fd00::9`]);
    expect(lines(ask(responder, question(ns, 'A')).answers)).toEqual([`${ns}. 5 IN A 10.96.0.9`]);
    expect(lines(ask(responder, question(ns, 'AAAA')).answers)).toEqual([`${ns}. 5 IN AAAA fd00::9`]);
  });

  test.each([
    ['no such Service', makeView({}), options],
    ['one without an address', withService(), options],
    ['no Service is named', withService('10.96.0.9'), {}],
  ])('without one it is NODATA, never NXDOMAIN: %s', (_title, view, o) => {
    const responder = responderFor(view, o);
    expect(ask(responder, question(ns, 'A'))).toMatchObject({rcode: 'NOERROR', answers: []});
    expect(ask(responder, question('dns.clusterset.local', 'A'))).toMatchObject({rcode: 'NOERROR', answers: []});
    expect(ask(responder, question('clusterset.local', 'NS'))).toMatchObject({additionals: []});
  });

  test('a Service that comes later is seen, although no change names it', () => {
    const compiler = makeCompiler(options);
    const table = makeTable();
    applyAll(table, compiler.compile(withService(), everything));
    applyAll(table, compiler.compile(withService('10.96.0.9'), changeOf({})));
    expect(ask(makeResponder(table), question(ns, 'A')).answers).toHaveLength(1);
  });
});

test('D1: the zone is configurable', () => {
  const zone = '\u0007example\u0003org\u0000';
  const table = compileIn(zone);
  expect(table.find(Buffer.from(`\u0003web\u0004test\u0003svc${zone}`, 'latin1'), 13 + zone.length)).toBe(true);
});

function compileIn(zone: string): ReturnType<typeof makeTable> {
  const table = makeTable();
  const view = makeView({namespaces: ['test'], imports: [makeImport('web', {ips: ['10.42.0.1']})]});
  applyAll(table, makeCompiler({zone}).compile(view, everything));
  return table;
}
