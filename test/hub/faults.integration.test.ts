import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import type {Cluster, RemoteCluster, ServiceImport} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {
  clusters,
  configMaps,
  namespaces,
  remoteClusters,
  serviceExports,
  serviceImports,
  services,
} from '../../src/api/resources.ts';
import type {HubOptions} from '../../src/hub/hub.ts';
import {
  conditionOf,
  exportYaml,
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';
import {eventually} from '../tools/eventually.ts';

/** Absent, unknown and deleted are three different things (design §5): each fault first seen, then proven harmless. */

const HUB = {userAgent: 'isthmus-hub'};
/** Longer than a busy machine stands still, and less than what is a timeout. */
const SLOW_MS = 6_000;
const EXPORTS = {...HUB, resource: 'serviceexports', group: 'multicluster.x-k8s.io'};

let set: TestClusterset;
let running: RunningHub;
let one: TestCluster;
let two: TestCluster;
let three: TestCluster;
let namespace: string;
let spaces = 0;

beforeAll(async () => {
  set = await startClusterset(3);
  [one, two, three] = set.members as [TestCluster, TestCluster, TestCluster];
  for (const member of set.members) await set.register(member);
});
afterAll(async () => set.close());

beforeEach(async () => {
  namespace = `bar-${++spaces}`;
  await one.namespace(namespace);
  await startHub();
});
afterEach(async () => {
  for (const {cluster} of [set.hubCluster, ...set.members]) {
    cluster.faults.clear();
    cluster.faults.partition(false);
  }
  await running.stop();
  // By themselves: the end of a namespace takes seconds where nobody waits for it.
  for (const {metadata} of (await one.client.list(serviceExports)).items) {
    await one.client.delete(serviceExports, {namespace: metadata.namespace ?? '', name: metadata.name});
  }
  await one.client.delete(namespaces, {name: namespace});
});

async function startHub(options: Partial<HubOptions> = {}): Promise<void> {
  running = set.startHub({leaseRenewMs: 500, ...options});
  await synced(running, set.members);
}

async function exportMany(count: number): Promise<readonly string[]> {
  const names = Array.from({length: count}, (_, i) => `foo-${i}`);
  await one.apply(names.map((name) => exportYaml(namespace, name)).join('\n---\n'));
  for (const member of set.members) await eventually('all imported', async () => (await imports(member)) === count);
  return names;
}

async function imports(member: TestCluster): Promise<number> {
  return (await member.client.list(serviceImports, {namespace})).items.length;
}

async function expectAllImports(count: number): Promise<void> {
  for (const member of set.members) expect(await imports(member), member.name).toBe(count);
}

async function condition(cluster: string, type: string): Promise<ReturnType<typeof conditionOf>> {
  return conditionOf(await set.hubCluster.find<Cluster>(clusters, {name: cluster}), type);
}

async function conditionIs(cluster: string, type: string, want: {status: string; reason?: string}): Promise<void> {
  await eventually(`${cluster} ${type} ${JSON.stringify(want)}`, async () => {
    const found = await condition(cluster, type);
    return found?.status === want.status && (want.reason === undefined || found.reason === want.reason);
  });
}

/** Makes the hub list these again: their resource versions have become too old. */
function forceRelist(member: TestCluster, match: {resource: string; group?: string}): void {
  member.cluster.faults.add({...HUB, ...match, verb: 'watch'}, {kind: 'gone'}, {times: 1});
  member.cluster.faults.dropWatches({...HUB, ...match});
}

function listing(cluster: string, resource: string): {lists: number; failures: number} {
  const found = running.status(cluster).reflectors[resource];
  return {lists: found?.lists ?? 0, failures: found?.listFailures ?? 0};
}

const EXPORTS_NAME = 'serviceexports.multicluster.x-k8s.io';

describe('unreachable', () => {
  test('a member whose API server stops loses nothing, says so, and catches up', async () => {
    await exportMany(2);
    await one.cluster.stop();
    await conditionIs('cluster-1', 'Reachable', {status: 'False', reason: 'Unreachable'});
    await conditionIs('cluster-1', 'Synced', {status: 'Unknown', reason: 'Unreachable'});
    for (const member of [two, three]) {
      expect(await imports(member)).toBe(2);
      await eventually('told', async () => {
        const found = await member.find<RemoteCluster>(remoteClusters, {name: 'cluster-1'});
        return found?.status?.api?.state === 'Unreachable';
      });
    }
    await two.apply(exportYaml(namespace, 'meanwhile'));
    await eventually('others go on', async () => (await imports(three)) === 3);
    await one.cluster.start();
    await conditionIs('cluster-1', 'Reachable', {status: 'True'});
    await eventually('caught up', async () => (await imports(one)) === 3);
    await conditionIs('cluster-1', 'Synced', {status: 'True'});
    await two.client.delete(serviceExports, {namespace, name: 'meanwhile'});
  });

  test('what was deleted while the hub could not look goes when it looks again, and not before', async () => {
    await exportMany(3);
    one.cluster.faults.add(HUB, {kind: 'reset'});
    one.cluster.faults.dropWatches(HUB);
    await one.client.delete(serviceExports, {namespace, name: 'foo-1'});
    await conditionIs('cluster-1', 'Reachable', {status: 'False'});
    expect(await imports(two)).toBe(3);
    one.cluster.faults.clear();
    await eventually('one is gone', async () => (await imports(two)) === 2 && (await imports(one)) === 2);
  });

  test('a restarted hub that cannot reach an exporter keeps its imports as they are', async () => {
    await exportMany(2);
    const before = await three.client.get<ServiceImport>(serviceImports, {namespace, name: 'foo-0'});
    await running.stop();
    await one.cluster.stop();
    running = set.startHub({leaseRenewMs: 500});
    await synced(running, [two, three]);
    await conditionIs('cluster-1', 'Reachable', {status: 'False'});
    await eventually('absence was judged', () => running.hub.status().gathered);
    await eventually('the others are told', async () => {
      const found = await two.find<RemoteCluster>(remoteClusters, {name: 'cluster-1'});
      return found?.status?.api?.state === 'Unreachable';
    });
    await two.apply(exportYaml(namespace, 'foo-0'));
    const both = await eventually('a second exporter joins in', async () => {
      const found = await three.client.get<ServiceImport>(serviceImports, {namespace, name: 'foo-0'});
      return found.status?.clusters?.length === 2 ? found : undefined;
    });
    expect(both.metadata.uid).toBe(before.metadata.uid);
    expect(await imports(three)).toBe(2);
    await one.cluster.start();
    await synced(running, set.members);
    await two.client.delete(serviceExports, {namespace, name: 'foo-0'});
    await eventually('as before', async () => {
      const found = await three.client.get<ServiceImport>(serviceImports, {namespace, name: 'foo-0'});
      return found.status?.clusters?.map(({cluster}) => cluster).join() === 'cluster-1';
    });
  });

  test('a slow member delays no other', async () => {
    three.cluster.faults.add({...HUB, verb: 'patch'}, {kind: 'latency', ms: SLOW_MS});
    const {suffered} = three.cluster.faults;
    await one.apply(exportYaml(namespace, 'foo'));
    await eventually('import in the quick one', async () => (await imports(two)) === 1);
    await eventually('the slow one is written to', () => three.cluster.faults.suffered > suffered);
    // While that waits for its answer: whoever took members in turn would now wait with it.
    await one.apply(exportYaml(namespace, 'foo-2'));
    await eventually('the next import in the quick one', async () => (await imports(two)) === 2);
    expect(await imports(three)).toBe(0);
    await eventually('and later in the slow one', async () => (await imports(three)) === 2, 8 * SLOW_MS);
  });
});

describe('lists that lie', () => {
  test('a failed list deletes nothing; it is seen in the metric', async () => {
    await exportMany(12);
    const before = listing('cluster-1', EXPORTS_NAME).failures;
    one.cluster.faults.add({...EXPORTS, verb: 'list'}, {kind: 'status', code: 500});
    forceRelist(one, {resource: 'serviceexports', group: 'multicluster.x-k8s.io'});
    await eventually('failures seen', () => listing('cluster-1', EXPORTS_NAME).failures > before + 1);
    await expectAllImports(12);
    expect(running.status('cluster-1').exports).toBe(12);
  });

  test('a faulty empty list of a member with ten exports or more is held back, named, and forgotten when they are back', async () => {
    const names = await exportMany(12);
    const before = listing('cluster-1', EXPORTS_NAME).lists;
    one.cluster.faults.add({...EXPORTS, verb: 'list'}, {kind: 'emptyList'}, {times: 1});
    forceRelist(one, {resource: 'serviceexports', group: 'multicluster.x-k8s.io'});
    await eventually('the empty list was taken', () => listing('cluster-1', EXPORTS_NAME).lists === before + 1);
    await conditionIs('cluster-1', 'MassDeletion', {status: 'True', reason: 'HeldBack'});
    expect((await condition('cluster-1', 'MassDeletion'))?.message).toContain(`${namespace}/foo-0`);
    expect(running.status('cluster-1').heldBack).toHaveLength(names.length);
    await expectAllImports(12);
    forceRelist(one, {resource: 'serviceexports', group: 'multicluster.x-k8s.io'});
    await eventually('forgotten', async () => (await condition('cluster-1', 'MassDeletion')) === undefined);
    await expectAllImports(12);
  });

  test('a hub that starts with the faulty empty list holds back what consumers remember', async () => {
    await exportMany(12);
    await running.stop();
    one.cluster.faults.add({...EXPORTS, verb: 'list'}, {kind: 'emptyList'});
    await startHub();
    await conditionIs('cluster-1', 'MassDeletion', {status: 'True'});
    await expectAllImports(12);
    one.cluster.faults.clear();
    forceRelist(one, {resource: 'serviceexports', group: 'multicluster.x-k8s.io'});
    await eventually('forgotten', async () => (await condition('cluster-1', 'MassDeletion')) === undefined);
    await expectAllImports(12);
  });

  test('ten exports deleted together with their Services are let through at once', async () => {
    const names = await exportMany(12);
    for (const name of names) {
      await one.client.delete(services, {namespace, name});
      await one.client.delete(serviceExports, {namespace, name});
    }
    for (const member of set.members) await eventually('all gone', async () => (await imports(member)) === 0);
    expect(await condition('cluster-1', 'MassDeletion')).toBeUndefined();
  });

  test('a mass deletion that is meant goes through by confirmation on the Cluster', async () => {
    const names = await exportMany(12);
    for (const name of names) await one.client.delete(serviceExports, {namespace, name});
    await conditionIs('cluster-1', 'MassDeletion', {status: 'True'});
    await eventually('all deletions were judged', () => {
      const {exports, heldBack} = running.status('cluster-1');
      return exports === heldBack.length;
    });
    expect(await imports(two)).toBeGreaterThan(0);
    const annotations = {'isthmus.dev/confirm-deletions': new Date().toISOString()};
    const write = {fieldManager: 'kubectl'};
    await set.hubCluster.client.patch(
      clusters,
      {name: 'cluster-1'},
      {type: 'merge', body: {metadata: {annotations}}},
      write,
    );
    for (const member of set.members) await eventually('all gone', async () => (await imports(member)) === 0);
    const body = {metadata: {annotations: {'isthmus.dev/confirm-deletions': null}}};
    await set.hubCluster.client.patch(clusters, {name: 'cluster-1'}, {type: 'merge', body}, write);
  });

  test.each([
    {name: 'Services', resource: 'services', seen: 'services'},
    {name: 'EndpointSlices', resource: 'endpointslices', seen: 'endpointslices.discovery.k8s.io'},
    {name: 'Namespaces', resource: 'namespaces', seen: 'namespaces'},
  ])('an empty list of $name takes no import away, however few there are', async ({resource, seen}) => {
    await exportMany(2);
    const before = listing('cluster-1', seen).lists;
    one.cluster.faults.add({...HUB, resource, verb: 'list'}, {kind: 'emptyList'});
    // Not once only: slices are watched twice, those of exported Services and those that the hub imported.
    const stop = one.cluster.faults.add({...HUB, resource, verb: 'watch'}, {kind: 'gone'});
    one.cluster.faults.dropWatches({...HUB, resource});
    await eventually('the empty list was taken', () => listing('cluster-1', seen).lists > before);
    stop();
    await two.apply(exportYaml(namespace, 'later'));
    for (const member of set.members) await eventually('the hub went on', async () => (await imports(member)) === 3);
    await two.client.delete(serviceExports, {namespace, name: 'later'});
    await eventually('and still does', async () => (await imports(three)) === 2);
  });

  test('a kind that is served no more is unknown, not empty', async () => {
    await exportMany(2);
    const answer = {kind: 'status', code: 404, reason: 'NotFound'} as const;
    const message = 'the server could not find the requested resource';
    one.cluster.faults.add(EXPORTS, {...answer, message});
    one.cluster.faults.dropWatches(EXPORTS);
    await conditionIs('cluster-1', 'Synced', {status: 'False', reason: 'KindMissing'});
    await expectAllImports(2);
    one.cluster.faults.clear();
    await conditionIs('cluster-1', 'Synced', {status: 'True'});
    await expectAllImports(2);
  });

  test('Clusters that a faulty list lacks are asked for by name, and nobody leaves', async () => {
    await exportMany(2);
    const before = running.hub.status().clusterList.lists;
    const match = {...HUB, resource: 'clusters'};
    set.hubCluster.cluster.faults.add({...match, verb: 'list'}, {kind: 'emptyList'}, {times: 1});
    forceRelist(set.hubCluster, {resource: 'clusters'});
    await eventually('the empty list was taken', () => running.hub.status().clusterList.lists > before);
    await two.apply(exportYaml(namespace, 'later'));
    await eventually('the hub goes on', async () => (await imports(one)) === 3);
    expect(running.hub.status().members).toHaveLength(3);
    forceRelist(set.hubCluster, {resource: 'clusters'});
    await eventually('back', () => running.hub.clusters().length === 3);
    await two.client.delete(serviceExports, {namespace, name: 'later'});
  });
});

describe('another cluster behind the same kubeconfig', () => {
  test('nothing is read or written, nothing is deleted, and the old one is taken again', async () => {
    await exportMany(2);
    const {creationTimestamp = ''} = (await one.client.get(namespaces, {name: 'kube-system'})).metadata;
    one.cluster.faults.add(
      {...HUB, resource: 'namespaces', verb: 'get', name: 'kube-system'},
      {
        kind: 'rewriteBody',
        rewrite: () => ({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: {name: 'kube-system', uid: '00000000-0000-4000-8000-000000000000', creationTimestamp},
        }),
      },
    );
    one.cluster.faults.add({...EXPORTS, verb: 'list'}, {kind: 'emptyList'});
    forceRelist(one, {resource: 'serviceexports', group: 'multicluster.x-k8s.io'});
    await conditionIs('cluster-1', 'Reachable', {status: 'False', reason: 'ClusterChanged'});
    await expectAllImports(2);
    one.cluster.writes.reset();
    await two.apply(exportYaml(namespace, 'later'));
    await eventually('others go on', async () => (await imports(three)) === 3);
    expect(await imports(one)).toBe(2);
    expect(one.cluster.writes.requests()).toEqual([]);
    one.cluster.faults.clear();
    await conditionIs('cluster-1', 'Reachable', {status: 'True'});
    await eventually('caught up', async () => (await imports(one)) === 3);
    await two.client.delete(serviceExports, {namespace, name: 'later'});
  });
});

describe('precedence', () => {
  test('a member cannot backdate: an export is no older than the last complete list without it', async () => {
    const nowMs = Date.now() + 3_600_000;
    await running.stop();
    // Seen from an hour ahead, whatever appears now claims to be older than the lists that lacked it.
    await startHub({nowMs: () => nowMs});
    await two.namespace(namespace);
    await two.apply(exportYaml(namespace, 'foo'));
    await eventually('imported', async () => (await imports(three)) === 1);
    const record = {namespace: 'isthmus-system', name: 'isthmus-member-cluster-2'};
    const saved = await eventually('the age is remembered over a restart', async () => {
      const found = await set.hubCluster.find<KubeObject & {data?: Record<string, string>}>(configMaps, record);
      return found?.data?.['capped-ages'];
    });
    const [age] = Object.values(JSON.parse(saved) as Record<string, {ageMs: number}>);
    expect(age?.ageMs).toBe(nowMs);
    await two.client.delete(serviceExports, {namespace, name: 'foo'});
    await eventually('forgotten', async () => {
      const found = await set.hubCluster.find<KubeObject & {data?: Record<string, string>}>(configMaps, record);
      return found?.data?.['capped-ages'] === undefined;
    });
  });
});
