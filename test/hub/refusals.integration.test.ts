import {afterAll, afterEach, beforeAll, describe, expect, test, vi} from 'vitest';
import type {Cluster, RemoteCluster, ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {
  apiVersionOf,
  clusterProperties,
  clusters,
  customResourceDefinitions,
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
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';
import {eventually} from '../tools/eventually.ts';

/** What the hub does not do, and what it says instead. */

vi.setConfig({testTimeout: 60_000});

const write = {fieldManager: 'kubectl', force: true};

let set: TestClusterset;
let running: RunningHub;
let one: TestCluster;
let two: TestCluster;
let stranger: TestCluster;
let spaces = 0;
let tries = 0;
/** The name of one that lacks CRDs. */
let bare: string | undefined;

beforeAll(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  stranger = await set.add('stranger');
  running = set.startHub({leaseRenewMs: 500});
  for (const member of [one, two]) await set.register(member);
  await synced(running, [one, two]);
});
afterAll(async () => set.close());
afterEach(async () => {
  // What a try leaves is of no hub, so that the one that runs can take back what is its own.
  await stranger.namespace('isthmus-system');
  for (const name of ['stranger', 'twin', ...(bare === undefined ? [] : [bare])])
    await set.hubCluster.client.delete(clusters, {name});
  await eventually('only the two are left', () => {
    const {members, leaving} = running.hub.status();
    return members.length === 2 && leaving.length === 0;
  });
  await stranger.client.delete(clusterProperties, {name: 'clusterset.k8s.io'});
  await stranger.client.delete(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'});
});

async function conditionIs(cluster: string, type: string, want: {status: string; reason: string}): Promise<string> {
  const found = await eventually(`${cluster} ${type} ${JSON.stringify(want)}`, async () => {
    const seen = conditionOf(await set.hubCluster.find<Cluster>(clusters, {name: cluster}), type);
    return seen?.status === want.status && seen.reason === want.reason ? seen : undefined;
  });
  return found.message;
}

async function freshNamespace(...members: readonly TestCluster[]): Promise<string> {
  const name = `bar-${++spaces}`;
  for (const member of members) await member.namespace(name);
  return name;
}

async function importOf(member: TestCluster, namespace: string): Promise<ServiceImport> {
  return eventually(`import in ${member.name}`, async () =>
    member.find<ServiceImport>(serviceImports, {namespace, name: 'foo'}),
  );
}

describe('credentials', () => {
  test('a kubeconfig that runs a program is refused by name, and taken once it is mended', async () => {
    const kubeconfig = stranger.cluster.kubeconfig.replace(/token: .*/, 'exec: {command: /bin/true}');
    await set.register(stranger, {kubeconfig});
    const message = await conditionIs('stranger', 'Reachable', {status: 'False', reason: 'KubeconfigRefused'});
    expect(message).toContain('exec');
    await set.register(stranger);
    await conditionIs('stranger', 'Synced', {status: 'True', reason: 'Synced'});
  });

  test('a token that the API server does not take is told as that, with no secret in the message', async () => {
    await set.register(stranger, {
      kubeconfig: stranger.cluster.kubeconfig.replace(/token: .*/, 'token: not-this-one'),
    });
    const message = await conditionIs('stranger', 'Reachable', {status: 'False', reason: 'Unauthorized'});
    expect(message).not.toContain('not-this-one');
  });

  test('a Cluster without any way in says what to set', async () => {
    const object = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'stranger'}, spec: {}};
    await set.hubCluster.client.apply(clusters, object, write);
    const message = await conditionIs('stranger', 'Reachable', {status: 'False', reason: 'NoCredentials'});
    expect(message).toContain('spec.kubeconfigSecretRef');
  });

  test("a Secret of the hub's namespace works; one of another namespace is not even read", async () => {
    const name = 'stranger-kubeconfig';
    const data = {kubeconfig: Buffer.from(stranger.cluster.kubeconfig).toString('base64')};
    for (const namespace of ['isthmus-system', 'default']) {
      const secret = {apiVersion: 'v1', kind: 'Secret', metadata: {namespace, name}, data};
      await set.hubCluster.client.apply(secrets, secret, write);
    }
    const base = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'stranger'}};
    const withRef = (namespace: string): KubeObject =>
      ({...base, spec: {gatewayHost: '192.0.2.9', kubeconfigSecretRef: {name, namespace}}}) as KubeObject;
    await set.hubCluster.client.apply(clusters, withRef('default'), write);
    await conditionIs('stranger', 'Reachable', {status: 'False', reason: 'SecretRefused'});
    await set.hubCluster.client.apply(clusters, withRef('isthmus-system'), write);
    await conditionIs('stranger', 'Synced', {status: 'True', reason: 'Synced'});
  });

  test('new credentials are picked up without taking anything away', async () => {
    const namespace = await freshNamespace(one);
    await one.apply(exportYaml(namespace, 'foo'));
    const before = await importOf(two, namespace);
    await set.register(one, {kubeconfig: one.cluster.kubeconfig.replace(/token: .*/, 'token: expired')});
    await conditionIs('cluster-1', 'Reachable', {status: 'False', reason: 'Unauthorized'});
    expect((await importOf(two, namespace)).metadata.uid).toBe(before.metadata.uid);
    await set.register(one);
    await conditionIs('cluster-1', 'Synced', {status: 'True', reason: 'Synced'});
    expect((await importOf(two, namespace)).metadata.uid).toBe(before.metadata.uid);
  });
});

describe('join', () => {
  test('a member of another clusterset is refused and left as it is', async () => {
    const property = {
      apiVersion: 'about.k8s.io/v1beta1',
      kind: 'ClusterProperty',
      metadata: {name: 'clusterset.k8s.io'},
      spec: {value: 'another-set'},
    };
    await stranger.client.apply(clusterProperties, property, write);
    stranger.cluster.writes.reset();
    await set.register(stranger);
    const message = await conditionIs('stranger', 'Synced', {status: 'False', reason: 'OtherClusterset'});
    expect(message).toContain('another-set');
    await conditionIs('stranger', 'Reachable', {status: 'True', reason: 'Answered'});
    expect(stranger.cluster.writes.requests()).toEqual([]);
    await stranger.client.delete(clusterProperties, {name: 'clusterset.k8s.io'});
    await conditionIs('stranger', 'Synced', {status: 'True', reason: 'Synced'});
  });

  test('one cluster under two names: the younger is refused, the older goes on', async () => {
    const kubeconfig = two.cluster.kubeconfig;
    const spec = {gatewayHost: '192.0.2.20', gatewayPort: 80, kubeconfig};
    const twin = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'twin'}, spec};
    await set.hubCluster.client.apply(clusters, twin, write);
    const message = await conditionIs('twin', 'Synced', {status: 'False', reason: 'DuplicateCluster'});
    expect(message).toContain('cluster-2');
    await conditionIs('cluster-2', 'Synced', {status: 'True', reason: 'Synced'});
    expect(await one.find(remoteClusters, {name: 'twin'})).toBeUndefined();
  });

  test('without its namespace, or without the CRDs, the condition says what to apply', async () => {
    await stranger.client.delete(namespaces, {name: 'isthmus-system'});
    await eventually('gone', async () => (await stranger.find(namespaces, {name: 'isthmus-system'})) === undefined);
    await set.register(stranger);
    expect(await conditionIs('stranger', 'Synced', {status: 'False', reason: 'NamespaceMissing'})).toContain(
      'manifests',
    );
    await stranger.namespace('isthmus-system');
    await conditionIs('stranger', 'Synced', {status: 'True', reason: 'Synced'});

    bare = `bare-${++tries}`;
    const member = await set.add(bare);
    const crd = {name: 'remoteclusters.isthmus.dev'};
    await member.client.delete(customResourceDefinitions, crd);
    await eventually('gone', async () => (await member.find(customResourceDefinitions, crd)) === undefined);
    // A real API server goes on telling of it for a moment; whoever joins then is told KindMissing.
    await eventually('not told of any more', async () => {
      const {body} = await member.client.raw('GET', `/apis/${apiVersionOf(remoteClusters)}`);
      return !body.includes('"remoteclusters"');
    });
    await set.register(member);
    expect(await conditionIs(bare, 'Synced', {status: 'False', reason: 'CRDsMissing'})).toContain(crd.name);
  });

  test('a member that has seen a higher hub epoch is never written to', async () => {
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {namespace: 'isthmus-system', name: 'isthmus-hub', annotations: {'isthmus.dev/hub-epoch': '7'}},
      spec: {},
    };
    await stranger.client.apply(leases, lease, write);
    stranger.cluster.writes.reset();
    await set.register(stranger);
    await conditionIs('stranger', 'Synced', {status: 'False', reason: 'EpochPassed'});
    expect(stranger.cluster.writes.requests()).toEqual([]);
  });

  test('a higher epoch that appears while the hub writes stops it', async () => {
    await set.register(stranger);
    await conditionIs('stranger', 'Synced', {status: 'True', reason: 'Synced'});
    const body = {metadata: {annotations: {'isthmus.dev/hub-epoch': '7'}}, spec: {holderIdentity: 'other-hub'}};
    const at = {namespace: 'isthmus-system', name: 'isthmus-hub'};
    await stranger.client.patch(leases, at, {type: 'merge', body}, write);
    await conditionIs('stranger', 'Synced', {status: 'False', reason: 'EpochPassed'});
    const seen = await stranger.client.get(leases, at);
    expect(seen.metadata.annotations).toMatchObject({'isthmus.dev/hub-epoch': '7'});
  });
});

describe('objects', () => {
  test.each(['kube-public', 'isthmus-system', 'openshift-monitoring'])(
    'an export in %s is taken by nobody, and says why',
    async (namespace) => {
      await one.namespace(namespace);
      await one.apply(exportYaml(namespace, 'foo'));
      const ready = await eventually('Ready', async () => {
        const found = await one.find<ServiceExport>(serviceExports, {namespace, name: 'foo'});
        return conditionOf(found, 'Ready');
      });
      expect(ready).toMatchObject({status: 'False', reason: 'Failed', message: expect.stringContaining('protected')});
      expect(await two.find(serviceImports, {namespace, name: 'foo'})).toBeUndefined();
    },
  );

  test("another controller's import is left alone, and the export says so", async () => {
    const namespace = await freshNamespace(one, two);
    const before = running.status('cluster-2').leftAlone;
    const theirs = `apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceImport
metadata: {namespace: ${namespace}, name: foo}
spec: {type: ClusterSetIP, ports: []}`;
    await two.apply(theirs);
    await one.apply(exportYaml(namespace, 'foo'));
    const ready = await eventually('Ready=False', async () => {
      const found = await one.find<ServiceExport>(serviceExports, {namespace, name: 'foo'});
      return conditionOf(found, 'Ready')?.status === 'False' && conditionOf(found, 'Ready');
    });
    expect(ready).toMatchObject({reason: 'Failed', message: expect.stringContaining('cluster-2')});
    expect((await importOf(two, namespace)).spec?.ports).toEqual([]);
    expect(running.status('cluster-2').leftAlone).toBe(before + 1);
  });

  test('a gateway address that no gateway can have reaches nobody', async () => {
    await set.register(stranger, {gatewayHost: '169.254.169.254'});
    await conditionIs('stranger', 'GatewayHealthy', {status: 'False', reason: 'GatewayRefused'});
    const told = await eventually('RemoteCluster', async () =>
      one.find<RemoteCluster>(remoteClusters, {name: 'stranger'}),
    );
    expect(told.spec?.gateway).toBeUndefined();
  });

  test('namespaces are not made where the hub is told so; the import follows when one appears', async () => {
    await running.stop();
    running = set.startHub({leaseRenewMs: 500, createNamespaces: false});
    await synced(running, [one, two]);
    const namespace = await freshNamespace(one);
    await one.apply(exportYaml(namespace, 'foo'));
    await importOf(one, namespace);
    await eventually('delivered', async () => {
      const found = await one.find<ServiceExport>(serviceExports, {namespace, name: 'foo'});
      return conditionOf(found, 'Ready')?.status === 'True';
    });
    expect(await two.find(namespaces, {name: namespace})).toBeUndefined();
    await two.namespace(namespace);
    await importOf(two, namespace);
  });
});
