import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import type {Cluster, RemoteCluster, ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {
  clusterProperties,
  clusters,
  configMaps,
  endpointSlices,
  events,
  flomeshServiceExports,
  flomeshServiceImports,
  leases,
  namespaces,
  remoteClusters,
  secrets,
  serviceExports,
  serviceImports,
} from '../../src/api/resources.ts';
import {
  conditionOf,
  exportYaml,
  gatewayOf,
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';
import {eventually} from '../tools/eventually.ts';

/** Leaving: for the others at once, in the member itself as soon as it lets us, and never forgotten in between. */

const OURS = 'app.kubernetes.io/managed-by=isthmus-hub';
const write = {fieldManager: 'kubectl', force: true};

let set: TestClusterset;
let running: RunningHub;
let one: TestCluster;
let two: TestCluster;
let leaver: TestCluster;
let namespace: string;
let spaces = 0;

beforeAll(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  leaver = await set.add('leaver');
  for (const member of [one, two]) await set.register(member);
});
afterAll(async () => set.close());

beforeEach(async () => {
  namespace = `shop-${++spaces}`;
  await leaver.namespace(namespace);
  startHub();
  await set.register(leaver);
  await synced(running, [one, two, leaver]);
  await leaver.apply(exportYaml(namespace, 'foo'));
  await leaver.apply(exportYaml(namespace, 'foo', {group: 'flomesh.io/v1alpha1'}));
  for (const member of [one, leaver]) await imported(member);
});
afterEach(async () => {
  if (running.hub.status().members.length === 0) startHub();
  await leaver.cluster.start().catch(() => undefined);
  for (const name of ['leaver', 'twin', 'again']) await set.hubCluster.client.delete(clusters, {name});
  try {
    const isGone = async (): Promise<boolean> =>
      (await set.hubCluster.client.list(clusters)).items.length === 2 && running.hub.status().leaving.length === 0;
    await eventually('only the two are left', isGone, 20_000);
  } finally {
    await running.stop();
  }
  for (const resource of [serviceExports, flomeshServiceExports]) {
    await leaver.client.delete(resource, {namespace, name: 'foo'});
  }
});

function startHub(): void {
  running = set.startHub({leaseRenewMs: 500});
}

async function imported(member: TestCluster): Promise<ServiceImport> {
  return eventually(`import in ${member.name}`, async () =>
    member.find<ServiceImport>(serviceImports, {namespace, name: 'foo'}),
  );
}

/** All that a hub may have left behind, by kind and name. */
async function tracesIn(member: TestCluster): Promise<readonly string[]> {
  const kinds = [
    ...[serviceImports, flomeshServiceImports, remoteClusters, clusterProperties].map((resource) => ({
      resource,
      labelSelector: OURS,
    })),
    {resource: endpointSlices, labelSelector: 'endpointslice.kubernetes.io/managed-by=isthmus-hub'},
  ];
  const found: string[] = [];
  for (const {resource, labelSelector} of kinds) {
    const {items} = await member.client.list(resource, {labelSelector});
    found.push(...items.map(({metadata}) => `${resource.plural}/${metadata.name}`));
  }
  const lease = await member.find(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'});
  if (lease !== undefined) found.push('the lease');
  for (const {metadata, status} of (await member.client.list<ServiceExport>(serviceExports)).items) {
    if ((status?.conditions ?? []).length > 0) found.push(`conditions of ${metadata.name}`);
  }
  return found;
}

/** A kube-apiserver that has just started refuses lists of custom kinds for a moment (429). */
async function comesBack(): Promise<void> {
  await leaver.cluster.start();
  const answers = async (): Promise<boolean> =>
    tracesIn(leaver).then(
      () => true,
      () => false,
    );
  await eventually('it answers', answers);
}

async function isCleared(member: TestCluster): Promise<void> {
  let left: readonly string[] = [];
  await eventually(
    `nothing is left in ${member.name}`,
    async () => {
      left = await tracesIn(member);
      return left.length === 0;
    },
    25_000,
  ).catch((error: unknown) => {
    throw new Error(`still there: ${left.join(', ')}`, {cause: error});
  });
}

async function othersForgot(): Promise<void> {
  for (const member of [one, two]) {
    await eventually(`${member.name} lost its import`, async () => {
      return (await member.find(serviceImports, {namespace, name: 'foo'})) === undefined;
    });
    await eventually(`${member.name} lost its RemoteCluster`, async () => {
      return (await member.find(remoteClusters, {name: 'leaver'})) === undefined;
    });
  }
}

const record = {namespace: 'isthmus-system', name: 'isthmus-member-leaver'};

async function tombstone(): Promise<string | undefined> {
  const found = await set.hubCluster.find<KubeObject & {data?: Record<string, string>}>(configMaps, record);
  return found?.data?.['left'];
}

async function leaves(): Promise<void> {
  await set.hubCluster.client.delete(clusters, {name: 'leaver'});
}

async function isLetGo(): Promise<void> {
  await eventually('the Cluster is gone', async () => {
    return (await set.hubCluster.find(clusters, {name: 'leaver'})) === undefined;
  });
}

async function nothingIsKept(): Promise<void> {
  await eventually('no record', async () => (await set.hubCluster.find(configMaps, record)) === undefined);
  await eventually('no Secret', async () => (await set.hubCluster.find(secrets, record)) === undefined);
}

async function conditionIs(cluster: string, type: string, want: {status: string; reason: string}): Promise<string> {
  const found = await eventually(`${cluster} ${type} ${JSON.stringify(want)}`, async () => {
    const seen = conditionOf(await set.hubCluster.find<Cluster>(clusters, {name: cluster}), type);
    return seen?.status === want.status && seen.reason === want.reason ? seen : undefined;
  });
  return found.message;
}

describe('a member that can be reached', () => {
  test('is cleared before its Cluster goes; its own objects and all namespaces stay', async () => {
    const held = await set.hubCluster.client.get<Cluster>(clusters, {name: 'leaver'});
    expect(held.metadata.finalizers).toEqual(['isthmus.dev/leave']);
    await leaves();
    await isLetGo();
    expect(await tracesIn(leaver)).toEqual([]);
    await othersForgot();
    await nothingIsKept();
    expect(await leaver.find(serviceExports, {namespace, name: 'foo'})).toBeDefined();
    expect(await leaver.find(namespaces, {name: namespace})).toBeDefined();
    const {items} = await set.hubCluster.client.list<KubeObject & {reason: string}>(events);
    expect(items.map(({reason}) => reason)).toContain('Left');
  });

  test('can join another hub and another clusterset then', async () => {
    await leaves();
    await isLetGo();
    const elsewhere = await set.add('hub-b');
    const other = set.startHub({credentials: elsewhere.cluster.credentials, clustersetId: 'another-set'});
    const spec = {gatewayHost: '192.0.2.99', gatewayPort: 80, kubeconfig: leaver.cluster.kubeconfig};
    const object = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'again'}, spec};
    await elsewhere.client.apply(clusters, object, write);
    await eventually('it is synced there', () => other.hub.status().members.some(({synced: isSynced}) => isSynced));
    await elsewhere.client.delete(clusters, {name: 'again'});
    await isCleared(leaver);
    await other.stop();
  });

  test('whose Cluster is deleted while no hub runs is waited for by the finalizer', async () => {
    await running.stop();
    await leaves();
    expect(await tracesIn(leaver)).not.toEqual([]);
    // The Lease of the hub that was stopped has to run out where the machine stood still when it was to be given back.
    running = set.startHub({leaseRenewMs: 500, unreachableAfterMs: 15_000});
    await isLetGo();
    expect(await tracesIn(leaver)).toEqual([]);
    await othersForgot();
    await nothingIsKept();
  });

  test('is found by its record where somebody took the finalizer away while no hub ran', async () => {
    await running.stop();
    await leaves();
    const body = {metadata: {finalizers: null}};
    await set.hubCluster.client.patch(clusters, {name: 'leaver'}, {type: 'merge', body}, write);
    await isLetGo();
    startHub();
    await isCleared(leaver);
    await othersForgot();
    await nothingIsKept();
  });
});

describe('a member that can not be reached', () => {
  test('is gone from the others while it is away, and cleared when it comes back, by whatever hub runs then', async () => {
    await leaver.cluster.stop();
    await conditionIs('leaver', 'Reachable', {status: 'False', reason: 'Unreachable'});
    await leaves();
    await othersForgot();
    await isLetGo();
    expect(JSON.parse((await tombstone()) ?? '{}')).toMatchObject({isInCluster: false});
    expect(await set.hubCluster.find(secrets, record)).toBeDefined();
    await running.stop();
    startHub();
    await eventually('the next hub knows', () => running.hub.status().leaving.includes('leaver'));
    await comesBack();
    await isCleared(leaver);
    await nothingIsKept();
    expect(await leaver.find(serviceExports, {namespace, name: 'foo'})).toBeDefined();
  });

  test('is given up by deleting its tombstone; its kubeconfig goes too', async () => {
    await leaver.cluster.stop();
    await leaves();
    await isLetGo();
    await set.hubCluster.client.delete(configMaps, record);
    await nothingIsKept();
    await eventually('nobody waits', () => running.hub.status().leaving.length === 0);
    await comesBack();
    expect(await tracesIn(leaver)).not.toEqual([]);
    await set.register(leaver);
    await synced(running, [leaver]);
  });

  test('may join again: then nothing is taken from it any more', async () => {
    const before = await imported(leaver);
    await leaver.cluster.stop();
    await leaves();
    await isLetGo();
    await set.register(leaver);
    await comesBack();
    await synced(running, [leaver]);
    await eventually('no tombstone', async () => (await tombstone()) === undefined);
    await imported(one);
    await eventually('nobody is leaving', () => running.hub.status().leaving.length === 0);
    expect((await imported(leaver)).metadata.namespace).toBe(before.metadata.namespace);
    expect(running.status('leaver').exports).toBe(1);
  });

  test('keeps its name: another cluster under it is refused until the first is cleared', async () => {
    await leaver.cluster.stop();
    await leaves();
    await isLetGo();
    const stranger = await set.add('stranger');
    const spec = {gatewayHost: '192.0.2.77', gatewayPort: 80, kubeconfig: stranger.cluster.kubeconfig};
    const object = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'leaver'}, spec};
    stranger.cluster.writes.reset();
    await set.hubCluster.client.apply(clusters, object, write);
    const message = await conditionIs('leaver', 'Synced', {status: 'False', reason: 'NameTaken'});
    expect(message).toContain('isthmus-member-leaver');
    expect(stranger.cluster.writes.requests()).toEqual([]);
    expect(await one.find(remoteClusters, {name: 'leaver'})).toBeUndefined();
    await comesBack();
    await isCleared(leaver);
    await conditionIs('leaver', 'Synced', {status: 'True', reason: 'Synced'});
  });
});

describe('one cluster under two names', () => {
  test('the younger joined first: the older takes its place, and nothing of the younger is left with anybody', async () => {
    const kind = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster'};
    const clusterOf = (name: string, kubeconfig: string): Cluster => ({
      ...kind,
      metadata: {name},
      spec: {gatewayHost: gatewayOf(name), gatewayPort: 80, kubeconfig},
    });
    const noWayIn = one.cluster.kubeconfig.replace(/token: .*/, 'token: none');
    await leaves();
    await isLetGo();
    await set.hubCluster.client.apply(clusters, clusterOf('again', noWayIn), write);
    await conditionIs('again', 'Reachable', {status: 'False', reason: 'Unauthorized'});
    const seconds = (await set.hubCluster.client.get<Cluster>(clusters, {name: 'again'})).metadata.creationTimestamp;
    await eventually('a second later', () => Date.now() > Date.parse(seconds ?? '') + 1_100);
    await set.hubCluster.client.apply(clusters, clusterOf('twin', leaver.cluster.kubeconfig), write);
    await conditionIs('twin', 'Synced', {status: 'True', reason: 'Synced'});
    await eventually('seen', async () => one.find<RemoteCluster>(remoteClusters, {name: 'twin'}));
    const from = async (): Promise<string | undefined> =>
      (await imported(one)).status?.clusters?.map(({cluster}) => cluster).join();
    await eventually('exports by its first name', async () => (await from()) === 'twin');
    await set.hubCluster.client.apply(clusters, clusterOf('again', leaver.cluster.kubeconfig), write);
    await conditionIs('twin', 'Synced', {status: 'False', reason: 'DuplicateCluster'});
    await conditionIs('again', 'Synced', {status: 'True', reason: 'Synced'});
    for (const member of [one, two, leaver]) {
      await eventually(`${member.name} forgot the younger`, async () => {
        return (await member.find(remoteClusters, {name: 'twin'})) === undefined;
      });
    }
    await eventually('exports by the name of the older', async () => (await from()) === 'again');
    await set.hubCluster.client.delete(clusters, {name: 'twin'});
    await eventually('gone', async () => (await set.hubCluster.find(clusters, {name: 'twin'})) === undefined);
    expect(await from()).toBe('again');
    expect((await leaver.client.list(clusterProperties)).items).toHaveLength(2);
  });
});
