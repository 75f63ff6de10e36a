import {afterEach, beforeEach, expect, test} from 'vitest';

import {CLI_MANAGER, operatorHub, type OperatorHub} from '../../cli/operator-hub.ts';
import {runTakeover, type TakeoverOptions} from '../../cli/takeover/run-takeover.ts';
import type {Cluster, Lease, ServiceImport} from '../../src/api/kinds.ts';
import {AGENT_MANAGER, EPOCH_ANNOTATION} from '../../src/api/names.ts';
import {clusters, configMaps, leases, serviceExports, serviceImports} from '../../src/api/resources.ts';
import {
  conditionOf,
  exportYaml,
  gatewayOf,
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from '../hub/clusterset.ts';
import {eventually} from '../tools/eventually.ts';
import {said} from './operated-clusterset.ts';
import {RecordedTerminal} from './recorded-terminal.ts';

/** A lost hub is replaced by another one, in another cluster, from the Cluster objects alone (design §3). */

const RENEW_MS = 400;
const at = {namespace: 'bar', name: 'foo'};

let set: TestClusterset;
let one: TestCluster;
let two: TestCluster;
let elsewhere: TestCluster;
let old: RunningHub;
let hub: OperatorHub;

beforeEach(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  elsewhere = await set.add('new-hub');
  for (const member of set.members) await set.register(member);
  old = set.startHub({leaseRenewMs: RENEW_MS});
  await synced(old, set.members);
  for (const member of set.members) await member.namespace('bar');
  await one.apply(exportYaml('bar', 'foo'));
  await eventually('the import of the first', async () => two.find(serviceImports, at));
  await two.apply(exportYaml('bar', 'foo', {port: 81}));
  for (const member of set.members) {
    await eventually('both export it', async () => {
      const found = await member.find<ServiceImport>(serviceImports, at);
      return found?.status?.clusters?.length === 2;
    });
    // As its agent gives it a VIP.
    const spec = {type: 'ClusterSetIP', ips: ['10.1.2.3']};
    const vip = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceImport', metadata: at, spec};
    await member.client.apply(serviceImports, vip, {fieldManager: AGENT_MANAGER});
  }
  for (const member of set.members) {
    const spec = {gatewayHost: gatewayOf(member.name), gatewayPort: 8080, kubeconfig: member.cluster.kubeconfig};
    const object: Cluster = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: member.name}, spec};
    await elsewhere.client.apply(clusters, object, {fieldManager: 'kubectl', force: true});
  }
  const {credentials} = elsewhere.cluster;
  hub = operatorHub({credentials, namespace: 'isthmus-system', development: true});
});
afterEach(async () => {
  await hub.close();
  await set.close();
});

async function takeover(options: Partial<TakeoverOptions> = {}, terminal = new RecordedTerminal()): Promise<string> {
  const run = runTakeover({
    ...{hub, clustersetId: 'test-set', force: false, agreed: true, dryRun: false, watchMs: 1_500, terminal},
    signal: new AbortController().signal,
    ...options,
  });
  return said(terminal, run);
}

function startNew(): RunningHub {
  return set.startHub({
    ...{credentials: elsewhere.cluster.credentials, identity: 'new', leaseRenewMs: RENEW_MS},
  });
}

async function leaseOf(member: TestCluster): Promise<readonly (string | undefined)[]> {
  const lease = await member.find<Lease>(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'});
  return [lease?.metadata.annotations?.[EPOCH_ANNOTATION], lease?.spec?.holderIdentity];
}

async function imports(): Promise<readonly unknown[]> {
  const all = await Promise.all(set.members.map(async (each) => each.find<ServiceImport>(serviceImports, at)));
  return all.map((found) => [found?.metadata.uid, found?.spec, found?.status?.clusters]);
}

test('a lost hub is replaced: imports, winners and VIPs stay as they are; the old one, come back, writes nothing and says so', async () => {
  const before = await imports();
  await old.stop();
  expect(await takeover({dryRun: true})).toBe(
    [
      'Watching the Lease isthmus-hub of 2 members for 2 s: is a hub renewing it?',
      'lost      cluster-1: no hub renews its Lease; epoch 1 becomes 2',
      'lost      cluster-2: no hub renews its Lease; epoch 1 becomes 2',
      '',
      'Nothing was changed: --dry-run.',
    ].join('\n'),
  );
  expect(await leaseOf(one)).toEqual(['1', '']);
  const text = await takeover();
  expect(text).toContain('epoch     this hub is in epoch 2\ntaken     cluster-1\ntaken     cluster-2');
  expect(text).toContain("All 2 members are this hub's.");
  const fresh = startNew();
  await synced(fresh, set.members);
  expect(fresh.hub.status().epoch).toBe(2);
  expect(await imports()).toEqual(before);
  old = set.startHub({leaseRenewMs: RENEW_MS});
  for (const {name} of set.members) {
    await eventually(`the old one says so of ${name}`, async () => {
      const cluster = await set.hubCluster.find<Cluster>(clusters, {name});
      return conditionOf(cluster, 'Synced')?.reason === 'EpochPassed';
    });
    expect(old.status(name)).toMatchObject({writing: false, holdsLease: false});
  }
  await one.apply(exportYaml('bar', 'late'));
  await eventually('the new one goes on', async () => two.find(serviceImports, {namespace: 'bar', name: 'late'}));
  expect(await leaseOf(one)).toEqual(['2', 'new']);
  expect(await takeover()).toContain("All 2 members are this hub's.");
});

test('a member whose epoch is garbage is left alone, and decides nothing about the others', async () => {
  await old.stop();
  const metadata = {annotations: {[EPOCH_ANNOTATION]: 'Infinity'}};
  const where = {namespace: 'isthmus-system', name: 'isthmus-hub'};
  await two.client.patch(leases, where, {type: 'merge', body: {metadata}}, {fieldManager: 'somebody'});
  const text = await takeover();
  expect(text).toMatch(/failed {4}cluster-2: .*"Infinity", which can't be read/);
  expect(text).toMatch(/FAILED .*: 1 of 2 members are this hub's, and cluster-2 not/);
  expect([await leaseOf(one), await leaseOf(two)]).toEqual([
    ['2', ''],
    ['Infinity', ''],
  ]);
});

test('a hub that is alive is not taken for lost; with --force it stops writing at once, and says so', async () => {
  const text = await takeover();
  expect(text).toMatch(/alive {5}cluster-1: hub hub-\d+ renews its Lease; left as it is/);
  expect(text).toMatch(/FAILED .*: 0 of 2 members are this hub's, and cluster-1, cluster-2 not/);
  expect(await leaseOf(one)).toEqual(['1', expect.stringMatching(/^hub-/)]);
  const terminal = new RecordedTerminal(['y']);
  const forced = await takeover({force: true, agreed: false}, terminal);
  expect(terminal.questions).toEqual(['Take over 2 members with epoch 2? [y/N] ']);
  expect(forced).toContain('A hub that is alive stops writing to cluster-1, cluster-2.');
  const stopped = (): boolean => set.members.every(({name}) => !old.status(name).writing);
  await eventually('the old one stops', stopped);
  const fresh = startNew();
  await synced(fresh, set.members);
  expect([await leaseOf(one), await leaseOf(two)]).toEqual([
    ['2', 'new'],
    ['2', 'new'],
  ]);
});

test('where the API of the new hub has no kube-system it takes over without a mark, and warns', async () => {
  await old.stop();
  elsewhere.cluster.faults.add({resource: 'namespaces', name: 'kube-system'}, {kind: 'status', code: 404});
  const text = await takeover();
  expect(text).toMatch(/^warning .*has no namespace kube-system/);
  expect(text).toContain("All 2 members are this hub's.");
  const lease = await one.find<Lease>(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'});
  expect(lease?.metadata.annotations).toEqual({[EPOCH_ANNOTATION]: '2'});
});

test('what can not be reached is said, and done when it is run again', async () => {
  await old.stop();
  await two.cluster.stop();
  const text = await takeover();
  expect(text).toContain('taken     cluster-1');
  expect(text).toMatch(/failed {4}cluster-2: /);
  expect(text).toMatch(/FAILED .*: 1 of 2 members are this hub's, and cluster-2 not/);
  await two.cluster.start();
  const again = await takeover();
  expect(again).toContain('done      cluster-1: is in epoch 2 already');
  expect(again).toContain('taken     cluster-2');
  expect(await leaseOf(two)).toEqual(['2', '']);
});

test('a member that never had a hub is not said to be this hub’s', async () => {
  await old.stop();
  await two.client.delete(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'});
  const text = await takeover();
  expect(text).toContain('new       cluster-2: no hub was there; it joins like any other');
  expect(text).toContain("All 1 members that had a hub are this hub's.");
  expect(text).toContain('1 had no hub yet');
});

/** Its API server answers no question of the operator's for this part of the time that it is watched. */
async function silent(member: TestCluster, fromMs: number, untilMs: number): Promise<void> {
  const begunMs = performance.now();
  await eventually('the beginning', () => performance.now() - begunMs >= fromMs);
  member.cluster.faults.add({userAgent: CLI_MANAGER}, {kind: 'reset'});
  await eventually('the end', () => performance.now() - begunMs >= untilMs);
  member.cluster.faults.clear();
}

test.each([
  ['at first', 0, 1_200],
  ['in between', 1_000, 2_000],
  ['at the end, and a little longer', 2_000, 4_000],
])('a member that does not answer %s is looked at again before it is given up', async (_, fromMs, untilMs) => {
  await old.stop();
  const [text] = await Promise.all([takeover({watchMs: 3_000}), silent(two, fromMs, untilMs)]);
  expect(text).toContain('lost      cluster-2: no hub renews its Lease; epoch 1 becomes 2');
  expect(text).toContain("All 2 members are this hub's.");
});

async function passAfterRenewal(member: TestCluster, ms: number): Promise<void> {
  const renewTime = async (): Promise<string | undefined> =>
    (await member.find<Lease>(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'}))?.spec?.renewTime;
  const first = await renewTime();
  await eventually('a renewal', async () => (await renewTime()) !== first);
  const sinceMs = performance.now();
  await eventually('some time after it', () => performance.now() - sinceMs >= ms);
}

test('a hub is not taken for lost because its member answered late: it is watched for as long as any other', async () => {
  await old.stop();
  old = set.startHub({leaseRenewMs: 2_500});
  await synced(old, set.members);
  // It renews just before its member answers at last, and then not until the time of the others is over.
  await passAfterRenewal(two, 700);
  const [text] = await Promise.all([takeover({watchMs: 6_000}), silent(two, 0, 4_500)]);
  expect(text).toMatch(/alive {5}cluster-2: hub hub-\d+ renews its Lease/);
  expect(await leaseOf(two)).toEqual(['1', expect.stringMatching(/^hub-/)]);
});

test('without Cluster objects, and in another clusterset, nothing is taken', async () => {
  await old.stop();
  expect(await takeover({clustersetId: 'other'})).toMatch(
    /failed {4}cluster-1: It is a member of clusterset "test-set"/,
  );
  expect(await leaseOf(one)).toEqual(['1', '']);
  for (const {name} of set.members) await elsewhere.client.delete(clusters, {name});
  expect(await takeover()).toMatch(/FAILED .*no Cluster is registered here/);
});

test('a member that claimed to be older than it is does not win by the loss of the hub', async () => {
  for (const member of set.members) await member.namespace('late');
  const name = {namespace: 'late', name: 'foo'};
  await two.apply(exportYaml('late', 'foo', {port: 81}));
  // Timestamps are whole seconds.
  const claimed = await eventually('the export that claims to be the older one', async () =>
    two.find(serviceExports, name),
  );
  const claimedAtMs = Date.parse(claimed.metadata.creationTimestamp ?? '');
  await eventually('a second later', () => Date.now() > claimedAtMs + 1_000);
  await one.apply(exportYaml('late', 'foo'));
  const decides = async (member: TestCluster): Promise<string | undefined> => {
    const found = await member.find<ServiceImport>(serviceImports, name);
    return found?.metadata.annotations?.['isthmus.dev/oldest-export'];
  };
  await eventually('it wins', async () => (await decides(one))?.startsWith('cluster-2/'));
  await old.stop();
  // What a hub remembers that has seen a list without it in between.
  const capped = {uid: claimed.metadata.uid, ageMs: claimedAtMs + 60_000, claimedAtMs};
  const record = {namespace: 'isthmus-system', name: 'isthmus-member-cluster-2'};
  const body = {data: {'capped-ages': JSON.stringify({'mcs/late/foo': capped})}};
  await set.hubCluster.client.patch(configMaps, record, {type: 'merge', body}, {fieldManager: 'isthmus-hub'});
  old = set.startHub({leaseRenewMs: RENEW_MS});
  await synced(old, set.members);
  await eventually('it does not win', async () => (await decides(two))?.startsWith('cluster-1/'));
  const before = await decides(one);
  await old.stop();
  await takeover();
  const written: string[] = [];
  const fresh = startNew();
  await eventually('it is synced', async () => {
    written.push(String(await decides(one)), String(await decides(two)));
    return set.members.every(({name: cluster}) =>
      fresh.hub.status().members.some((m) => m.cluster === cluster && m.synced),
    );
  });
  written.push(String(await decides(one)), String(await decides(two)));
  expect(new Set(written)).toEqual(new Set([before]));
});
