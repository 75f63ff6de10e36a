import {describe, expect, test} from 'vitest';

import {AddressRules} from '../../src/agent/address-rules.ts';
import {importNotes} from '../../src/agent/import-notes.ts';
import {toImportView} from '../../src/agent/import-view.ts';
import type {Sources} from '../../src/agent/sources.ts';
import type {EndpointSlice, ServiceCIDR} from '../../src/api/kinds.ts';
import {anImport} from './fixtures.ts';

interface World {
  readonly cidrs?: readonly string[];
  readonly podCIDRs?: Readonly<Record<string, readonly string[]>>;
}

function sources({cidrs = [], podCIDRs = {}}: World): Sources {
  const serviceCIDR: ServiceCIDR = {
    ...{apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: {name: 'kubernetes'}},
    spec: {cidrs},
  };
  const clusters = Object.entries(podCIDRs).map(([id, declared]) => [id, {spec: {podCIDRs: declared}}] as const);
  return {
    serviceCIDRs: {store: new Map(cidrs.length === 0 ? [] : [['kubernetes', serviceCIDR]])},
    services: {store: new Map([['default/kubernetes', {spec: {clusterIPs: ['10.102.0.1']}}]])},
    clusters: {store: new Map(clusters)},
  } as unknown as Sources;
}

function slice(cluster: string, addresses: readonly string[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {name: cluster, labels: {'multicluster.kubernetes.io/source-cluster': cluster}},
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({addresses: [address]})),
  };
}

function received(importedSlices: readonly EndpointSlice[], world: World, type: 'Headless' | 'ClusterSetIP') {
  const rules = new AddressRules({development: false});
  rules.update(sources(world));
  const view = toImportView(anImport({spec: {type}}), {
    derived: undefined,
    derivedSlices: [],
    importedSlices,
    refuse: (address, cluster) => rules.refuse(address, cluster),
  });
  const addresses = view.slices.flatMap(({endpoints}) => endpoints.flatMap((each) => each.addresses));
  const refused = (view.refusedAddresses ?? []).map(({cluster, reason, some}) => [cluster, reason, ...some].join(' '));
  return {addresses, clusters: view.sliceClusters, refused};
}

/** A taken hub may write whatever it likes into slices: what is here is all that stands between it and the API server. */
describe('addresses of imported slices are judged here, whatever the hub let through (design §10)', () => {
  const cidrs = ['10.102.0.0/16'];
  const cases = [
    {
      name: 'of the own service range',
      imported: [slice('cluster-1', ['10.102.0.1', '10.102.7.7', '10.200.0.1'])],
      world: {cidrs},
      found: {
        addresses: ['10.200.0.1'],
        clusters: ['cluster-1'],
        refused: ['cluster-1 ServiceRange 10.102.0.1 10.102.7.7'],
      },
    },
    {
      name: 'of the own API server, where the range is not told',
      imported: [slice('cluster-1', ['10.102.0.1', '10.102.7.7'])],
      world: {},
      found: {addresses: ['10.102.7.7'], clusters: ['cluster-1'], refused: ['cluster-1 ServiceRange 10.102.0.1']},
    },
    {
      name: 'outside of what their own cluster declares',
      imported: [slice('cluster-1', ['10.200.0.1', '10.9.0.1']), slice('cluster-3', ['10.9.0.1'])],
      world: {cidrs, podCIDRs: {'cluster-1': ['10.200.0.0/16'], 'cluster-3': []}},
      found: {
        addresses: ['10.200.0.1', '10.9.0.1'],
        clusters: ['cluster-1', 'cluster-3'],
        refused: ['cluster-1 OutsidePodCIDRs 10.9.0.1'],
      },
    },
    {
      name: 'of which none is left: its pods can not be reached',
      imported: [slice('cluster-1', ['10.102.0.1']), slice('cluster-3', [])],
      world: {cidrs},
      found: {addresses: [], clusters: ['cluster-3'], refused: ['cluster-1 ServiceRange 10.102.0.1']},
    },
  ];
  test.each(cases)('$name', ({imported, world, found}) => {
    expect(received(imported, world, 'Headless')).toEqual(found);
  });

  test.each(cases)('for an import with an address the same clusters are reached: $name', ({imported, world, found}) => {
    const seen = received(imported, world, 'ClusterSetIP');
    expect(seen).toMatchObject({addresses: [], clusters: found.clusters});
    // Told where it changes something.
    expect(seen.refused).toEqual(found.clusters.includes('cluster-1') ? [] : found.refused);
  });
});

describe('the rules', () => {
  test('are said to be others only when they are', () => {
    const rules = new AddressRules({development: false});
    expect(rules.update(sources({cidrs: ['10.102.0.0/16']}))).toBe(true);
    expect(rules.update(sources({cidrs: ['10.102.0.0/16']}))).toBe(false);
    expect(rules.update(sources({cidrs: ['10.103.0.0/16']}))).toBe(true);
    expect(rules.update(sources({cidrs: ['10.103.0.0/16'], podCIDRs: {a: []}}))).toBe(false);
    expect(rules.update(sources({cidrs: ['10.103.0.0/16'], podCIDRs: {a: ['10.1.0.0/16']}}))).toBe(true);
  });

  test('hold gateways to lawful addresses that are no local Service, in whatever pod range', () => {
    const rules = new AddressRules({development: false});
    rules.update(sources({cidrs: ['10.102.0.0/16'], podCIDRs: {a: ['10.1.0.0/16']}}));
    expect(['10.102.3.4', '127.0.0.1', '192.0.2.1'].map((address) => rules.refuse(address))).toEqual([
      'ServiceRange',
      'Loopback',
      undefined,
    ]);
  });
});

test('many refused addresses and names are told by some of them and their number', () => {
  const refused = [{cluster: 'a', reason: 'ServiceRange', count: 7, some: ['10.0.0.1', '10.0.0.2']}] as const;
  const skipped = ['a', 'b', 'c', 'd'].map((name) => ({name, reason: 'too long'}));
  expect(importNotes(refused, skipped)).toEqual([
    "10.0.0.1, 10.0.0.2 and 5 more of a can't be used here (ServiceRange)",
    'names that are not in DNS: a (too long), b (too long), c (too long) and 1 more',
  ]);
  expect(importNotes([], [])).toEqual([]);
});
