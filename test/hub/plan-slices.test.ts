import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import type {EndpointSlice} from '../../src/api/kinds.ts';
import {keyOf} from '../../src/api/meta.ts';
import {
  HUB_MANAGED_BY,
  importedSliceName,
  isDnsLabel,
  MCS_SERVICE_NAME_LABEL,
  MCS_SOURCE_CLUSTER_LABEL,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../src/api/names.ts';
import {refuseAddress} from '../../src/clusterset/addresses.ts';
import type {ReadSlice} from '../../src/clusterset/intake/read-slices.ts';
import {readSlices} from '../../src/clusterset/intake/read-slices.ts';
import {keepImportedSlice, keepSlice} from '../../src/hub/kept-slice.ts';
import {arePresent, planSlices, type SlicesSituation} from '../../src/hub/plan-slices.ts';
import {isUpToDate} from '../../src/kube/apply-if-different.ts';

const RUNS = {numRuns: 300};
const API_SERVER = ['10.102.0.1/32', 'fd00:0:0:2::1/128'];
const POD_RANGES = ['10.0.0.0/8', 'fd00::/8'];

const address = fc.oneof(
  fc.constantFrom(
    '10.200.0.1',
    '10.200.0.2',
    '10.102.0.1',
    '169.254.169.254',
    '127.0.0.1',
    '0.0.0.0',
    '192.0.2.7',
    'fd00:200::1',
    'fd00:0:0:2::1',
    '::ffff:10.102.0.1',
    '64:ff9b::a66:1',
    'fe80::1%eth0',
    '010.200.0.1',
    'db.example.org',
  ),
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom<unknown>(null, 7, {}, ['10.200.0.1']),
);

/** As an API server that nobody has to believe could send it. */
const endpoint = fc.record(
  {
    addresses: fc.oneof(fc.array(address, {maxLength: 4}), fc.constantFrom<unknown>(null, '10.200.0.1')),
    conditions: fc.constantFrom<unknown>(
      undefined,
      null,
      {},
      {ready: true},
      {ready: false, serving: true},
      {ready: 'yes'},
    ),
    hostname: fc.constantFrom<unknown>('pet-0', 'Not A Label', 'a.b', '', 7),
    nodeName: fc.constantFrom<unknown>('node-1', 'no node', {}),
    zone: fc.constantFrom<unknown>('zone-a', 'no zone!', null),
    targetRef: fc.constant({kind: 'Pod', name: 'secret-of-the-source'}),
  },
  {requiredKeys: ['addresses']},
);

const portOf = fc.record(
  {
    name: fc.constantFrom<unknown>('', 'pg', 'pg', 'No Label', null),
    port: fc.constantFrom<unknown>(5432, 0, 65_536, 80.5, '80', null),
    protocol: fc.constantFrom<unknown>('TCP', 'UDP', 'ICMP', null),
  },
  {requiredKeys: ['port']},
);

const rawSlice = (name: string) =>
  fc.record(
    {
      apiVersion: fc.constant('discovery.k8s.io/v1'),
      kind: fc.constant('EndpointSlice'),
      metadata: fc.record({
        namespace: fc.constant('bar'),
        name: fc.constant(name),
        labels: fc.constantFrom({}, {[MCS_SOURCE_CLUSTER_LABEL]: 'victim', [SERVICE_NAME_LABEL]: 'foo'}),
      }),
      addressType: fc.constantFrom<unknown>('IPv4', 'IPv6', 'FQDN', 'Magic', null),
      endpoints: fc.oneof(fc.array(endpoint, {maxLength: 5}), fc.constantFrom<unknown>(null, {}, 'x')),
      ports: fc.oneof(fc.array(portOf, {maxLength: 4}), fc.constant(null)),
    },
    {requiredKeys: ['apiVersion', 'kind', 'metadata', 'addressType']},
  );

const rawSlices = fc
  .subarray(['foo-a', 'foo-b', 'foo-c', 'x'.repeat(253)])
  .chain((names) => fc.tuple(...names.map(rawSlice)));

const sources = fc
  .record({a: fc.option(rawSlices), b: fc.option(rawSlices)}, {requiredKeys: []})
  .map((raw): SlicesSituation['sources'] =>
    Object.entries(raw).map(([cluster, slices]) => ({
      cluster,
      slices: slices === null ? undefined : read(cluster, slices),
    })),
  );

/** On the way that the hub takes: stripped, read, kept. */
function read(cluster: string, raw: readonly object[]): readonly ReadSlice[] {
  const kept = raw.map((slice) => keepSlice(slice as EndpointSlice));
  return readSlices(kept, {cluster, podCIDRs: POD_RANGES, serviceCIDRs: [], development: false}).slices;
}

const base: SlicesSituation = {
  namespace: 'bar',
  name: 'foo',
  importUid: 'uid-import',
  sources: [],
  use: 'Imported',
  apiServerCIDRs: API_SERVER,
  actual: [],
};

/** What is there after a plan was carried out, as an API server answers it. */
function after(actual: readonly EndpointSlice[], plan: ReturnType<typeof planSlices>): readonly EndpointSlice[] {
  const there = new Map(actual.map((slice) => [keyOf(slice.metadata), slice]));
  for (const {key} of plan.deletes) there.delete(key);
  for (const slice of plan.writes) {
    const key = keyOf(slice.metadata);
    there.set(key, keepImportedSlice({...slice, metadata: {...slice.metadata, uid: `uid-${key}`}}));
  }
  return [...there.values()];
}

/** Left behind by whatever was before. */
function leftover(name: string, cluster: string, labels: Record<string, string> = {}): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {namespace: 'bar', name, uid: `uid-${name}`, labels: {[MCS_SOURCE_CLUSTER_LABEL]: cluster, ...labels}},
    addressType: 'IPv4',
    endpoints: [{addresses: ['10.200.9.9'], conditions: {}}],
  };
}

describe('whatever sources show', () => {
  test('every written slice is lawful, says its own source, and holds no address that may not be used here', () => {
    fc.assert(
      fc.property(sources, (from) => {
        const {writes} = planSlices({...base, sources: from});
        for (const {metadata, endpoints, ports, addressType} of writes) {
          const source = metadata.labels?.[MCS_SOURCE_CLUSTER_LABEL] ?? '';
          expect(metadata.labels).toEqual({
            [SLICE_MANAGED_BY_LABEL]: HUB_MANAGED_BY,
            [MCS_SERVICE_NAME_LABEL]: 'foo',
            [MCS_SOURCE_CLUSTER_LABEL]: source,
          });
          expect(from.map(({cluster}) => cluster)).toContain(source);
          expect(metadata.namespace).toBe('bar');
          expect(metadata.name).toMatch(/^foo-[0-9a-v]{20}$/);
          const names = (ports ?? []).map(({name}) => name);
          expect(new Set(names).size).toBe(names.length);
          for (const {port = 0} of ports ?? []) expect(port >= 1 && port <= 65_535).toBe(true);
          for (const {addresses, hostname, ...rest} of endpoints ?? []) {
            expect(addresses.length).toBeGreaterThan(0);
            if (hostname !== undefined) expect(isDnsLabel(hostname)).toBe(true);
            expect(rest).not.toHaveProperty('targetRef');
            for (const one of addresses) {
              expect(one.includes(':')).toBe(addressType === 'IPv6');
              const rules = {development: false, serviceCIDRs: API_SERVER, podCIDRs: POD_RANGES};
              expect(refuseAddress(one, rules)).toBeUndefined();
            }
          }
        }
      }),
      RUNS,
    );
  });

  test('there is one slice for each that could be read, no two of one name', () => {
    fc.assert(
      fc.property(sources, (from) => {
        const {writes} = planSlices({...base, sources: from});
        expect(writes).toHaveLength(from.reduce((sum, {slices = []}) => sum + slices.length, 0));
        expect(new Set(writes.map(({metadata}) => metadata.name)).size).toBe(writes.length);
      }),
      RUNS,
    );
  });

  test('what was carried out once needs nothing more, in whatever order sources come', () => {
    fc.assert(
      fc.property(sources, sources, (before, now) => {
        const first = after([], planSlices({...base, sources: before}));
        const second = after(first, planSlices({...base, sources: now, actual: first}));
        const again = planSlices({...base, sources: now.toReversed(), actual: second});
        expect(again.deletes).toEqual([]);
        for (const slice of again.writes) {
          const there = second.find(({metadata}) => metadata.name === slice.metadata.name);
          expect(isUpToDate(there, slice)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  test('what is from a source that can not be asked stays as it is; what is from no exporter goes (design §5)', () => {
    fc.assert(
      fc.property(sources, fc.subarray(['a', 'b', 'gone']), (from, left) => {
        const actual = left.map((cluster) => leftover(`foo-${cluster}`, cluster));
        const {writes, deletes} = planSlices({...base, sources: from, actual});
        for (const cluster of left) {
          const source = from.find((each) => each.cluster === cluster);
          const stays = source !== undefined && source.slices === undefined;
          expect(deletes.some(({key}) => key === `bar/foo-${cluster}`)).toBe(!stays);
          if (stays)
            expect(writes.some(({metadata}) => metadata.labels?.[MCS_SOURCE_CLUSTER_LABEL] === cluster)).toBe(false);
        }
      }),
      RUNS,
    );
  });
});

describe('the plan', () => {
  const slices = read('a', [
    {metadata: {name: 'foo-a'}, addressType: 'IPv4', endpoints: [{addresses: ['10.200.0.1']}], ports: [{port: 80}]},
  ]);
  const from = [{cluster: 'a', slices}];
  const there = after([], planSlices({...base, sources: from}));

  test('waits for the import, whose object the slices belong to', () => {
    expect(planSlices({...base, sources: from, importUid: undefined})).toEqual({writes: [], deletes: []});
    expect(planSlices({...base, sources: from}).writes[0]?.metadata.ownerReferences).toEqual([
      {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceImport', name: 'foo', uid: 'uid-import'},
    ]);
  });

  test.each([
    {name: 'no export left', change: {sources: []}, writes: 0, deletes: 1},
    {name: 'not imported', change: {use: 'NotImported'}, writes: 0, deletes: 1},
    {name: 'undecided: what is there is kept up to date', change: {use: 'Undecided'}, writes: 1, deletes: 0},
    {name: 'undecided: nothing new is written', change: {use: 'Undecided', actual: []}, writes: 0, deletes: 0},
    {name: 'known to have none', change: {sources: [{cluster: 'a', slices: []}]}, writes: 0, deletes: 1},
    {name: 'unknown', change: {sources: [{cluster: 'a', slices: undefined}]}, writes: 0, deletes: 0},
  ] as const)('$name', ({change, writes, deletes}) => {
    const plan = planSlices({...base, sources: from, actual: there, ...change});
    expect([plan.writes.length, plan.deletes.length]).toEqual([writes, deletes]);
  });

  test('a slice that somebody gave to a local Service is deleted before it is written anew', () => {
    const [mine] = there;
    const labels = {...mine?.metadata.labels, [SERVICE_NAME_LABEL]: 'victim'};
    const hijacked = {...mine, metadata: {...mine?.metadata, labels}} as EndpointSlice;
    const plan = planSlices({...base, sources: from, actual: [hijacked]});
    expect(plan.deletes).toEqual([{key: keyOf(hijacked.metadata), uid: hijacked.metadata.uid}]);
    expect(plan.writes).toHaveLength(1);
  });

  test.each([
    {name: 'some are there', change: {}, said: true},
    {name: 'none is known', change: {sources: [{cluster: 'a', slices: []}]}, said: false},
    {name: 'not imported', change: {use: 'NotImported'}, said: false},
    {name: 'unknown, and some are there', change: {sources: [{cluster: 'a', slices: undefined}]}, said: true},
    {
      name: 'unknown, and none is there',
      change: {sources: [{cluster: 'a', slices: undefined}], actual: []},
      said: false,
    },
    {name: 'undecided, and some are there', change: {use: 'Undecided'}, said: true},
    {name: 'undecided, and none is there', change: {use: 'Undecided', actual: []}, said: false},
  ] as const)('the import says Present: $name: $said', ({change, said}) => {
    expect(arePresent({...base, sources: from, actual: there, ...change})).toBe(said);
  });
});

describe('the name of an imported slice', () => {
  const source = {cluster: 'a', slice: 'foo-x', addressType: 'IPv4'};
  const of = {namespace: 'bar', service: 'foo'};

  test('is the same for ever', () => {
    expect(importedSliceName(of, source)).toBe(importedSliceName({...of}, {...source}));
  });

  test('is a lawful name for the longest of all names', () => {
    const name = importedSliceName(
      {namespace: 'n'.repeat(63), service: 's'.repeat(63)},
      {...source, slice: 'x'.repeat(253)},
    );
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });

  test('differs wherever anything of its source differs, also where joined texts would be the same', () => {
    const names = [
      importedSliceName(of, source),
      importedSliceName(of, {...source, cluster: 'b'}),
      importedSliceName(of, {...source, slice: 'foo-y'}),
      importedSliceName(of, {...source, addressType: 'IPv6'}),
      importedSliceName({...of, namespace: 'baz'}, source),
      importedSliceName({namespace: 'bar', service: 'foo-a'}, source),
      importedSliceName(of, {...source, cluster: 'a-foo', slice: 'x'}),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});
