import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import type {ExportPolicy, GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import {exportPolicies, globalTrafficPolicies} from '../../src/api/resources.ts';
import {eventually} from '../tools/eventually.ts';
import {type RunningHub, startClusterset, synced, type TestCluster, type TestClusterset} from './clusterset.ts';

/** What policies of the hub say of their copies in the members. */

let set: TestClusterset;
let one: TestCluster;
let two: TestCluster;
let running: RunningHub;
/** A machine that stands still for a moment is no reason to take another replica for dead. */
const HUB = {leaseRenewMs: 2_000};
vi.setConfig({testTimeout: 90_000});
const WITHIN_MS = 15_000;

beforeEach(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  for (const member of set.members) await set.register(member);
  running = set.startHub(HUB);
  await synced(running, set.members);
});

afterEach(async () => {
  for (const {cluster} of [set.hubCluster, ...set.members]) cluster.faults.clear();
  await set.close();
});

const policyYaml = (namespace: string): string => `apiVersion: isthmus.dev/v1alpha1
kind: ExportPolicy
metadata: {name: closed}
spec: {rules: [{name: first, action: Deny, namespaces: [${namespace}]}]}`;

async function told(): Promise<(Condition & {generation: number | undefined}) | undefined> {
  const found = await set.hubCluster.find<ExportPolicy>(exportPolicies, {name: 'closed'});
  const condition = found?.status?.conditions?.find(({type}) => type === 'Synced');
  return condition && {...condition, generation: found?.metadata.generation};
}

/** Waits until the policy says so, of the generation that it has. */
async function says(status: string, reason: string, message: string): Promise<void> {
  let last: unknown;
  await eventually(
    `${status}/${reason}: ${message}`,
    async () => {
      const now = await told();
      last = now;
      const isNow = now?.observedGeneration === now?.generation;
      return isNow && now?.status === status && now.reason === reason && now.message.includes(message);
    },
    WITHIN_MS,
  ).catch((error: unknown) => {
    throw new Error(`it says ${JSON.stringify(last)}`, {cause: error});
  });
}

const statusWrites = (): number =>
  set.hubCluster.cluster.writes
    .requests()
    .filter(({resource}) => resource === 'exportpolicies.isthmus.dev/status')
    .reduce((sum, {count}) => sum + count, 0);

test('a policy says that all members hold it, follows its own changes, and a quiet time writes nothing', async () => {
  await set.hubCluster.apply(policyYaml('a'));
  await says('True', 'Synced', '2 of 2 members hold it.');
  const copy = await two.find<ExportPolicy>(exportPolicies, {name: 'isthmus-hub.closed'});
  expect(copy?.spec?.rules?.[0]?.namespaces).toEqual(['a']);
  await set.hubCluster.apply(policyYaml('b'));
  await says('True', 'Synced', '2 of 2 members hold it.');
  expect((await told())?.generation).toBe(2);
  const before = statusWrites();
  expect(before).toBeGreaterThan(0);
  // Every probe of a member looks at it anew; nothing of that is news.
  await two.client.patch(
    exportPolicies,
    {name: 'isthmus-hub.closed'},
    {type: 'merge', body: {metadata: {labels: {'example.org/touched': '1'}}}},
    {fieldManager: 'kubectl'},
  );
  // One that takes long says so, which a machine that stands still for a moment may have it do.
  const after = await eventually(
    'a restart that writes nothing',
    async () => {
      const atFirst = statusWrites();
      await running.stop();
      running = set.startHub(HUB);
      await synced(running, set.members);
      return statusWrites() === atFirst && atFirst;
    },
    30_000,
  );
  await set.hubCluster.apply(policyYaml('c'));
  await says('True', 'Synced', '2 of 2 members hold it.');
  // Where it takes longer than a moment, `Pending` comes first.
  expect(statusWrites()).toBeGreaterThan(after);
  expect(statusWrites()).toBeLessThanOrEqual(after + 2);
});

test('a member that refuses its copy is named with its words, and the others are counted', async () => {
  two.cluster.faults.add(
    {verb: 'patch', resource: 'exportpolicies', userAgent: 'isthmus-hub'},
    {kind: 'status', code: 422, message: 'no policies here, please'},
  );
  await set.hubCluster.apply(policyYaml('a'));
  await says('False', 'Refused', '1 of 2 members hold it. Refused by cluster-2 (');
  expect((await told())?.message).toContain('no policies here, please');
  two.cluster.faults.clear();
  // It would be tried again by itself, after a while that grows.
  await set.hubCluster.apply(policyYaml('b'));
  await says('True', 'Synced', '2 of 2 members hold it.');
});

test('a member that can not be reached makes it unknown, and comes back by itself', async () => {
  await set.hubCluster.apply(policyYaml('a'));
  await says('True', 'Synced', '2 of 2');
  await two.cluster.stop();
  await says('Unknown', 'MembersUnknown', '1 of 2 members hold it. Not known of cluster-2 (Unreachable).');
  await two.cluster.start();
  await says('True', 'Synced', '2 of 2 members hold it.');
});

test('a GlobalTrafficPolicy says which members lack its namespace, and follows it', async () => {
  await set.hubCluster.namespace('bar');
  await one.namespace('bar');
  await set.hubCluster.apply(`apiVersion: flomesh.io/v1alpha1
kind: GlobalTrafficPolicy
metadata: {namespace: bar, name: foo}
spec: {lbType: ActiveActive}`);
  const message = async (): Promise<string | undefined> => {
    const at = {namespace: 'bar', name: 'foo'};
    const found = await set.hubCluster.find<GlobalTrafficPolicy>(globalTrafficPolicies, at);
    return found?.status?.conditions?.find(({type, status}) => type === 'Synced' && status === 'True')?.message;
  };
  const first = '1 of 1 members hold it. Not needed in cluster-2 (it has no namespace bar).';
  await eventually(first, async () => (await message()) === first, WITHIN_MS);
  await two.namespace('bar');
  await eventually('both', async () => (await message()) === '2 of 2 members hold it.', WITHIN_MS);
});

test('of several replicas of the hub one tells it', async () => {
  const others = [set.startHub(HUB), set.startHub(HUB)];
  for (const other of others) await eventually('it to gather', () => other.hub.status().gathered, WITHIN_MS);
  const before = statusWrites();
  await set.hubCluster.apply(policyYaml('a'));
  await says('True', 'Synced', '2 of 2 members hold it.');
  for (const other of [running, ...others])
    await eventually('rest', () => other.hub.status().members.every(({queueDepth}) => queueDepth === 0));
  expect(statusWrites() - before).toBeLessThanOrEqual(2);
});
