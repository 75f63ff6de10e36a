import {describe, expect, test} from 'vitest';

import {toImportView} from '../../src/agent/import-view.ts';
import type {ServiceImport} from '../../src/api/kinds.ts';
import {PORT_CLUSTERS_ANNOTATION, READY_ANNOTATION, TTL_ANNOTATION} from '../../src/api/names.ts';
import {refuseAddress} from '../../src/clusterset/addresses.ts';
import {anImport, derivedOf, slicesOf} from './fixtures.ts';

const IPS = ['10.102.0.7', 'fd00:0:0:2::7'];
const refuse = (address: string) => refuseAddress(address, {development: false});
const nothing = {derived: undefined, derivedSlices: [], importedSlices: [], refuse};

describe('an address is served only while what it leads to exists (design §7)', () => {
  const object = anImport();
  const named = anImport({spec: {ips: IPS}});
  const derived = derivedOf(object);
  const slices = slicesOf(derived);
  const unmarked = {...derived, metadata: {...derived.metadata, labels: {}}};
  const ofAnother = derivedOf(anImport({name: 'other'}));
  const both = {derived, derivedSlices: slices};

  const foreign = (ips: string[]): ServiceImport => ({
    ...object,
    metadata: {...object.metadata, labels: {}},
    spec: {...object.spec!, ips},
  });

  const cases = [
    {name: 'Service and a slice for each family, before the import says its ips: both', object, facts: both, ips: IPS},
    {name: 'the import says them too: both', object: named, facts: both, ips: IPS},
    {
      name: 'the import says others, which somebody else wrote: those of the Service',
      object: anImport({spec: {ips: ['10.102.9.9']}}),
      facts: both,
      ips: IPS,
    },
    {name: 'no derived Service: none', object: named, facts: {derived: undefined, derivedSlices: slices}, ips: []},
    {name: 'no slices: none', object: named, facts: {derived, derivedSlices: []}, ips: []},
    {name: 'a family without its slice: none', object, facts: {derived, derivedSlices: slices.slice(0, 1)}, ips: []},
    {
      name: 'a Service that lost its labels: what the import says',
      object: named,
      facts: {derived: unmarked, derivedSlices: slices},
      ips: IPS,
    },
    {
      name: 'a Service by that name that nobody marked as ours, and that no import names: none',
      object,
      facts: {derived: unmarked, derivedSlices: slices},
      ips: [],
    },
    {
      name: 'a Service of another import: none',
      object,
      facts: {derived: ofAnother, derivedSlices: slices},
      ips: [],
    },
    {
      name: 'one that somebody made headless: none',
      object,
      facts: {derived: derivedOf(object, ['None']), derivedSlices: slices},
      ips: [],
    },
    {
      name: 'a headless import, whose derived Service is still there for its linger: none',
      object: anImport({spec: {type: 'Headless'}}),
      facts: both,
      ips: [],
    },
    {
      name: "another controller's import of a name whose Service lingers: none",
      object: foreign(['10.102.9.9']),
      facts: both,
      ips: [],
    },
    {name: 'our import that lost its label: what it says', object: foreign(IPS), facts: both, ips: IPS},
    {
      name: 'an address that the derived Service does not own is left out',
      object: named,
      facts: {derived: derivedOf(object, ['10.102.0.7']), derivedSlices: slices},
      ips: ['10.102.0.7'],
    },
  ];
  test.each(cases)('$name', ({object: seen, facts, ips}) => {
    expect(toImportView(seen, {...nothing, ...facts}).ips).toEqual(ips);
  });

  test('an import without a spec has none', () => {
    const {spec: _spec, ...bare} = object;
    expect(toImportView(bare as ServiceImport, {...nothing, ...both}).ips).toEqual([]);
  });
});

describe('what the hub annotated is read, and what cannot be read says nothing', () => {
  const cases = [
    {name: 'ready clusters', annotations: {[READY_ANNOTATION]: 'a,b'}, seen: {readyClusters: ['a', 'b']}},
    {name: 'no ready cluster at all', annotations: {[READY_ANNOTATION]: ''}, seen: {readyClusters: []}},
    {name: 'readiness unknown', annotations: {}, seen: {readyClusters: undefined}},
    {
      name: 'ports by cluster',
      annotations: {[PORT_CLUSTERS_ANNOTATION]: '{"TCP/80":["a"]}'},
      seen: {portClusters: {'TCP/80': ['a']}},
    },
    {name: 'ports that are not JSON', annotations: {[PORT_CLUSTERS_ANNOTATION]: '{"TCP'}, seen: {portClusters: {}}},
    {
      name: 'ports of a wrong shape',
      annotations: {[PORT_CLUSTERS_ANNOTATION]: '{"TCP/80":"a","TCP/81":[1]}'},
      seen: {portClusters: {}},
    },
    {name: 'TTL', annotations: {[TTL_ANNOTATION]: '30'}, seen: {ttlSeconds: 30}},
    {name: 'TTL above the bound', annotations: {[TTL_ANNOTATION]: '9999'}, seen: {ttlSeconds: 3600}},
    {name: 'TTL of a day', annotations: {[TTL_ANNOTATION]: '86400'}, seen: {ttlSeconds: 3600}},
    {name: 'TTL of 400 digits', annotations: {[TTL_ANNOTATION]: '9'.repeat(400)}, seen: {ttlSeconds: 3600}},
    {name: 'TTL with leading zeros', annotations: {[TTL_ANNOTATION]: '0000060'}, seen: {ttlSeconds: 60}},
    {name: 'TTL below zero', annotations: {[TTL_ANNOTATION]: '-1'}, seen: {ttlSeconds: undefined}},
    {name: 'TTL of zero', annotations: {[TTL_ANNOTATION]: '0'}, seen: {ttlSeconds: 1}},
    {name: 'TTL that is no number', annotations: {[TTL_ANNOTATION]: '5s'}, seen: {ttlSeconds: undefined}},
  ];
  test.each(cases)('$name', ({annotations, seen}) => {
    expect(toImportView(anImport({annotations}), nothing)).toMatchObject(seen);
  });
});

test('addresses that nobody may be sent to are dropped from headless slices (design §10)', () => {
  const object = anImport({spec: {type: 'Headless'}});
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {name: 's', namespace: 'bar', labels: {'multicluster.kubernetes.io/source-cluster': 'cluster-1'}},
    addressType: 'IPv4' as const,
    endpoints: [{addresses: ['169.254.169.254']}, {addresses: ['10.3.0.1', '127.0.0.1']}],
    ports: [{name: 'pg', port: 5432, protocol: 'TCP' as const}, {name: 'none'}],
  };
  const [view] = toImportView(object, {...nothing, importedSlices: [slice]}).slices;
  expect(view?.sourceCluster).toBe('cluster-1');
  expect(view?.endpoints.map(({addresses}) => addresses)).toEqual([['10.3.0.1']]);
  expect(view?.ports).toEqual([{name: 'pg', port: 5432, protocol: 'TCP'}]);
});

test('where slices were imported from is known of every type of import, also of clusters without an endpoint', () => {
  const slice = (sourceCluster: string) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {name: sourceCluster, labels: {'multicluster.kubernetes.io/source-cluster': sourceCluster}},
    addressType: 'IPv4' as const,
  });
  const importedSlices = ['b', 'a', 'b'].map(slice);
  for (const type of ['Headless', 'ClusterSetIP'] as const) {
    expect(toImportView(anImport({spec: {type}}), {...nothing, importedSlices}).sliceClusters).toEqual(['a', 'b']);
  }
});
