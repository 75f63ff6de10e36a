import {afterAll, beforeAll, expect, test} from 'vitest';

import {collectExports} from '../../cli/collect-exports.ts';
import {explain, formatTrace} from '../../src/clusterset/explain.ts';
import {exportYaml, startClusterset, synced, type TestCluster, type TestClusterset} from '../hub/clusterset.ts';
import {eventually} from '../tools/eventually.ts';
import {serviceImports} from '../../src/api/resources.ts';

let set: TestClusterset;

beforeAll(async () => {
  set = await startClusterset(2);
  for (const member of set.members) await set.register(member);
  const running = set.startHub();
  await synced(running, set.members);
  const [one, two] = set.members as [TestCluster, TestCluster];
  await set.hubCluster.apply(`apiVersion: isthmus.dev/v1alpha1
kind: ExportPolicy
metadata: {name: closed}
spec: {rules: [{name: not-from-two, action: Deny, cel: "cluster.id == 'cluster-2'"}]}`);
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

async function told(from?: string): Promise<string> {
  const own = set.hubCluster.cluster.credentials;
  const sought = {service: 'foo', namespace: 'bar', isthmusNamespace: 'isthmus-system', development: true};
  const {exports, route, silent} = await collectExports(own, from === undefined ? sought : {...sought, from});
  expect(silent).toEqual([]);
  return formatTrace(explain({exports, ...(route === undefined ? {} : {route})}));
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
