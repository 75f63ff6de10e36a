import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {Explainer} from '../../dns/zone/explainer.ts';
import {ZoneCompiler} from '../../dns/zone/zone-compiler.ts';
import type {ZoneTable} from '../../dns/zone/zone-table.ts';
import type {GlobalTrafficPolicy, ImportPolicy} from '../../src/api/kinds.ts';
import type {ImportView, View, ViewChange} from '../../src/clusterset/view.ts';
import {
  applyAll,
  ask,
  compileView,
  makeCompiler,
  makeResponder,
  makeTable,
  question,
  responderFor,
  ZONE,
} from './ask.ts';
import {changeOf, endpoint, everything, fixture, makeCluster, makeImport, makeSlice, makeView} from './fixture-view.ts';

/** All that a table answers, but for the serial, which tells how often it changed. */
function dump(table: ZoneTable): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const [name, entry] of table.entries()) if (name !== ZONE) all.set(name, entry.toString('hex'));
  return all;
}

/** What is different, as the agent says it. */
function differenceOf(before: View, after: View): ViewChange {
  const differing = <T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>) =>
    new Set([...a.keys(), ...b.keys()].filter((key) => a.get(key) !== b.get(key)));
  return changeOf({
    imports: differing(before.imports, after.imports),
    namespaces: differing(before.namespaces, after.namespaces),
    clusterset: [
      differing(before.clusters, after.clusters),
      differing(before.importPolicies, after.importPolicies),
      differing(before.trafficPolicies, after.trafficPolicies),
      new Set(before.hub === after.hub && before.defaultRouting === after.defaultRouting ? [] : ['hub']),
    ].some(({size}) => size > 0),
  });
}

const names = ['one', 'two', 'three'];
const spaces = ['test', 'prod'];
const clusters = ['cluster-a', 'cluster-b', 'cluster-c'];

const arbitraryImport = fc
  .record({
    name: fc.constantFrom(...names),
    namespace: fc.constantFrom(...spaces),
    headless: fc.boolean(),
    ips: fc.subarray(['10.0.0.1', '10.0.0.2', '2001:db8::1']),
    ports: fc.subarray([{name: 'http', port: 80}, {name: 'dns', port: 53, protocol: 'UDP' as const}, {port: 9}]),
    ttlSeconds: fc.constantFrom(undefined, 1, 30),
    sources: fc.subarray(clusters),
    exporters: fc.subarray(clusters),
    ready: fc.boolean(),
  })
  .map(({name, namespace, headless, ips, ports, ttlSeconds, sources, exporters, ready}): ImportView =>
    makeImport(name, {
      namespace,
      type: headless ? 'Headless' : 'ClusterSetIP',
      ips: headless ? [] : ips,
      ports,
      ttlSeconds,
      clusters: exporters,
      slices: headless
        ? sources.map((id, i) => makeSlice(id, [endpoint(`10.1.${i}.1`, 'pet', ready), endpoint('10.9.9.9')]))
        : [],
    }),
  );

function refusing(source: string): ImportPolicy {
  const spec = {enforcement: 'Deny', rules: [{name: 'guests', action: 'Deny', sourceClusters: [source]}]};
  return {apiVersion: 'isthmus.dev/v1alpha1', kind: 'ImportPolicy', metadata: {name: 'guests'}, spec} as ImportPolicy;
}

function weighing(weightless: string): GlobalTrafficPolicy {
  const targets = clusters.map((clusterKey) => ({clusterKey, weight: clusterKey === weightless ? 0 : 7}));
  const spec = {lbType: 'ActiveActive', targets};
  const metadata = {name: 'one', namespace: 'test'};
  return {apiVersion: 'flomesh.io/v1alpha1', kind: 'GlobalTrafficPolicy', metadata, spec} as GlobalTrafficPolicy;
}

const arbitraryView = fc
  .record({
    imports: fc.uniqueArray(arbitraryImport, {
      maxLength: 6,
      selector: (service) => `${service.namespace}/${service.name}`,
    }),
    namespaces: fc.subarray(spaces),
    networks: fc.tuple(...clusters.map(() => fc.constantFrom(undefined, 'net-1', 'net-2'))),
    drained: fc.subarray(clusters),
    dead: fc.subarray(clusters),
    gateways: fc.subarray(clusters),
    refused: fc.constantFrom(undefined, ...clusters),
    weightless: fc.constantFrom(undefined, ...clusters),
    defaultRouting: fc.constantFrom(undefined, 'Locality' as const, 'ActiveActive' as const),
    unreachableSince: fc.constantFrom(undefined, 1, 2),
    hubAlive: fc.boolean(),
  })
  .map(({imports, namespaces, networks, unreachableSince, hubAlive, ...o}) =>
    makeView({
      imports,
      namespaces,
      clusters: clusters.map((id, i) =>
        makeCluster(id, {
          network: networks[i],
          drain: o.drained.includes(id),
          gatewayHealth: o.dead.includes(id) ? 'Dead' : 'Alive',
          gateway: o.gateways.includes(id) ? {host: id, port: 80, addresses: [`192.0.2.${i}`]} : undefined,
          api: {state: unreachableSince === undefined ? 'Reachable' : 'Unreachable', sinceMs: unreachableSince},
        }),
      ),
      view: {
        hub: hubAlive ? {state: 'Alive', observedMs: 0} : {state: 'Never'},
        ...(o.defaultRouting === undefined ? {} : {defaultRouting: o.defaultRouting}),
        importPolicies: new Map(o.refused === undefined ? [] : [['guests', refusing(o.refused)]]),
        trafficPolicies: new Map(o.weightless === undefined ? [] : [['test/one', weighing(o.weightless)]]),
      },
    }),
  );

describe('incremental compilation', () => {
  test.each(['vips', 'gateways'] as const)(
    'any sequence of views, each by its difference, ends in what a full compile of the last makes: %s',
    (answer) => {
      fc.assert(
        fc.property(fc.array(arbitraryView, {minLength: 1, maxLength: 6}), (views) => {
          const compiler = makeCompiler({answer});
          const table = makeTable();
          const explainer = new Explainer();
          views.forEach((view, i) => {
            const compiled = compiler.compile(view, i === 0 ? everything : differenceOf(views[i - 1]!, view));
            if (compiled.clusterset) explainer.learn(compiled.clusterset);
            applyAll(table, compiled);
            const whole = compileView(view, {answer});
            expect(dump(table)).toEqual(dump(whole));
            const anew = responderFor(view, {answer});
            for (const key of view.imports.keys()) {
              const why = question(`_why.${key.split('/').toReversed().join('.')}.svc.clusterset.local`, 'TXT');
              const {rcode, answers} = ask(anew, why, 'tcp');
              expect(ask(makeResponder(table, {explainer}), why, 'tcp')).toMatchObject({rcode, answers});
            }
          });
        }),
        {numRuns: 100},
      );
    },
  );

  test('a view whose change is `all` takes away what is gone', () => {
    const compiler = new ZoneCompiler({zone: ZONE, ttlSeconds: 5});
    const table = makeTable();
    applyAll(table, compiler.compile(fixture, everything));
    const empty = makeView({});
    applyAll(table, compiler.compile(empty, everything));
    expect(dump(table)).toEqual(dump(compileView(empty)));
  });

  test('a change that DNS does not show sends nothing', () => {
    const compiler = new ZoneCompiler({zone: ZONE, ttlSeconds: 5});
    compiler.compile(fixture, everything);
    const relabelled = changeOf({namespaces: new Set(['test']), clusterset: true});
    expect(compiler.compile({...fixture, revision: 2}, relabelled)).toEqual({slabs: [], skipped: new Map()});
  });

  test('a change of one import costs one import', () => {
    const compiler = new ZoneCompiler({zone: ZONE, ttlSeconds: 5});
    compiler.compile(fixture, everything);
    const {slabs} = compiler.compile(fixture, changeOf({imports: new Set(['test/web'])}));
    expect(slabs.reduce((total, slab) => total + slab.byteLength, 0)).toBeLessThan(1500);
  });

  test('the serial grows with every change, also within one second', () => {
    const compiler = new ZoneCompiler({zone: ZONE, ttlSeconds: 5});
    const table = makeTable();
    const serials = [everything, ...Array.from({length: 3}, () => changeOf({imports: new Set(['test/web'])}))].map(
      (change) => {
        applyAll(table, compiler.compile(fixture, change));
        const soa = ask(makeResponder(table), question('clusterset.local', 'SOA')).answers[0]!;
        return (soa.data as {serial: number}).serial;
      },
    );
    expect(serials).toEqual([0, 1, 2, 3].map((i) => 1_760_000_000 + i));
  });

  test('names that do not fit are named with the import that they are of, and again when they fit', () => {
    const compiler = makeCompiler();
    const {skipped} = compiler.compile(fixture, everything);
    expect(Object.fromEntries([...skipped].map(([key, names]) => [key, names.map(({name}) => name)]))).toEqual({
      'test/long': [`_${'p'.repeat(63)}._tcp.long.test.svc.clusterset.local.`],
      [`test/${'s'.repeat(64)}`]: [`test/${'s'.repeat(64)}`],
      'test/two.labels': ['test/two.labels'],
      'test/clash': ['eu.west.clash.test.svc.clusterset.local.'],
    });
    const imports = new Map(fixture.imports).set('test/long', makeImport('long', {type: 'Headless'}));
    imports.delete('test/two.labels');
    const change = changeOf({imports: new Set(['test/long', 'test/two.labels', 'test/web'])});
    const mended = compiler.compile({...fixture, imports}, change).skipped;
    expect(mended).toEqual(
      new Map([
        ['test/long', []],
        ['test/two.labels', []],
      ]),
    );
    expect(compiler.compile({...fixture, imports}, change).skipped).toEqual(new Map());
  });
});

test('10,000 imports compile', () => {
  const spacesOf = Array.from({length: 100}, (_, i) => `ns-${i}`);
  const imports = Array.from({length: 10_000}, (_, i) =>
    makeImport(`service-${i}`, {
      namespace: spacesOf[i % 100]!,
      ips: [`10.${i >> 8}.0.${i & 255}`],
      ports: [{name: 'http', port: 80, protocol: 'TCP'}],
    }),
  );
  const view = makeView({imports, namespaces: spacesOf});
  const begin = performance.now();
  const compiled = new ZoneCompiler({zone: ZONE, ttlSeconds: 5}).compile(view, everything);
  const compiledMs = performance.now() - begin;
  const table = makeTable();
  applyAll(table, compiled);
  const appliedMs = performance.now() - begin - compiledMs;
  process.stdout.write(
    `10,000 imports: compiled in ${compiledMs.toFixed(0)} ms, applied in ${appliedMs.toFixed(0)} ms\n`,
  );
  expect(table.size).toBe(3 * 10_000 + 100 + 5);
});
