import {afterAll, beforeAll, expect, test} from 'vitest';

import {collectExports} from '../../cli/collect-exports.ts';
import type {ServiceImport} from '../../src/api/kinds.ts';
import {configMaps, serviceExports, serviceImports, services} from '../../src/api/resources.ts';
import {explain, formatTrace} from '../../src/clusterset/explain.ts';
import {
  exportYaml,
  type RunningHub,
  startClusterset,
  synced,
  type TestCluster,
  type TestClusterset,
} from '../hub/clusterset.ts';
import {eventually} from '../tools/eventually.ts';

let set: TestClusterset;
let running: RunningHub;

beforeAll(async () => {
  set = await startClusterset(2);
  for (const member of set.members) await set.register(member);
  running = set.startHub();
  await synced(running, set.members);
  const [one, two] = set.members as [TestCluster, TestCluster];
  await set.hubCluster.apply(`apiVersion: isthmus.dev/v1alpha1
kind: ExportPolicy
metadata: {name: closed}
spec: {rules: [{name: not-from-two, action: Deny, services: [foo], cel: "cluster.id == 'cluster-2'"}]}`);
  await one.namespace('bar');
  await one.apply(exportYaml('bar', 'foo'));
  await two.namespace('bar');
  await two.apply(exportYaml('bar', 'foo'));
  await two.apply(`apiVersion: flomesh.io/v1alpha1
kind: GlobalTrafficPolicy
metadata: {namespace: bar, name: foo}
spec: {lbType: ActiveActive, targets: [{clusterKey: cluster-1, weight: 3}]}`);
  await eventually('an import from cluster-1 alone', async () => {
    const found = await two.find(serviceImports, {namespace: 'bar', name: 'foo'});
    return JSON.stringify((found as {status?: unknown} | undefined)?.status ?? {}).includes('cluster-1')
      ? true
      : undefined;
  });
});

afterAll(async () => {
  await set.close();
});

async function told(from?: string, service = 'foo'): Promise<string> {
  const own = set.hubCluster.cluster.credentials;
  const sought = {service, namespace: 'bar', isthmusNamespace: 'isthmus-system', development: true};
  const found = await collectExports(own, from === undefined ? sought : {...sought, from});
  const {exports, existing, route, silent} = found;
  expect(silent).toEqual([]);
  const rest = {...(existing === undefined ? {} : {existing}), ...(route === undefined ? {} : {route})};
  return formatTrace(explain({exports, ...rest}));
}

test('a cluster that is not there is not taken for one that imports nothing', async () => {
  await expect(told('nope')).rejects.toMatchObject({
    code: 'ISTHMUS_USAGE',
    message: expect.stringContaining('there is no Cluster nope; there are cluster-1, cluster-2'),
  });
});

test('says what the policies of the hub make of each export, and stops there where nobody asks from a cluster', async () => {
  const text = await told();
  expect(text).toMatch(/export +cluster-1: Valid\n.*the oldest valid export/);
  expect(text).toMatch(/export +cluster-2: NotAllowed\n.*ExportPolicy closed, rule not-from-two/);
  expect(text).not.toContain('route ');
});

test('from a cluster: its policy and whose it is, health, tiers, and who is left out', async () => {
  const text = await told('cluster-2');
  expect(text).toMatch(/policy +bar\/foo: foo\n +because GlobalTrafficPolicy foo of this cluster says ActiveActive/);
  // Nothing runs behind the Service, and its slice says so.
  expect(text).toMatch(/health +cluster-1: NoReadyEndpoint/);
  expect(text).toMatch(/route +bar\/foo: NoRoute/);
});

async function importIn(member: TestCluster, name: string, holds: (found: ServiceImport) => boolean): Promise<void> {
  await eventually(`import ${name} in ${member.name}`, async () => {
    const found = await member.find<ServiceImport>(serviceImports, {namespace: 'bar', name});
    return found !== undefined && holds(found);
  });
}

const names = ({status}: ServiceImport): string => (status?.clusters ?? []).map(({cluster}) => cluster).join();

test('a cluster that an export is not for is left out for that, not because nobody exports it there', async () => {
  const [one, two] = set.members as [TestCluster, TestCluster];
  await one.apply(`apiVersion: v1
kind: Service
metadata: {namespace: bar, name: few}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: flomesh.io/v1alpha1
kind: ServiceExport
metadata: {namespace: bar, name: few}
spec: {targetClusters: [cluster-1]}`);
  await two.apply(exportYaml('bar', 'few'));
  await importIn(two, 'few', (found) => names(found) === 'cluster-2');
  await importIn(one, 'few', (found) => names(found) === 'cluster-1,cluster-2');
  const text = await told('cluster-2', 'few');
  expect(text).toMatch(/export +cluster-1: Valid\n.*for cluster-1 only/);
  expect(text).toMatch(/import +cluster-1: NotTargeted/);
  expect(await told('cluster-1', 'few')).not.toContain('NotTargeted');
});

test('a type that the import keeps is told as it is, with what keeps it', async () => {
  const [one, two] = set.members as [TestCluster, TestCluster];
  await one.apply(exportYaml('bar', 'kept'));
  await importIn(two, 'kept', ({spec}) => spec?.type === 'ClusterSetIP');
  await two.apply(`apiVersion: v1
kind: Service
metadata: {namespace: bar, name: kept}
spec: {clusterIP: None, ports: [{name: http, port: 80}]}
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {namespace: bar, name: kept}`);
  await importIn(two, 'kept', (found) => names(found) === 'cluster-1,cluster-2');
  await one.client.delete(serviceExports, {namespace: 'bar', name: 'kept'});
  await importIn(two, 'kept', (found) => names(found) === 'cluster-2');
  const text = await told(undefined, 'kept');
  expect(text).toMatch(/merge +bar\/kept: ClusterSetIP\n.*but not the type, which the import keeps/);
  expect(text).toContain('merge   bar/kept: TypeConflict');
  expect(running.hub.explain('bar', 'kept').find(({step}) => step === 'merge')?.verdict).toBe('ClusterSetIP');
});

let tries = 0;

test('what the hub wrote down counts: ages that it does not believe, and deletions that it holds back', async () => {
  const [one, two] = set.members as [TestCluster, TestCluster];
  const name = `aged-${++tries}`;
  await one.apply(exportYaml('bar', name));
  const {uid} = (await one.client.get(serviceExports, {namespace: 'bar', name})).metadata;
  await two.apply(exportYaml('bar', name, {port: 81}));
  await importIn(two, name, (found) => names(found) === 'cluster-1,cluster-2');
  await running.stop();
  try {
    const later = Date.now() + 3_600_000;
    const ages = {[`mcs/bar/${name}`]: {uid, ageMs: later, claimedAtMs: 0}};
    const remember = async (data: Record<string, string | null>): Promise<void> => {
      const at = {namespace: 'isthmus-system', name: 'isthmus-member-cluster-1'};
      await set.hubCluster.client.patch(configMaps, at, {type: 'merge', body: {data}}, {fieldManager: 'kubectl'});
    };
    await remember({'capped-ages': JSON.stringify(ages)});
    const text = await told(undefined, name);
    expect(text).toContain(`counts as of ${new Date(later).toISOString()}`);
    expect(text).toContain('cluster-2 is the oldest');
    await one.client.delete(serviceExports, {namespace: 'bar', name});
    await one.client.delete(services, {namespace: 'bar', name});
    await remember({held: JSON.stringify({sinceMs: 0, keys: [`bar/${name}`]})});
    expect(await told(undefined, name)).toMatch(/export +cluster-1: Valid\n.*held back \(MassDeletion\)/);
  } finally {
    running = set.startHub();
  }
});
