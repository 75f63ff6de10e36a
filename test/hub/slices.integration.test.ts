import {afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi} from 'vitest';
import type {Cluster, EndpointSlice, ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import {
  HUB_MANAGED_BY,
  MCS_SERVICE_NAME_LABEL,
  MCS_SOURCE_CLUSTER_LABEL,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../src/api/names.ts';
import {clusters, endpointSlices, serviceExports, serviceImports} from '../../src/api/resources.ts';
import {
  conditionOf,
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';
import {eventually} from '../tools/eventually.ts';
import {
  addressesOf,
  importedIn,
  POD,
  presence,
  put,
  serviceYaml,
  sliceWrites,
  someIn,
  type SourceEndpoint,
  sourceSlice,
} from './source-slices.ts';

/** Imported EndpointSlices (MCS §2, 40-44; conformance tests 18-20 and 23), against API servers and nothing else. */

vi.setConfig({testTimeout: 60_000});

const WITHIN_MS = 20_000;
/** More than all other tests of this file have together. */
const LIMIT = 40;
/** A hub that can't be reached by a member can't give up its Lease there either. */
const HUB = {sliceLimit: LIMIT, leaseRenewMs: 500};

let set: TestClusterset;
let running: RunningHub;
let one: TestCluster;
let two: TestCluster;
let spaces = 0;

beforeAll(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  running = set.startHub(HUB);
  for (const member of set.members) await set.register(member);
  await synced(running, set.members);
});
afterEach(() => one.cluster.faults.clear());
afterAll(async () => set.close());

async function freshNamespace(): Promise<string> {
  const name = `slices-${++spaces}`;
  await one.namespace(name);
  return name;
}

describe('an exported headless Service', () => {
  test('each source slice is one imported slice in every member, the exporter included, as it is at its source', async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD, {addresses: ['10.200.0.2'], conditions: {ready: false}}]));
    await put(
      one,
      sourceSlice(namespace, 'pets-b', [{addresses: ['fd00:200::1'], hostname: 'pet-0'}], {addressType: 'IPv6'}),
    );
    await one.apply(serviceYaml(namespace));
    for (const member of set.members) {
      const imported = await someIn(member, namespace, 2);
      const object = await member.find<ServiceImport>(serviceImports, {namespace, name: 'pets'});
      for (const {metadata} of imported) {
        expect(metadata.labels).toEqual({
          [MCS_SERVICE_NAME_LABEL]: 'pets',
          [MCS_SOURCE_CLUSTER_LABEL]: 'cluster-1',
          [SLICE_MANAGED_BY_LABEL]: HUB_MANAGED_BY,
        });
        expect(metadata.ownerReferences).toMatchObject([{kind: 'ServiceImport', uid: object?.metadata.uid}]);
      }
      const four = imported.find(({addressType}) => addressType === 'IPv4');
      expect(four).toMatchObject({
        endpoints: [POD, {addresses: ['10.200.0.2'], conditions: {ready: false}}],
        ports: [{name: 'pg', port: 5432, protocol: 'TCP'}],
      });
      // Nothing was said of its readiness, so nothing is said here.
      const six = imported.find(({addressType}) => addressType === 'IPv6');
      expect(six?.endpoints?.[0]?.conditions ?? {}).toEqual({});
      await presence(member, namespace, 'Present');
    }
  });

  test('a change follows, writes of one second become one, and a quiet time writes nothing', async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD]));
    await one.apply(serviceYaml(namespace));
    await someIn(two, namespace, 1);
    two.cluster.writes.reset();
    const fromMs = performance.now();
    for (let i = 2; i <= 20; i++) await put(one, sourceSlice(namespace, 'pets-a', [{addresses: [`10.200.0.${i}`]}]));
    await eventually(
      'the last state',
      async () => addressesOf(await importedIn(two, namespace)).join() === '10.200.0.20',
    );
    const seconds = (performance.now() - fromMs) / 1_000;
    expect(sliceWrites(two, namespace)).toBeLessThanOrEqual(1 + Math.ceil(seconds));
    // What is no change to the hub is no write: a label of the controller's own.
    const before = sliceWrites(two, namespace);
    const slice = sourceSlice(namespace, 'pets-a', [{addresses: ['10.200.0.20']}]);
    await put(one, {...slice, metadata: {...slice.metadata, annotations: {trigger: '1'}}});
    await put(one, sourceSlice(namespace, 'pets-b', [{addresses: ['10.200.0.21']}]));
    await someIn(two, namespace, 2);
    expect(sliceWrites(two, namespace)).toBe(before + 1);
  });

  test('a slice that goes at its source goes, and with the last one the import says Absent', async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD]));
    await put(one, sourceSlice(namespace, 'pets-b', [{addresses: ['10.200.0.3']}]));
    await one.apply(serviceYaml(namespace));
    await someIn(two, namespace, 2);
    await one.client.delete(endpointSlices, {namespace, name: 'pets-b'});
    expect(addressesOf(await someIn(two, namespace, 1))).toEqual(['10.200.0.1']);
    await one.client.delete(endpointSlices, {namespace, name: 'pets-a'});
    await someIn(two, namespace, 0);
    await presence(two, namespace, 'Absent');
  });

  test('after unexport all are gone within 20 s, in every member', {timeout: 2 * WITHIN_MS}, async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD]));
    await one.apply(serviceYaml(namespace));
    for (const member of set.members) await someIn(member, namespace, 1);
    const fromMs = performance.now();
    await one.client.delete(serviceExports, {namespace, name: 'pets'});
    for (const member of set.members) await someIn(member, namespace, 0);
    expect(performance.now() - fromMs).toBeLessThan(WITHIN_MS);
  });

  test('of two exporters each slice names its own, and one that stops exporting takes only its own away', async () => {
    const namespace = await freshNamespace();
    await two.namespace(namespace);
    for (const [member, address] of [
      [one, '10.200.0.1'],
      [two, '10.201.0.1'],
    ] as const) {
      // Of the same name, as in a StatefulSet of the same name.
      await put(member, sourceSlice(namespace, 'pets-a', [{addresses: [address], hostname: 'pet-0'}]));
      await member.apply(serviceYaml(namespace));
    }
    expect(addressesOf(await someIn(one, namespace, 2))).toEqual(['10.200.0.1', '10.201.0.1']);
    await two.client.delete(serviceExports, {namespace, name: 'pets'});
    expect(addressesOf(await someIn(one, namespace, 1))).toEqual(['10.200.0.1']);
    expect(addressesOf(await someIn(two, namespace, 1))).toEqual(['10.200.0.1']);
  });

  test('a target taken out of targetClusters loses its slices, the others keep theirs', async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD]));
    await one.apply(serviceYaml(namespace, {targets: 'cluster-1, cluster-2'}));
    await someIn(two, namespace, 1);
    await one.apply(serviceYaml(namespace, {targets: 'cluster-1'}));
    await someIn(two, namespace, 0);
    await someIn(one, namespace, 1);
  });
});

describe('what does not belong there', () => {
  test('a slice that somebody deleted or changed comes back as it should be', async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD]));
    await one.apply(serviceYaml(namespace));
    const [first] = await someIn(two, namespace, 1);
    const at = {namespace, name: first?.metadata.name ?? ''};
    await two.client.delete(endpointSlices, at);
    await eventually('it is there again', async () => (await two.find(endpointSlices, at)) !== undefined);
    const body = {metadata: {labels: {[SERVICE_NAME_LABEL]: 'victim', [MCS_SOURCE_CLUSTER_LABEL]: 'cluster-9'}}};
    await two.client.patch(endpointSlices, at, {type: 'merge', body}, {fieldManager: 'kubectl'});
    await eventually('it belongs to no local Service', async () => {
      const found = await two.find<EndpointSlice>(endpointSlices, at);
      const labels = found?.metadata.labels ?? {};
      return labels[MCS_SOURCE_CLUSTER_LABEL] === 'cluster-1' && labels[SERVICE_NAME_LABEL] === undefined;
    });
  });

  test('endpoints of the own network only: addresses of Services and special ones are left out and told', async () => {
    const namespace = await freshNamespace();
    // The second member's own service range (10.102.0.0/16): its API server is at 10.102.0.1.
    const service = await two.client.get<{spec: {clusterIP: string}} & EndpointSlice>(
      {group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true},
      {namespace: 'default', name: 'kubernetes'},
    );
    const apiServer = service.spec.clusterIP;
    await put(one, sourceSlice(namespace, 'pets-a', [POD, {addresses: [apiServer]}, {addresses: ['100.100.100.200']}]));
    await one.apply(serviceYaml(namespace));
    expect(addressesOf(await someIn(two, namespace, 1))).toEqual(['10.200.0.1']);
    expect(addressesOf(await someIn(one, namespace, 1))).toEqual([apiServer, '10.200.0.1'].sort());
    const message = await eventually('it is told on the export', async () => {
      const found = await one.find<ServiceExport>(serviceExports, {namespace, name: 'pets'});
      const ready = conditionOf(found, 'Ready');
      return ready?.message.includes(apiServer) === true ? ready : undefined;
    });
    expect(message).toMatchObject({status: 'True', reason: 'Exported'});
    expect(message.message).toMatch(/100\.100\.100\.200.*MetadataService/);
    expect(message.message).toContain(`${apiServer} can't be used in cluster-2`);
  });

  test('pod ranges that its Cluster declares are obeyed as soon as they are declared', async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD, {addresses: ['10.66.0.1']}]));
    await one.apply(serviceYaml(namespace));
    onTestFinished(async () => set.register(one, {podCIDRs: []}));
    const both = ['10.200.0.1', '10.66.0.1'];
    await eventually('both', async () => addressesOf(await importedIn(two, namespace)).join() === both.join());
    await set.register(one, {podCIDRs: ['10.200.0.0/16']});
    await eventually('the foreign one is gone', async () => {
      return addressesOf(await importedIn(two, namespace)).join() === '10.200.0.1';
    });
    await set.register(one, {podCIDRs: []});
    await eventually('it is back', async () => addressesOf(await importedIn(two, namespace)).length === 2);
  });
});

describe('hostile slices', () => {
  test('ten thousand endpoints are imported by nobody and told, and the rest of the member goes on', async () => {
    const namespace = await freshNamespace();
    const many = (slice: number): readonly SourceEndpoint[] =>
      Array.from({length: 1_000}, (_, i) => ({addresses: [`10.200.${slice * 4 + (i >> 8)}.${i & 255}`]}));
    for (let i = 0; i < 10; i++) await put(one, sourceSlice(namespace, `pets-${i}`, many(i)));
    await one.apply(serviceYaml(namespace));
    await put(one, sourceSlice(namespace, 'few-a', [POD], {service: 'few'}));
    await one.apply(serviceYaml(namespace, {name: 'few'}));
    const said = await eventually('it is told on the export', async () => {
      const found = await one.find<ServiceExport>(serviceExports, {namespace, name: 'pets'});
      const ready = conditionOf(found, 'Ready');
      return ready?.status === 'True' ? ready : undefined;
    });
    expect(said.message).toContain('10000 endpoints are too many');
    expect(addressesOf(await someIn(two, namespace, 1))).toEqual(['10.200.0.1']);
    await presence(two, namespace, 'Absent');
    await one.client.delete(serviceExports, {namespace, name: 'pets'});
  });
});

describe('a source that does not answer', () => {
  test('keeps its slices, also over a restart of the hub, and is followed again when it is back', async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD]));
    await put(one, sourceSlice(namespace, 'pets-b', [{addresses: ['10.200.0.3']}]));
    await one.apply(serviceYaml(namespace));
    const before = await someIn(two, namespace, 2);
    const importBefore = await two.client.get(serviceImports, {namespace, name: 'pets'});
    const unreachable = async () =>
      eventually('it is called unreachable', async () => {
        const cluster = await set.hubCluster.find<Cluster>(clusters, {name: 'cluster-1'});
        return conditionOf(cluster, 'Reachable')?.status === 'False';
      });
    // From the hub alone: the cluster itself goes on.
    one.cluster.faults.add({userAgent: 'isthmus-hub'}, {kind: 'reset'});
    one.cluster.faults.dropWatches({userAgent: 'isthmus-hub'});
    await unreachable();
    await one.client.delete(endpointSlices, {namespace, name: 'pets-b'});
    await running.stop();
    running = set.startHub(HUB);
    await synced(running, [two]);
    await eventually('the hub has stopped waiting', () => running.hub.status().gathered);
    // Another member is served meanwhile, so the hub had every occasion.
    await two.namespace(`${namespace}-two`);
    await put(two, sourceSlice(`${namespace}-two`, 'pets-a', [{addresses: ['10.201.0.1']}]));
    await two.apply(serviceYaml(`${namespace}-two`));
    await someIn(two, `${namespace}-two`, 1);
    const versions = (slices: readonly EndpointSlice[]) =>
      slices.map(({metadata}) => metadata.resourceVersion ?? '').sort();
    expect(versions(await importedIn(two, namespace))).toEqual(versions(before));
    await presence(two, namespace, 'Present');
    one.cluster.faults.clear();
    expect(addressesOf(await someIn(two, namespace, 1))).toEqual(['10.200.0.1']);
    await synced(running, set.members);
    const importAfter = await two.client.get(serviceImports, {namespace, name: 'pets'});
    expect(importAfter.metadata.uid).toBe(importBefore.metadata.uid);
  });

  test('an empty list of slices takes none away', async () => {
    const namespace = await freshNamespace();
    await put(one, sourceSlice(namespace, 'pets-a', [POD]));
    await one.apply(serviceYaml(namespace));
    const before = await someIn(two, namespace, 1);
    const match = {userAgent: 'isthmus-hub', resource: 'endpointslices'};
    const row = 'endpointslices.discovery.k8s.io';
    const lists = () => running.status('cluster-1').reflectors[row]?.lists ?? 0;
    const seen = lists();
    one.cluster.faults.add({...match, verb: 'list'}, {kind: 'emptyList'});
    const stop = one.cluster.faults.add({...match, verb: 'watch'}, {kind: 'gone'});
    one.cluster.faults.dropWatches(match);
    await eventually('the empty list was taken', () => lists() > seen);
    stop();
    const later = `${namespace}-later`;
    await two.namespace(later);
    await put(two, sourceSlice(later, 'pets-a', [POD]));
    await two.apply(serviceYaml(later));
    await someIn(two, later, 1);
    expect((await importedIn(two, namespace)).map(({metadata}) => metadata.uid)).toEqual(
      before.map(({metadata}) => metadata.uid),
    );
    expect(addressesOf(await someIn(one, namespace, 1))).toEqual(['10.200.0.1']);
  });
});

describe('ClusterSetIP imports', () => {
  test('have slices too, until a member would have more than the limit; headless ones keep theirs', async () => {
    const namespace = await freshNamespace();
    const other = await freshNamespace();
    // Room for the next one.
    onTestFinished(async () => {
      for (const each of [namespace, other]) {
        await one.client.delete(serviceExports, {namespace: each, name: 'pets'});
        await someIn(two, each, 0);
      }
    });
    await put(one, sourceSlice(namespace, 'pets-a', [POD]));
    await one.apply(serviceYaml(namespace, {headless: false}));
    await someIn(two, namespace, 1);
    await presence(two, namespace, 'Present');
    await one.apply(serviceYaml(other));
    for (let i = 0; i <= LIMIT; i++) await put(one, sourceSlice(other, `pets-${i}`, [{addresses: [`10.200.1.${i}`]}]));
    await someIn(two, namespace, 0);
    await presence(two, namespace, 'Absent');
    await someIn(two, other, LIMIT + 1);
    const limited = async () => {
      const cluster = await set.hubCluster.find<Cluster>(clusters, {name: 'cluster-2'});
      return conditionOf(cluster, 'SlicesLimited');
    };
    const said = await eventually('it is said on the Cluster', limited);
    expect(said).toMatchObject({
      status: 'True',
      reason: 'TooManySlices',
      message: expect.stringContaining(`${LIMIT} `),
    });
    await one.client.delete(serviceExports, {namespace: other, name: 'pets'});
    await someIn(two, namespace, 1);
    await eventually('it is said no more', async () => (await limited()) === undefined);
  });
});

describe('leaving', () => {
  test('a member that leaves keeps no imported slice, and the others keep none of its own', async () => {
    const namespace = await freshNamespace();
    await two.namespace(namespace);
    for (const member of set.members) {
      await put(member, sourceSlice(namespace, 'pets-a', [POD]));
      await member.apply(serviceYaml(namespace));
    }
    await someIn(one, namespace, 2);
    onTestFinished(async () => {
      const isRegistered = async () => (await set.hubCluster.find(clusters, {name: 'cluster-2'})) !== undefined;
      await eventually('it has left', async () => !(await isRegistered()), WITHIN_MS);
      await set.register(two);
      await synced(running, set.members);
    });
    await set.hubCluster.client.delete(clusters, {name: 'cluster-2'});
    const [left] = await someIn(one, namespace, 1);
    expect(left?.metadata.labels?.[MCS_SOURCE_CLUSTER_LABEL]).toBe('cluster-1');
    await someIn(two, namespace, 0);
    const {items} = await two.client.list<EndpointSlice>(endpointSlices, {namespace});
    // Its own are its own.
    expect(items.map(({metadata}) => metadata.name)).toEqual(['pets-a']);
  });
});
