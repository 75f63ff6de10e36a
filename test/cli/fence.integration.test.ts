import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {operatorHub} from '../../cli/operator-hub.ts';
import {runTakeover} from '../../cli/takeover/run-takeover.ts';
import type {Cluster, Lease, ServiceImport} from '../../src/api/kinds.ts';
import {EPOCH_ANNOTATION, HUB_ANNOTATION, HUB_MANAGER} from '../../src/api/names.ts';
import {clusters, leases, namespaces, serviceImports} from '../../src/api/resources.ts';
import {writeHubEpoch} from '../../src/hub/hub-epoch.ts';
import {
  conditionOf,
  exportYaml,
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from '../hub/clusterset.ts';
import {eventually} from '../tools/eventually.ts';
import {said} from './operated-clusterset.ts';
import {RecordedTerminal} from './recorded-terminal.ts';

/** Two hubs in two clusters, of the same epoch: what keeps them apart until somebody says which one it is (design §3). */

vi.setConfig({testTimeout: 60_000});

const RENEW_MS = 400;
/** Leases say their duration in whole seconds. */
const EXPIRY_MS = 1_000;
const LEASE = {namespace: 'isthmus-system', name: 'isthmus-hub'};

let set: TestClusterset;
let member: TestCluster;
let elsewhere: TestCluster;

beforeEach(async () => {
  set = await startClusterset(1);
  member = set.members[0] as TestCluster;
  elsewhere = await set.add('new-hub');
  await set.register(member);
  await member.namespace('bar');
  await member.apply(exportYaml('bar', 'foo'));
  await registerElsewhere();
});
afterEach(async () => set.close());

const startOld = (): RunningHub => set.startHub({leaseRenewMs: RENEW_MS, identity: 'old'});
const startNew = (identity: string): RunningHub =>
  set.startHub({credentials: elsewhere.cluster.credentials, leaseRenewMs: RENEW_MS, identity});

/** As the Cluster of the lost hub was kept. */
async function registerElsewhere(): Promise<void> {
  const spec = {gatewayHost: '192.0.2.11', gatewayPort: 8080, kubeconfig: member.cluster.kubeconfig};
  const metadata = {name: member.name};
  const object: Cluster = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata, spec};
  await elsewhere.client.apply(clusters, object, {fieldManager: 'kubectl', force: true});
}

async function uidOf(cluster: TestCluster): Promise<string> {
  return (await cluster.client.get(namespaces, {name: 'kube-system'})).metadata.uid ?? '';
}

async function leaseNow(): Promise<readonly (string | undefined)[]> {
  const {metadata, spec} = await member.client.get<Lease>(leases, LEASE);
  return [metadata.annotations?.[EPOCH_ANNOTATION], metadata.annotations?.[HUB_ANNOTATION], spec?.holderIdentity];
}

/** As a hub that was killed leaves it: nobody released it. */
async function killOld(old: RunningHub): Promise<void> {
  await old.stop();
  const body = {spec: {holderIdentity: 'old'}};
  await member.client.patch(leases, LEASE, {type: 'merge', body}, {fieldManager: HUB_MANAGER});
}

/** @returns the message of the Cluster's condition Synced, when its reason is this */
async function refused(hub: TestCluster, reason: string): Promise<string> {
  return eventually(`${reason} in ${hub.name}`, async () => {
    const seen = conditionOf(await hub.find<Cluster>(clusters, {name: member.name}), 'Synced');
    return seen?.status === 'False' && seen.reason === reason && seen.message;
  });
}

/** The Lease is long over by now, whoever looks at it. */
async function pass(): Promise<void> {
  const deadline = performance.now() + 3 * EXPIRY_MS;
  await eventually('the Lease is over', () => performance.now() > deadline);
}

async function takeover(watchMs = 1_500): Promise<string> {
  const {credentials} = elsewhere.cluster;
  const hub = operatorHub({credentials, namespace: 'isthmus-system', development: true});
  const terminal = new RecordedTerminal();
  try {
    return await said(
      terminal,
      runTakeover({
        ...{hub, clustersetId: 'test-set', force: false, agreed: true, dryRun: false, watchMs, terminal},
        signal: new AbortController().signal,
      }),
    );
  } finally {
    await hub.close();
  }
}

test('a hub that runs before the takeover writes nothing and says why; after it, it writes, and the old one, come back, does not', async () => {
  const [here, there] = [await uidOf(set.hubCluster), await uidOf(elsewhere)];
  const old = startOld();
  await synced(old, [member]);
  expect(await leaseNow()).toEqual(['1', here, 'old']);
  await killOld(old);
  const before = await member.find<ServiceImport>(serviceImports, {namespace: 'bar', name: 'foo'});
  expect(before).toBeDefined();
  member.cluster.writes.reset();

  const early = startNew('early');
  const why = await refused(elsewhere, 'OtherHub');
  expect(why).toContain(`kube-system ${here}, here it is ${there}`);
  expect(why).toContain('run isthmus hub takeover');
  await pass();
  expect(early.status(member.name)).toMatchObject({writing: false, holdsLease: false});
  // It clears nothing either.
  await elsewhere.client.delete(clusters, {name: member.name});
  await eventually('it left', () => early.hub.status().members.length + early.hub.status().leaving.length === 0);
  expect(member.cluster.writes.requests()).toEqual([]);
  expect(await leaseNow()).toEqual(['1', here, 'old']);
  await early.stop();

  await registerElsewhere();
  expect(await takeover()).toContain('taken     cluster-1');
  expect(await leaseNow()).toEqual(['2', there, '']);
  const fresh = startNew('fresh');
  await synced(fresh, [member]);
  expect(await leaseNow()).toEqual(['2', there, 'fresh']);

  const back = startOld();
  await refused(set.hubCluster, 'EpochPassed');
  await pass();
  expect(back.status(member.name)).toMatchObject({writing: false, holdsLease: false});
  expect(await leaseNow()).toEqual(['2', there, 'fresh']);
  const after = await member.find<ServiceImport>(serviceImports, {namespace: 'bar', name: 'foo'});
  expect(after?.metadata.uid).toBe(before?.metadata.uid);
});

test('a hub whose cluster has another uid since it was restored needs a takeover, though it took over before', async () => {
  const fresh = startNew('fresh');
  await synced(fresh, [member]);
  expect(await takeover(3_000)).toMatch(/done {6}cluster-1: this hub renews its Lease\n\nAll 1 members are this hub's/);
  await fresh.stop();
  expect(await takeover()).toContain('taken     cluster-1');
  const annotations = {[HUB_ANNOTATION]: 'before-the-restore'};
  const body = {metadata: {annotations}, spec: {holderIdentity: ''}};
  await member.client.patch(leases, LEASE, {type: 'merge', body}, {fieldManager: HUB_MANAGER});
  const restored = startNew('restored');
  expect(await refused(elsewhere, 'OtherHub')).toContain('kube-system before-the-restore');
  await restored.stop();
  const text = await takeover();
  expect(text).toContain('lost      cluster-1: no hub renews its Lease; epoch 2 becomes 3');
  expect(text).toContain('taken     cluster-1');
  await synced(startNew('again'), [member]);
  expect(await leaseNow()).toEqual(['3', await uidOf(elsewhere), 'again']);
});

test('a member whose hub is of an older version gets the mark with the next renewal', async () => {
  const old = startOld();
  await synced(old, [member]);
  await old.stop();
  const body = {metadata: {annotations: {[HUB_ANNOTATION]: null}}};
  await member.client.patch(leases, LEASE, {type: 'merge', body}, {fieldManager: HUB_MANAGER});
  expect((await leaseNow())[1]).toBeUndefined();
  await synced(startOld(), [member]);
  expect(await leaseNow()).toEqual(['1', await uidOf(set.hubCluster), 'old']);
});

test('a hub that does not know its epoch yet takes no member that leaves for another one’s: it waits, then clears it', async () => {
  const at = {namespace: 'bar', name: 'foo'};
  const hub = {client: elsewhere.client, namespace: 'isthmus-system', signal: new AbortController().signal};
  await writeHubEpoch(2, hub, 'test');
  const fresh = startNew('fresh');
  await synced(fresh, [member]);
  await eventually('the import', async () => member.find(serviceImports, at));
  await fresh.stop();
  await elsewhere.client.delete(clusters, {name: member.name});
  elsewhere.cluster.faults.add({resource: 'configmaps', name: 'isthmus-hub-epoch'}, {kind: 'status', code: 500});
  const again = startNew('again');
  await eventually('it wants to clear it', () => again.hub.status().leaving.includes(member.name));
  await pass();
  expect(await elsewhere.find(clusters, {name: member.name})).toBeDefined();
  elsewhere.cluster.faults.clear();
  await eventually('it left', async () => (await elsewhere.find(clusters, {name: member.name})) === undefined);
  expect(await member.find(serviceImports, at)).toBeUndefined();
  expect(await member.find(leases, LEASE)).toBeUndefined();
});
