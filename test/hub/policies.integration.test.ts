import {afterEach, beforeEach, expect, test} from 'vitest';
import type {
  ExportPolicy,
  GlobalTrafficPolicy,
  RemoteCluster,
  ServiceExport,
  ServiceImport,
} from '../../src/api/kinds.ts';
import {
  exportPolicies,
  globalTrafficPolicies,
  remoteClusters,
  serviceExports,
  serviceImports,
} from '../../src/api/resources.ts';
import {eventually} from '../tools/eventually.ts';
import {
  conditionOf,
  exportYaml,
  type RunningHub,
  startClusterset,
  synced,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';

/** Policies applied in the hub's cluster: they reach the members, and no webhook runs anywhere here. */

const AT = {namespace: 'bar', name: 'foo'};
let set: TestClusterset;
let one: TestCluster;
let two: TestCluster;
let running: RunningHub;

beforeEach(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  for (const member of set.members) await set.register(member);
  running = set.startHub();
  await synced(running, set.members);
});

afterEach(async () => {
  await set.close();
});

const policyYaml = (rules: string, more = ''): string => `apiVersion: isthmus.dev/v1alpha1
kind: ExportPolicy
metadata: {name: closed}
spec: {${more}rules: [${rules}]}`;

const importIn = (member: TestCluster): Promise<ServiceImport | undefined> =>
  member.find<ServiceImport>(serviceImports, AT);

const imported = (member: TestCluster): Promise<ServiceImport> =>
  eventually(`an import in ${member.name}`, () => importIn(member));

const notImported = (member: TestCluster): Promise<true> =>
  eventually(`no import in ${member.name}`, async () => ((await importIn(member)) === undefined ? true : undefined));

async function exportFrom(member: TestCluster, port = 80): Promise<void> {
  await member.namespace('bar');
  await member.apply(exportYaml('bar', 'foo', {port}));
}

test("a policy of the hub reaches every member under a name of its own, follows it, and leaves the member's own alone", async () => {
  await one.apply(policyYaml('{name: own, action: Deny, namespaces: [own]}'));
  await set.hubCluster.apply(policyYaml('{name: first, action: Deny, namespaces: [secret]}'));
  const copy = {name: 'isthmus-hub.closed'};
  for (const member of set.members) {
    const found = await eventually('a copy', () => member.find<ExportPolicy>(exportPolicies, copy));
    expect(found).toMatchObject({
      metadata: {
        labels: {'app.kubernetes.io/managed-by': 'isthmus-hub'},
        annotations: {'isthmus.dev/policy-for': 'closed'},
      },
      spec: {enforcement: 'Deny', rules: [{name: 'first', action: 'Deny', namespaces: ['secret']}]},
    });
  }
  await set.hubCluster.apply(policyYaml('{name: second, action: Deny}', 'enforcement: Warn, '));
  await eventually('the change to arrive', async () => {
    const found = await two.find<ExportPolicy>(exportPolicies, copy);
    return found?.spec?.rules?.[0]?.name === 'second' && found.spec.enforcement === 'Warn' ? true : undefined;
  });
  // Whoever takes the label off a copy is not rid of it.
  await two.client.patch(
    exportPolicies,
    copy,
    {type: 'merge', body: {metadata: {labels: null}, spec: {rules: []}}},
    {fieldManager: 'kubectl'},
  );
  await eventually('the copy to be mended', async () => {
    const found = await two.find<ExportPolicy>(exportPolicies, copy);
    return found?.metadata.labels !== undefined && found.spec?.rules?.length === 1 ? true : undefined;
  });
  await set.hubCluster.client.delete(exportPolicies, {name: 'closed'});
  for (const member of set.members) {
    await eventually('the copy to go', async () =>
      (await member.find(exportPolicies, copy)) === undefined ? true : undefined,
    );
  }
  expect((await one.find<ExportPolicy>(exportPolicies, {name: 'closed'}))?.spec?.rules?.[0]?.name).toBe('own');
});

test('a GlobalTrafficPolicy of the hub waits in a member for its namespace', async () => {
  await set.hubCluster.namespace('bar');
  await set.hubCluster.apply(`apiVersion: flomesh.io/v1alpha1
kind: GlobalTrafficPolicy
metadata: {namespace: bar, name: foo}
spec: {lbType: ActiveActive, allowOverride: true}`);
  await one.namespace('bar');
  const copy = {namespace: 'bar', name: 'isthmus-hub.foo'};
  const found = await eventually('a copy', () => one.find<GlobalTrafficPolicy>(globalTrafficPolicies, copy));
  expect(found.spec).toEqual({lbType: 'ActiveActive', allowOverride: true});
  expect(await two.find(globalTrafficPolicies, copy)).toBeUndefined();
  await synced(running, set.members);
});

test('an export that is there when a policy comes is refused at sync, its import goes, and comes back with the policy gone', async () => {
  await exportFrom(one);
  await imported(two);
  await set.hubCluster.apply(policyYaml('{name: no-bar, action: Deny, namespaces: [bar], message: ask the owners}'));
  await notImported(two);
  const ready = await eventually('the export to say so', async () => {
    const found = conditionOf(await one.find<ServiceExport>(serviceExports, AT), 'Ready');
    return found?.status === 'False' ? found : undefined;
  });
  expect(ready).toMatchObject({reason: 'Failed', message: expect.stringContaining('ExportPolicy closed, rule no-bar')});
  await set.hubCluster.client.delete(exportPolicies, {name: 'closed'});
  await imported(two);
});

test('a hub that starts writes nothing before it knows what its policies forbid', async () => {
  await running.stop();
  await set.hubCluster.apply(policyYaml('{name: no-bar, action: Deny, namespaces: [bar]}'));
  await exportFrom(one);
  const everImported: string[] = [];
  const watching = new AbortController();
  const watch = (async (): Promise<void> => {
    const {resourceVersion} = await two.client.list(serviceImports);
    for await (const {type} of two.client.watch(serviceImports, {resourceVersion, signal: watching.signal})) {
      if (type !== 'BOOKMARK') everImported.push(type);
    }
  })().catch((error: unknown) => {
    if (!watching.signal.aborted) throw error;
  });
  running = set.startHub();
  await synced(running, set.members);
  await eventually('the export to be judged', async () =>
    conditionOf(await one.find<ServiceExport>(serviceExports, AT), 'Ready')?.message.includes('no-bar'),
  );
  watching.abort();
  await watch;
  expect(everImported).toEqual([]);
});

test('a condition in CEL judges again when labels of the exporting namespace change', async () => {
  await set.hubCluster.apply(
    policyYaml(`{name: public-only, action: Deny, cel: "!('share' in namespaceObject.metadata.labels)"}`),
  );
  await exportFrom(one);
  await eventually('the export to be refused', async () =>
    conditionOf(await one.find<ServiceExport>(serviceExports, AT), 'Ready')?.message.includes('public-only'),
  );
  await one.apply('apiVersion: v1\nkind: Namespace\nmetadata: {name: bar, labels: {share: "yes"}}');
  await imported(two);
});

test('where one cluster alone may export, the older export stays', async () => {
  await set.hubCluster.apply(policyYaml('{name: one-only, action: Allow, exclusive: true}'));
  await exportFrom(one);
  await imported(two);
  // Ages count in whole seconds.
  const before = Date.now();
  await eventually('a second', () => (Date.now() - before > 1_100 ? true : undefined));
  await exportFrom(two, 81);
  const ready = await eventually('the younger to be refused', async () => {
    const found = conditionOf(await two.find<ServiceExport>(serviceExports, AT), 'Ready');
    return found?.reason === 'Failed' ? found : undefined;
  });
  expect(ready.message).toContain('cluster-1 exports it');
  expect((await imported(two)).status?.clusters).toEqual([{cluster: 'cluster-1'}]);
});

test('an import that is there keeps its type, until the export that decides allows the change', async () => {
  await exportFrom(one);
  await imported(two);
  await two.namespace('bar');
  await two.apply(`apiVersion: v1
kind: Service
metadata: {namespace: bar, name: foo}
spec: {clusterIP: None, selector: {app: foo}, ports: [{name: http, port: 80}]}
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {namespace: bar, name: foo}`);
  await eventually('both exports', async () =>
    (await importIn(two))?.status?.clusters?.length === 2 ? true : undefined,
  );
  // The one that decided goes: the headless one is the oldest now.
  await one.client.delete(serviceExports, AT);
  const conflict = await eventually('the conflict', async () => {
    const found = conditionOf(await two.find<ServiceExport>(serviceExports, AT), 'Conflict');
    return found?.status === 'True' && found.message.includes('allow-type-change') ? found : undefined;
  });
  expect(conflict.reason).toBe('TypeConflict');
  expect((await imported(one)).spec?.type).toBe('ClusterSetIP');
  await two.client.patch(
    serviceExports,
    AT,
    {type: 'merge', body: {metadata: {annotations: {'isthmus.dev/allow-type-change': 'Headless'}}}},
    {fieldManager: 'kubectl'},
  );
  await eventually('the flip', async () => ((await importIn(one))?.spec?.type === 'Headless' ? true : undefined));
});

test('what drains a cluster, and who stays in use, is told to the members', async () => {
  await exportFrom(one);
  await one.client.patch(
    serviceExports,
    AT,
    {type: 'merge', body: {metadata: {annotations: {'isthmus.dev/ignore-drain': 'true'}}}},
    {fieldManager: 'kubectl'},
  );
  await set.register(one, {drainPercent: 40});
  await eventually('both', async () => {
    const found = await importIn(two);
    const told = await two.find<RemoteCluster>(remoteClusters, {name: 'cluster-1'});
    const isIgnoring = found?.metadata.annotations?.['isthmus.dev/ignore-drain'] === 'cluster-1';
    return isIgnoring && told?.spec?.drainPercent === 40 ? true : undefined;
  });
});

test('a list that lacks a policy by fault opens nothing up', async () => {
  await set.hubCluster.apply(policyYaml('{name: no-bar, action: Deny, namespaces: [bar]}'));
  await exportFrom(one);
  const refused = async (): Promise<boolean> =>
    conditionOf(await one.find<ServiceExport>(serviceExports, AT), 'Ready')?.message.includes('no-bar') === true;
  await eventually('the export to be refused', refused);
  const {cluster} = set.hubCluster;
  const match = {userAgent: 'isthmus-hub', group: 'isthmus.dev', resource: 'exportpolicies'};
  cluster.faults.add({...match, verb: 'list'}, {kind: 'emptyList'}, {times: 1});
  cluster.faults.add({...match, verb: 'watch'}, {kind: 'gone'}, {times: 1});
  cluster.faults.dropWatches(match);
  const lists = (): number => running.hub.status().policyLists['exportpolicies.isthmus.dev']?.lists ?? 0;
  await eventually('the empty list to be taken in', () => lists() > 1);
  await exportFrom(two);
  await eventually('the other export to be refused too', async () =>
    conditionOf(await two.find<ServiceExport>(serviceExports, AT), 'Ready')?.message.includes('no-bar'),
  );
  expect(await refused()).toBe(true);
  expect(await importIn(two)).toBeUndefined();
});
