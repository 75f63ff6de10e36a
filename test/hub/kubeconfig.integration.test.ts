import {afterAll, beforeAll, describe, expect, onTestFinished, test, vi} from 'vitest';
import type {Cluster, Secret} from '../../src/api/kinds.ts';
import {LAST_APPLIED_ANNOTATION} from '../../src/api/names.ts';
import {clusters, configMaps, leases, remoteClusters, secrets, serviceImports} from '../../src/api/resources.ts';
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

/** How the hub gets in, who may get in, and what it does when that changes: never a gap. */

vi.setConfig({testTimeout: 60_000});

const write = {fieldManager: 'kubectl', force: true};
const kind = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster'};

let set: TestClusterset;
let running: RunningHub;
let one: TestCluster;
let two: TestCluster;
let tries = 0;

beforeAll(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  running = set.startHub({leaseRenewMs: 500});
  for (const member of set.members) await set.register(member);
  await synced(running, set.members);
  await one.namespace('bar');
  await one.apply(exportYaml('bar', 'foo'));
  await eventually('import', async () => two.find(serviceImports, {namespace: 'bar', name: 'foo'}));
});
afterAll(async () => set.close());

async function clusterNow(name: string): Promise<Cluster> {
  return set.hubCluster.client.get<Cluster>(clusters, {name});
}

async function isMoved(name: string): Promise<Cluster> {
  return eventually(`kubeconfig of ${name} is moved`, async () => {
    const found = await clusterNow(name);
    return found.spec?.kubeconfig === undefined && found.spec?.kubeconfigSecretRef !== undefined && found;
  });
}

async function conditionIs(name: string, type: string, want: {status: string; reason: string}): Promise<string> {
  const found = await eventually(`${name} ${type} ${JSON.stringify(want)}`, async () => {
    const seen = conditionOf(await set.hubCluster.find<Cluster>(clusters, {name}), type);
    return seen?.status === want.status && seen.reason === want.reason ? seen : undefined;
  });
  return found.message;
}

async function leaves(name: string): Promise<void> {
  await set.hubCluster.client.delete(clusters, {name});
  await eventually(`${name} is gone`, async () => (await set.hubCluster.find(clusters, {name})) === undefined);
}

/** One that no other try has had, which leaves in the end, however that comes. */
async function another(name: string): Promise<TestCluster> {
  const added = await set.add(`${name}-${++tries}`);
  onTestFinished(async () => leaves(added.name));
  return added;
}

describe('an inline kubeconfig', () => {
  test('is moved to a Secret of the hub, nothing of it is left in the Cluster, and the connection lives on', async () => {
    const moved = await isMoved('cluster-1');
    expect(moved.spec?.kubeconfigSecretRef).toEqual({name: 'isthmus-member-cluster-1'});
    const token = /token: (\S+)/.exec(one.cluster.kubeconfig)?.[1] ?? 'no token';
    expect(JSON.stringify(moved)).not.toContain(token);
    const at = {namespace: 'isthmus-system', name: 'isthmus-member-cluster-1'};
    const secret = await set.hubCluster.client.get<Secret>(secrets, at);
    expect(Buffer.from(secret.data?.['kubeconfig'] ?? '', 'base64').toString()).toBe(one.cluster.kubeconfig);
    expect(secret.type).toBe('isthmus.dev/kubeconfig');
    expect(conditionOf(moved, 'KubeconfigInline')).toBeUndefined();
    expect(running.status('cluster-1').synced).toBe(true);
  });

  test("put back twice within ten minutes it is left, with a condition, and works; kubectl's copy is redacted before", async () => {
    const third = await another('third');
    const {name} = third;
    const applied = JSON.stringify({...kind, metadata: {name}, spec: {kubeconfig: third.cluster.kubeconfig}});
    const spec = {gatewayHost: gatewayOf(name), gatewayPort: 80, kubeconfig: third.cluster.kubeconfig};
    const object = {...kind, metadata: {name, annotations: {[LAST_APPLIED_ANNOTATION]: applied}}, spec};
    for (const time of ['first', 'put back once']) {
      await set.hubCluster.client.apply(clusters, object, write);
      const moved = await isMoved(name);
      expect(moved.metadata.annotations?.[LAST_APPLIED_ANNOTATION], time).not.toContain('kubeconfig');
    }
    await synced(running, [third]);
    await set.hubCluster.client.apply(clusters, object, write);
    const message = await conditionIs(name, 'KubeconfigInline', {status: 'True', reason: 'PutBack'});
    expect(message).toContain('spec.kubeconfigSecretRef');
    expect((await clusterNow(name)).spec?.kubeconfig).toBe(third.cluster.kubeconfig);
    expect(running.status(name).synced).toBe(true);

    const body = {spec: {kubeconfig: null}};
    await set.hubCluster.client.patch(clusters, {name}, {type: 'merge', body}, {fieldManager: 'kubectl'});
    await eventually('the condition goes', async () => {
      return conditionOf(await clusterNow(name), 'KubeconfigInline') === undefined;
    });
    await set.hubCluster.client.apply(clusters, object, write);
    await isMoved(name);
    await leaves(name);
    const at = {namespace: 'isthmus-system', name: `isthmus-member-${name}`};
    expect(await set.hubCluster.find(secrets, at)).toBeUndefined();
  });

  test('stays where a Secret of that name is somebody else’s, which is said and not touched', async () => {
    const fourth = await another('fourth');
    const {name} = fourth;
    const at = {namespace: 'isthmus-system', name: `isthmus-member-${name}`};
    const theirs = {apiVersion: 'v1', kind: 'Secret', metadata: at, data: {kubeconfig: 'bWluZQ=='}};
    await set.hubCluster.client.create(secrets, theirs, {fieldManager: 'kubectl'});
    await set.register(fourth);
    await conditionIs(name, 'KubeconfigInline', {status: 'True', reason: 'NotMoved'});
    await synced(running, [fourth]);
    await leaves(name);
    expect((await set.hubCluster.client.get<Secret>(secrets, at)).data).toEqual({kubeconfig: 'bWluZQ=='});
  });
});

describe('edits', () => {
  test('a Secret that is rotated after its token was refused is read again soon', async () => {
    const at = {namespace: 'isthmus-system', name: `own-secret-${++tries}`};
    const put = async (kubeconfig: string): Promise<void> => {
      const data = {kubeconfig: Buffer.from(kubeconfig).toString('base64')};
      await set.hubCluster.client.apply(
        secrets,
        {apiVersion: 'v1', kind: 'Secret', metadata: at, data} as never,
        write,
      );
    };
    const before = await two.client.get(serviceImports, {namespace: 'bar', name: 'foo'});
    await put(one.cluster.kubeconfig.replace(/token: .*/, 'token: expired'));
    const body = {spec: {kubeconfigSecretRef: {name: at.name}}};
    await set.hubCluster.client.patch(clusters, {name: 'cluster-1'}, {type: 'merge', body}, {fieldManager: 'kubectl'});
    await conditionIs('cluster-1', 'Reachable', {status: 'False', reason: 'Unauthorized'});
    await put(one.cluster.kubeconfig);
    await conditionIs('cluster-1', 'Synced', {status: 'True', reason: 'Synced'});
    const after = await two.client.get(serviceImports, {namespace: 'bar', name: 'foo'});
    expect(after.metadata.uid).toBe(before.metadata.uid);
  });

  test('place, network and ranges of a cluster reach the others without a new connection', async () => {
    const listed = running.status('cluster-1').reflectors['serviceexports.multicluster.x-k8s.io']?.lists;
    const spec = {region: 'eu', zone: 'eu-1', network: 'flat', podCIDRs: ['10.7.0.0/16'], drain: true};
    await set.hubCluster.client.patch(
      clusters,
      {name: 'cluster-1'},
      {type: 'merge', body: {spec}},
      {fieldManager: 'kubectl'},
    );
    await eventually('told', async () => {
      const found = await two.find(remoteClusters, {name: 'cluster-1'});
      return (
        found !== undefined &&
        Object.entries(spec).every(
          ([key, value]) =>
            JSON.stringify((found as {spec?: Record<string, unknown>}).spec?.[key]) === JSON.stringify(value),
        )
      );
    });
    expect(running.status('cluster-1').reflectors['serviceexports.multicluster.x-k8s.io']?.lists).toBe(listed);
  });
});

describe('who may join', () => {
  test('one with the gateway of an older Cluster may not, until it has one of its own', async () => {
    const late = await another('late');
    const {name} = late;
    late.cluster.writes.reset();
    await set.register(late, {gatewayHost: gatewayOf('cluster-2')});
    const message = await conditionIs(name, 'Synced', {status: 'False', reason: 'DuplicateGateway'});
    expect(message).toContain('cluster-2');
    await conditionIs(name, 'GatewayHealthy', {status: 'False', reason: 'DuplicateGateway'});
    expect(late.cluster.writes.requests()).toEqual([]);
    expect(await two.find(remoteClusters, {name})).toBeUndefined();
    await set.register(late);
    await conditionIs(name, 'Synced', {status: 'True', reason: 'Synced'});

    await set.register(late, {gatewayHost: gatewayOf('cluster-2')});
    await conditionIs(name, 'GatewayHealthy', {status: 'False', reason: 'DuplicateGateway'});
    await conditionIs(name, 'Synced', {status: 'True', reason: 'Synced'});
    await eventually('nobody is told that gateway', async () => {
      const found = await two.client.get<Cluster>(remoteClusters, {name});
      return !('gateway' in (found.spec ?? {}));
    });
    await leaves(name);
  });

  test("the hub's own cluster may be a member, and leave", async () => {
    const spec = {gatewayHost: '192.0.2.200', gatewayPort: 80, isInCluster: true};
    onTestFinished(async () => leaves('home'));
    await set.hubCluster.client.apply(clusters, {...kind, metadata: {name: 'home'}, spec} as never, write);
    await conditionIs('home', 'Synced', {status: 'True', reason: 'Synced'});
    await eventually('its import', async () => set.hubCluster.find(serviceImports, {namespace: 'bar', name: 'foo'}));
    await leaves('home');
    expect((await set.hubCluster.client.list(serviceImports)).items).toEqual([]);
    const lease = {namespace: 'isthmus-system', name: 'isthmus-hub'};
    expect(await set.hubCluster.find(leases, lease)).toBeUndefined();
    await eventually('no record', async () => {
      return (await set.hubCluster.find(configMaps, {...lease, name: 'isthmus-member-home'})) === undefined;
    });
  });
});
