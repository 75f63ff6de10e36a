import {afterEach, expect, test, vi} from 'vitest';
import {
  clusterProperties,
  clusters,
  configMaps,
  events,
  remoteClusters,
  secrets,
  serviceImports,
} from '../../src/api/resources.ts';
import type {RequestMatch} from '../../src/dev/faults.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import type {LightApi} from '../tools/light/light-api.ts';
import * as user from './convergence/user.ts';
import {beginSequence, endSequence, World} from './convergence/world.ts';

/**
 * A hub that ends in the middle of a departure leaves nothing behind that nobody takes up again. On light API servers, in virtual time.
 */
vi.mock('undici', async () => ({Agent: (await import('../tools/light/light-network.ts')).LightAgent}));

const KEY = 'a/foo';
const RECORD = 'isthmus-system/isthmus-member-cluster-1';

afterEach(endSequence);

async function exported(): Promise<{world: World; leaver: LightApi}> {
  beginSequence(1);
  const world = new World();
  const leaver = world.member('cluster-1');
  user.makeNamespace(leaver, 'a');
  user.putService(leaver, KEY, {variant: 0, number: 1});
  user.putExport(leaver, KEY, {group: 'mcs', variant: 0});
  world.startHub();
  await world.pass(10_000);
  expect(leaver.find(serviceImports, KEY)).toBeDefined();
  expect(world.hubApi.find(secrets, RECORD)).toBeDefined();
  return {world, leaver};
}

function fail(api: LightApi, of: RequestMatch): void {
  api.faults.add({userAgent: 'isthmus-hub', ...of}, {kind: 'status', code: 500});
}

/** What the hub keeps of it: Cluster, Secret, record. */
const kept = ({hubApi}: World): readonly boolean[] => [
  hubApi.find(clusters, 'cluster-1') !== undefined,
  hubApi.find(secrets, RECORD) !== undefined,
  hubApi.find(configMaps, RECORD) !== undefined,
];

const traces = (api: LightApi): number =>
  [serviceImports, remoteClusters, clusterProperties].reduce((sum, kind) => sum + api.list(kind).length, 0);

test.each([
  {next: 'the tombstone is marked', fails: {verb: 'patch', resource: 'configmaps'}},
  {next: 'the Secret goes', fails: {verb: 'delete', resource: 'secrets'}},
  {next: 'the record goes', fails: {verb: 'delete', resource: 'configmaps'}},
  {next: 'the Cluster goes', fails: {verb: 'patch', resource: 'clusters'}},
] as const)('a hub that is killed before $next finishes it when it starts again', async ({fails}) => {
  for (const how of ['crash', 'stop'] as const) {
    const {world, leaver} = await exported();
    // The tombstone is there, and nothing can be taken back yet.
    fail(leaver, {verb: 'delete'});
    user.remove(world.hubApi, clusters, 'cluster-1');
    await world.pass(500);
    expect(traces(leaver)).toBeGreaterThan(0);
    fail(world.hubApi, fails);
    leaver.faults.clear();
    await world.pass(2_000);
    expect(traces(leaver)).toBe(0);
    expect(kept(world)).not.toEqual([false, false, false]);
    await world.stopHub(how);
    world.hubApi.faults.clear();
    world.startHub();
    await world.pass(20_000);
    expect(kept(world)).toEqual([false, false, false]);
    expect(world.hub?.status().leaving).toEqual([]);
    await world.stopHub('crash');
    endSequence();
  }
});

test('a member with an object that somebody’s finalizer holds is not said to be cleared until that is gone', async () => {
  const {world, leaver} = await exported();
  const hold = (finalizers: readonly string[]): number =>
    user.apply(leaver, serviceImports, {namespace: 'a', name: 'foo', finalizers}, {});
  expect(hold(['example.org/hold'])).toBe(200);
  user.remove(world.hubApi, clusters, 'cluster-1');
  await world.pass(10_000);
  const told = (): readonly string[] =>
    world.hubApi.list<KubeObject & {message: string}>(events).map(({message}) => message);
  expect(told().filter((message) => message.startsWith('It left: '))).toEqual([]);
  expect(told().some((message) => /still there: .*1 serviceimports/.test(message))).toBe(true);
  expect(leaver.list(clusterProperties)).not.toEqual([]);
  expect(hold([])).toBe(200);
  await world.pass(60_000);
  expect(traces(leaver)).toBe(0);
  expect(kept(world)).toEqual([false, false, false]);
  await world.stopHub('crash');
});

test('a hub whose record of a cleared member can not be deleted lets the Cluster go, says that it was cleared, and goes on', async () => {
  const {world, leaver} = await exported();
  fail(world.hubApi, {verb: 'delete', resource: 'configmaps'});
  user.remove(world.hubApi, clusters, 'cluster-1');
  await world.pass(10_000);
  expect(traces(leaver)).toBe(0);
  expect(kept(world)).toEqual([false, false, true]);
  const told = world.hubApi.list<KubeObject & {message: string}>(events).map(({message}) => message);
  expect(told).toContain('It left: everything that was written into it was taken back.');
  expect(told.filter((message) => message.includes('still there'))).toEqual([]);
  world.hubApi.faults.clear();
  await world.pass(30_000);
  expect(kept(world)).toEqual([false, false, false]);
  expect(world.hub?.status().leaving).toEqual([]);
  await world.stopHub('crash');
});
