import {afterAll, beforeAll, describe, expect, onTestFinished, test, vi} from 'vitest';
import type {
  Cluster,
  ClusterProperty,
  FlomeshServiceImport,
  RemoteCluster,
  ServiceExport,
  ServiceImport,
} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {
  clusterProperties,
  clusters,
  configMaps,
  events,
  flomeshServiceExports,
  flomeshServiceImports,
  leases,
  namespaces,
  remoteClusters,
  serviceExports,
  serviceImports,
  services,
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

/** The path of a walking clusterset as the hub walks it, against API servers and nothing else. */

vi.setConfig({testTimeout: 60_000});

let set: TestClusterset;
let running: RunningHub;
let one: TestCluster;
let two: TestCluster;
let three: TestCluster;
let spaces = 0;
let tries = 0;
const WAIT = {timeout: 20_000, interval: 50};

beforeAll(async () => {
  set = await startClusterset(3);
  [one, two, three] = set.members as [TestCluster, TestCluster, TestCluster];
  running = set.startHub();
  for (const member of set.members) await set.register(member);
  await synced(running, set.members);
});
afterAll(async () => set.close());

/** A namespace that no other test uses; it exists in the first member only. */
async function freshNamespace(): Promise<string> {
  const name = `bar-${++spaces}`;
  await one.namespace(name);
  return name;
}

async function importIn(member: TestCluster, namespace: string, name = 'foo'): Promise<ServiceImport> {
  return eventually(`import ${namespace}/${name} in ${member.name}`, async () => {
    const found = await member.find<ServiceImport>(serviceImports, {namespace, name});
    return found?.status?.clusters === undefined ? undefined : found;
  });
}

async function goneIn(member: TestCluster, namespace: string, name = 'foo'): Promise<void> {
  await eventually(`no import ${namespace}/${name} in ${member.name}`, async () => {
    return (await member.find(serviceImports, {namespace, name})) === undefined;
  });
}

describe('join', () => {
  test('a Cluster becomes Reachable and Synced on evidence, and Managed waits for gateways', async () => {
    const cluster = await eventually('conditions', async () => {
      const found = await set.hubCluster.find<Cluster>(clusters, {name: 'cluster-1'});
      const states = ['Reachable', 'Synced'].map((type) => conditionOf(found, type)?.status);
      const isOfNow = conditionOf(found, 'Reachable')?.observedGeneration === found?.metadata.generation;
      return isOfNow && states.every((status) => status === 'True') ? found : undefined;
    });
    expect(conditionOf(cluster, 'Reachable')).toMatchObject({
      status: 'True',
      reason: 'Answered',
      observedGeneration: cluster.metadata.generation,
    });
    expect(conditionOf(cluster, 'GatewayHealthy')).toMatchObject({status: 'Unknown', reason: 'NotProbed'});
    expect(conditionOf(cluster, 'Managed')).toMatchObject({status: 'False', reason: 'GatewayNotProbed'});
  });

  test('each member gets a RemoteCluster of each member, itself included', async () => {
    const told = async (member: TestCluster): Promise<object> => {
      const {items} = await member.client.list<RemoteCluster>(remoteClusters);
      return items.map(({metadata, spec, status}) => ({
        name: metadata.name,
        gateway: spec?.gateway,
        state: status?.api?.state,
        version: status?.version?.startsWith('v1.'),
      }));
    };
    const wanted = ['cluster-1', 'cluster-2', 'cluster-3'].map((name) => {
      const host = gatewayOf(name);
      return {name, gateway: {host, port: 8080, addresses: [host]}, state: 'Reachable', version: true};
    });
    for (const member of set.members) await vi.waitFor(async () => expect(await told(member)).toEqual(wanted), WAIT);
  });

  test('each member knows its id and the clusterset by the two ClusterProperties', async () => {
    const {items} = await two.client.list<ClusterProperty>(clusterProperties);
    expect(Object.fromEntries(items.map(({metadata, spec}) => [metadata.name, spec?.value]))).toEqual({
      'cluster.clusterset.k8s.io': 'cluster-2',
      'clusterset.k8s.io': 'test-set',
    });
  });

  test('the uid of kube-system is pinned, and the Lease carries the epoch', async () => {
    const kubeSystem = await two.client.get(namespaces, {name: 'kube-system'});
    const at = {namespace: 'isthmus-system', name: 'isthmus-member-cluster-2'};
    const record = await set.hubCluster.client.get<KubeObject & {data: Record<string, string>}>(configMaps, at);
    expect(record.data['kube-system-uid']).toBe(kubeSystem.metadata.uid);
    const lease = await two.client.get(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'});
    expect(lease.metadata.annotations).toMatchObject({'isthmus.dev/hub-epoch': '1'});
  });

  test('a transition leaves an Event', async () => {
    await vi.waitFor(async () => {
      const {items} = await set.hubCluster.client.list<KubeObject & {reason: string}>(events);
      expect(items.map(({reason}) => reason)).toEqual(expect.arrayContaining(['Reachable', 'Synced']));
    }, WAIT);
  });
});

describe('export', () => {
  test('a standard export is imported by every member, the exporter included; missing namespaces are made', async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo'));
    for (const member of set.members) {
      const found = await importIn(member, namespace);
      expect(found.spec).toMatchObject({type: 'ClusterSetIP', ports: [{name: 'http', port: 80, protocol: 'TCP'}]});
      expect(found.spec?.ips).toBeUndefined();
      expect(found.status).toMatchObject({clusters: [{cluster: 'cluster-1'}]});
      expect(found.metadata.labels).toEqual({'app.kubernetes.io/managed-by': 'isthmus-hub'});
      expect(await member.find(flomeshServiceImports, {namespace, name: 'foo'})).toBeUndefined();
    }
    const made = await three.client.get(namespaces, {name: namespace});
    expect(made.metadata.labels).toMatchObject({'app.kubernetes.io/managed-by': 'isthmus-hub'});
    const own = await one.client.get(namespaces, {name: namespace});
    expect(own.metadata.labels).not.toHaveProperty('app.kubernetes.io/managed-by');
  });

  test('its conditions say Ready and no conflict; Valid is left to the agent', async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo'));
    const found = await eventually('conditions', async () => {
      const object = await one.find<ServiceExport>(serviceExports, {namespace, name: 'foo'});
      // A busy machine takes long enough for `Pending` to be told first.
      return conditionOf(object, 'Ready')?.status === 'True' && object;
    });
    expect(conditionOf(found, 'Ready')).toMatchObject({status: 'True', reason: 'Exported', observedGeneration: 1});
    expect(conditionOf(found, 'Conflict')).toMatchObject({status: 'False', reason: 'NoConflicts'});
    expect(conditionOf(found, 'Valid')).toBeUndefined();
  });

  test("the seed's export (flomesh.io, no spec) makes both imports, with endpoints in FSM's", async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo', {group: 'flomesh.io/v1alpha1'}));
    await importIn(three, namespace);
    const found = await eventually('flomesh import', async () =>
      three.find<FlomeshServiceImport>(flomeshServiceImports, {namespace, name: 'foo'}),
    );
    expect(found.spec?.ports).toEqual([
      {
        name: 'http',
        port: 80,
        protocol: 'TCP',
        endpoints: [
          {
            clusterKey: 'default/default/default/cluster-1',
            target: {host: '192.0.2.11', ip: '192.0.2.11', port: 8080, path: ''},
          },
        ],
      },
    ]);
    await eventually('conditions on the flomesh export', async () => {
      const object = await one.find<ServiceExport>(flomeshServiceExports, {namespace, name: 'foo'});
      return conditionOf(object, 'Ready')?.status === 'True';
    });
  });

  test('an export without its Service is pending, and becomes an import when the Service appears', async () => {
    const namespace = await freshNamespace();
    const [service = '', serviceExport = ''] = exportYaml(namespace, 'foo').split('---\n');
    await one.apply(serviceExport);
    const waiting = await eventually('Ready=False', async () => {
      const object = await one.find<ServiceExport>(serviceExports, {namespace, name: 'foo'});
      return conditionOf(object, 'Ready');
    });
    expect(waiting).toMatchObject({status: 'False', reason: 'Pending'});
    expect(await two.find(serviceImports, {namespace, name: 'foo'})).toBeUndefined();
    await one.apply(service);
    await importIn(two, namespace);
  });

  test('a Service that nobody exported was dropped on entry, and is asked for when its export comes', async () => {
    const namespace = await freshNamespace();
    const [service = '', serviceExport = ''] = exportYaml(namespace, 'foo', {port: 8443}).split('---\n');
    await one.apply(service);
    await eventually('the Service was seen', async () => {
      const seen = running.status('cluster-1').reflectors['services']?.resourceVersion ?? '0';
      const {metadata} = await one.client.get(services, {namespace, name: 'foo'});
      return Number(seen) >= Number(metadata.resourceVersion);
    });
    await one.apply(serviceExport);
    expect((await importIn(two, namespace)).spec?.ports).toMatchObject([{port: 8443}]);
  });

  test('ready exporters are told by annotation, and only when that changes', async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo'));
    const ready = async () => (await importIn(two, namespace)).metadata.annotations?.['isthmus.dev/ready'];
    await eventually('nobody is ready', async () => (await ready()) === '');
    await one.apply(`apiVersion: v1
kind: Pod
metadata: {namespace: ${namespace}, name: foo-1, labels: {app: foo}}
spec: {containers: [{name: app, image: registry.example.org/app}]}`);
    await eventually('ready', async () => (await ready()) === 'cluster-1');
  });

  test('two exporters: ports are united, who serves a port is told, both exports hear of the conflict', async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo'));
    await importIn(two, namespace);
    await two.apply(exportYaml(namespace, 'foo').replace('{name: http, port: 80}', '{name: alt, port: 8080}'));
    const merged = await eventually('union', async () => {
      const found = await importIn(three, namespace);
      return found.status?.clusters?.length === 2 ? found : undefined;
    });
    expect(merged.spec?.ports.map(({port}) => port)).toEqual([80, 8080]);
    expect(JSON.parse(merged.metadata.annotations?.['isthmus.dev/port-clusters'] ?? '{}')).toEqual({
      'TCP/80': ['cluster-1'],
      'TCP/8080': ['cluster-2'],
    });
    for (const member of [one, two]) {
      await eventually(`conflict in ${member.name}`, async () => {
        const object = await member.find<ServiceExport>(serviceExports, {namespace, name: 'foo'});
        return conditionOf(object, 'Conflict')?.reason === 'PortConflict';
      });
    }
  });

  test('a label that is exported no more goes from the imports; labels of others stay', async () => {
    const namespace = await freshNamespace();
    const labelled = `${exportYaml(namespace, 'foo')}\nspec: {exportedLabels: {tier: web}}`;
    await one.apply(labelled);
    expect((await importIn(two, namespace)).metadata.labels).toMatchObject({tier: 'web'});
    const body = {metadata: {labels: {'example.org/mine': 'yes'}}};
    await two.client.patch(serviceImports, {namespace, name: 'foo'}, {type: 'merge', body}, {fieldManager: 'somebody'});
    await one.apply(labelled.replace('tier: web', 'other: one'));
    const after = await eventually('label removed', async () => {
      const found = await importIn(two, namespace);
      return found.metadata.labels?.['tier'] === undefined ? found : undefined;
    });
    expect(after.metadata.labels).toMatchObject({'example.org/mine': 'yes'});
  });

  test("the agent's fields are left alone, and an edit of the hub's is put right", async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo'));
    const {metadata} = await importIn(two, namespace);
    const ips = {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      metadata: {namespace, name: 'foo', uid: metadata.uid ?? ''},
      spec: {ips: ['10.102.0.9'], ipFamilies: ['IPv4']},
    };
    await two.client.apply(serviceImports, ips, {fieldManager: 'isthmus-agent', force: true});
    const body = {spec: {ports: [{name: 'http', port: 81, protocol: 'TCP'}]}};
    await two.client.patch(serviceImports, {namespace, name: 'foo'}, {type: 'merge', body}, {fieldManager: 'somebody'});
    const after = await eventually('put right', async () => {
      const found = await importIn(two, namespace);
      return found.spec?.ports[0]?.port === 80 ? found : undefined;
    });
    expect(after.spec).toMatchObject({ips: ['10.102.0.9'], ipFamilies: ['IPv4']});
  });

  test('explain tells how the import came about', async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo'));
    await importIn(two, namespace);
    expect(running.hub.explain(namespace, 'foo')[0]?.subject).toContain('cluster-1');
    expect(running.hub.explain(namespace, 'nobody').map(({step}) => step)).toEqual(['merge']);
  });
});

describe('unexport', () => {
  test('imports go everywhere with the last export, not before; namespaces stay', async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo'));
    await importIn(two, namespace);
    await two.apply(exportYaml(namespace, 'foo'));
    await eventually('both', async () => (await importIn(three, namespace)).status?.clusters?.length === 2);
    await one.client.delete(serviceExports, {namespace, name: 'foo'});
    await eventually('one left', async () => {
      return (await importIn(three, namespace)).status?.clusters?.map(({cluster}) => cluster).join() === 'cluster-2';
    });
    await two.client.delete(serviceExports, {namespace, name: 'foo'});
    for (const member of set.members) await goneIn(member, namespace);
    expect(await three.find(namespaces, {name: namespace})).toBeDefined();
  });

  test('of two groups one export is left, with the standard alone the FSM import goes', async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo'));
    await one.apply(exportYaml(namespace, 'foo', {group: 'flomesh.io/v1alpha1'}));
    const at = {namespace, name: 'foo'};
    await eventually('FSM import', async () => three.find(flomeshServiceImports, at));
    const {uid} = (await importIn(three, namespace)).metadata;
    await one.client.delete(flomeshServiceExports, at);
    await eventually('no FSM import', async () => (await three.find(flomeshServiceImports, at)) === undefined);
    expect((await importIn(three, namespace)).metadata.uid).toBe(uid);
  });

  test('a FSM import that a user made without a spec is filled, then emptied, never deleted', async () => {
    const namespace = await freshNamespace();
    await two.namespace(namespace);
    await two.apply(`apiVersion: flomesh.io/v1alpha1
kind: ServiceImport
metadata: {namespace: ${namespace}, name: foo}`);
    const at = {namespace, name: 'foo'};
    const {uid} = (await two.client.get(flomeshServiceImports, at)).metadata;
    await one.apply(exportYaml(namespace, 'foo', {group: 'flomesh.io/v1alpha1'}));
    await eventually('filled', async () => {
      const found = await two.find<FlomeshServiceImport>(flomeshServiceImports, at);
      return found?.spec?.ports.length === 1;
    });
    await one.client.delete(flomeshServiceExports, at);
    const after = await eventually('emptied', async () => {
      const found = await two.client.get<FlomeshServiceImport>(flomeshServiceImports, at);
      return found.spec === undefined && found;
    });
    expect(after.metadata.uid).toBe(uid);
    expect(after.metadata.annotations ?? {}).not.toHaveProperty('isthmus.dev/filled-by');
  });
});

describe('clusters come and go', () => {
  test('a member that joins late gets everything; one that leaves keeps nothing of the hub', async () => {
    const namespace = await freshNamespace();
    await one.apply(exportYaml(namespace, 'foo', {group: 'flomesh.io/v1alpha1'}));
    await importIn(two, namespace);
    const late = await set.add(`late-${++tries}`);
    const {name} = late;
    onTestFinished(async () => {
      await set.hubCluster.client.delete(clusters, {name});
      await eventually('it has left', async () => (await set.hubCluster.find(clusters, {name})) === undefined);
    });
    await set.register(late, {network: 'flat'});
    await importIn(late, namespace);
    await eventually('FSM import', async () => late.find(flomeshServiceImports, {namespace, name: 'foo'}));
    await eventually('RemoteClusters of the others', async () => {
      return (await late.client.list(remoteClusters)).items.length === 4;
    });
    const told = await eventually('others are told', async () => one.find<RemoteCluster>(remoteClusters, {name}));
    expect(told.spec?.network).toBe('flat');

    await late.apply(exportYaml(namespace, 'only-there'));
    await importIn(one, namespace, 'only-there');
    await set.hubCluster.client.delete(clusters, {name});
    await goneIn(one, namespace, 'only-there');
    await eventually('no RemoteCluster of it', async () => {
      return (await one.find(remoteClusters, {name})) === undefined;
    });
    for (const resource of [serviceImports, flomeshServiceImports, remoteClusters, clusterProperties]) {
      await eventually(
        `no ${resource.plural} in it`,
        async () => (await late.client.list(resource)).items.length === 0,
      );
    }
    const leasesLeft = async () => (await late.client.list(leases, {namespace: 'isthmus-system'})).items.length;
    await eventually('no Lease in it', async () => (await leasesLeft()) === 0);
    const own = await late.client.get<ServiceExport>(serviceExports, {namespace, name: 'only-there'});
    expect(own.status?.conditions ?? []).toEqual([]);
    expect(await late.find(namespaces, {name: namespace})).toBeDefined();
    const record = {namespace: 'isthmus-system', name: `isthmus-member-${name}`};
    await eventually('no record', async () => (await set.hubCluster.find(configMaps, record)) === undefined);
    // What was taken back from its exports must not have brought them back: the last word is that nobody exports it.
    expect(running.hub.explain(namespace, 'only-there').filter(({step}) => step === 'export')).toEqual([]);
    expect(await one.find(serviceImports, {namespace, name: 'only-there'})).toBeUndefined();
  });

  test('a gateway that moves is told to every member, and to the imports of FSM there', async () => {
    const namespace = await freshNamespace();
    const at = {namespace, name: 'moved'};
    await three.namespace(namespace);
    await three.apply(exportYaml(namespace, 'moved', {group: 'flomesh.io/v1alpha1'}));
    const endpointsIn = async (member: TestCluster): Promise<readonly string[]> => {
      const found = await member.find<FlomeshServiceImport>(flomeshServiceImports, at);
      const endpoints = (found?.spec?.ports ?? []).flatMap((port) => port.endpoints);
      return endpoints.map(({target: {host, ip, port}}) => `${host} ${ip} ${port}`);
    };
    for (const member of set.members)
      await eventually(`imported in ${member.name}`, async () => (await endpointsIn(member)).length === 1);
    const before = await endpointsIn(one);
    // Another one in each try.
    const host = `198.51.100.${7 + ++tries}`;
    const gateway = {gatewayHost: host, gatewayPort: 9090};
    expect(before).not.toEqual([`${host} ${host} 9090`]);
    await set.register(three, gateway);
    for (const member of set.members) {
      await eventually(`FSM's import in ${member.name}`, async () => {
        return (await endpointsIn(member)).join() === `${host} ${host} 9090`;
      });
    }
    for (const member of set.members) {
      await eventually(`told ${member.name}`, async () => {
        const found = await member.find<RemoteCluster>(remoteClusters, {name: 'cluster-3'});
        return found?.spec?.gateway?.host === host && found.spec.gateway.port === 9090;
      });
    }
  });

  test('clusters() shows no kubeconfig', () => {
    const shown = running.hub.clusters();
    expect(shown.map(({metadata}) => metadata.name)).toContain('cluster-1');
    expect(JSON.stringify(shown)).not.toMatch(/"kubeconfig"|token/);
  });
});
