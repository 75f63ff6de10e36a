import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import type {FlomeshServiceImport, ServiceImport} from '../../src/api/kinds.ts';
import {toMicroTime} from '../../src/api/meta.ts';
import {
  configMaps,
  flomeshServiceExports,
  flomeshServiceImports,
  leases,
  namespaces,
  serviceExports,
  serviceImports,
} from '../../src/api/resources.ts';
import {
  exportYaml,
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';
import {eventually} from '../tools/eventually.ts';

/** What one member, or one hub, that is in a bad way does to the others: nothing. */

const HUB = {userAgent: 'isthmus-hub'};
const write = {fieldManager: 'kubectl'};
/**
 * Longer than a busy machine stands still, and less than what who waits for the bad one would wait: nine seconds for a late answer,
 * ten for a timeout, twenty-five for a Lease.
 */
const AT_ONCE_MS = 7_000;

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
  namespace = `calm-${++spaces}`;
  await one.namespace(namespace);
  startHub();
  await synced(running, set.members);
});
afterEach(async () => {
  for (const {cluster} of set.members) cluster.faults.clear();
  await running.stop();
  for (const resource of [serviceExports, flomeshServiceExports]) {
    for (const {metadata} of (await one.client.list(resource)).items) await one.client.delete(resource, metadata);
  }
});

function startHub(options: Parameters<TestClusterset['startHub']>[0] = {}): void {
  running = set.startHub({leaseRenewMs: 500, ...options});
}

async function importIn(member: TestCluster): Promise<ServiceImport | undefined> {
  return member.find<ServiceImport>(serviceImports, {namespace, name: 'foo'});
}

/** Milliseconds from the export in the first to the import in the second. */
async function exportTakes(): Promise<number> {
  const startedMs = performance.now();
  await one.apply(exportYaml(namespace, 'foo'));
  await eventually('import in the healthy one', async () => importIn(two));
  return performance.now() - startedMs;
}

describe('one of three members', () => {
  test.each([
    {name: 'answers nothing any more, and leaves connections open', fault: {kind: 'hang'}},
    {name: 'answers each request nine seconds later', fault: {kind: 'latency', ms: 9_000}},
    {name: 'cuts every connection', fault: {kind: 'reset'}},
  ] as const)('$name: the others wait for nothing', async ({fault}) => {
    three.cluster.faults.add(HUB, fault);
    three.cluster.faults.dropWatches(HUB);
    expect(await exportTakes()).toBeLessThan(AT_ONCE_MS);
    await one.client.delete(serviceExports, {namespace, name: 'foo'});
    await eventually('gone in the healthy one', async () => (await importIn(two)) === undefined, AT_ONCE_MS);
    three.cluster.faults.clear();
  });

  test('hangs while the hub starts: the others are synced, and served, all the same', async () => {
    await running.stop();
    three.cluster.faults.add(HUB, {kind: 'hang'});
    startHub();
    await synced(running, [one, two]);
    expect(await exportTakes()).toBeLessThan(AT_ONCE_MS);
    three.cluster.faults.clear();
    await eventually('it catches up', async () => importIn(three), 20_000);
  });
});

describe('targetClusters', () => {
  test('that shrink take both kinds of import from who is left out, and from nobody else; namespaces stay', async () => {
    const at = {namespace, name: 'foo'};
    await one.apply(exportYaml(namespace, 'foo', {group: 'flomesh.io/v1alpha1'}));
    const kinds = [serviceImports, flomeshServiceImports];
    for (const member of [two, three]) {
      for (const kind of kinds) await eventually('imported', async () => member.find(kind, at));
    }
    const before = await two.client.get<FlomeshServiceImport>(flomeshServiceImports, at);
    const body = {spec: {targetClusters: ['default/default/default/cluster-2']}};
    await one.client.patch(flomeshServiceExports, at, {type: 'merge', body}, write);
    for (const kind of kinds) await eventually('gone', async () => (await three.find(kind, at)) === undefined);
    expect(await three.find(namespaces, {name: namespace})).toBeDefined();
    expect((await two.client.get(flomeshServiceImports, at)).metadata.uid).toBe(before.metadata.uid);
  });
});

describe('a hub that was killed', () => {
  const at = {namespace: 'isthmus-system', name: 'isthmus-hub'};

  /** Renewed just now by a process that is gone without a word. */
  async function heldBy(holderIdentity: string): Promise<void> {
    await running.stop();
    const now = toMicroTime(Date.now());
    const body = {spec: {holderIdentity, leaseDurationSeconds: 25, renewTime: now, acquireTime: now}};
    for (const member of set.members) await member.client.patch(leases, at, {type: 'merge', body}, write);
  }

  test('and comes back under its own name goes on at once: nobody else can be that one', async () => {
    await heldBy('hub-0');
    startHub({identity: 'hub-0'});
    await synced(running, set.members);
    expect(await exportTakes()).toBeLessThan(AT_ONCE_MS);
  });

  test('is not taken for dead by another one before its Lease is over', async () => {
    await heldBy('hub-0');
    startHub({identity: 'hub-1'});
    await eventually('it waits', () =>
      set.members.every(({name}) =>
        running.hub
          .status()
          .members.some(({cluster, conditions}) => cluster === name && conditions.synced.reason === 'WaitsForLease'),
      ),
    );
    await one.apply(exportYaml(namespace, 'foo'));
    await eventually('the export is known', () => running.status('cluster-1').exports === 1);
    expect(await importIn(two)).toBeUndefined();
    for (const member of set.members) {
      await member.client.patch(leases, at, {type: 'merge', body: {spec: {holderIdentity: ''}}}, write);
    }
    await eventually('it goes on when the Lease is free', async () => importIn(two));
  });

  test('remembers when it listed last, and writes that down no oftener than once an hour', async () => {
    const record = {namespace: 'isthmus-system', name: 'isthmus-member-cluster-1'};
    const read = async (): Promise<{metadata: {resourceVersion?: string}; data?: Record<string, string>}> =>
      set.hubCluster.client.get(configMaps, record);
    const before = await eventually('the time of a list', async () => {
      const found = await read();
      return found.data?.['last-lists'] !== undefined && found;
    });
    await running.stop();
    startHub();
    await synced(running, set.members);
    await eventually('everything was read', () => running.hub.status().gathered);
    expect((await read()).metadata.resourceVersion).toBe(before.metadata.resourceVersion);

    await running.stop();
    const nowMs = (): number => Date.now() + 3_700_000;
    startHub({nowMs});
    const lists = await eventually('a newer time', async () => {
      const {data} = await read();
      return data?.['last-lists'] !== before.data?.['last-lists'] && data?.['last-lists'];
    });
    const {atMs} = JSON.parse(lists) as {atMs: Record<string, number>};
    expect(atMs['mcs']).toBeGreaterThan(Date.now() + 3_600_000);
  });
});
