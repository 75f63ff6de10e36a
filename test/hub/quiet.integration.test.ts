import {afterAll, beforeAll, describe, expect, onTestFinished, test, vi} from 'vitest';
import type {ServiceImport} from '../../src/api/kinds.ts';
import {serviceImports} from '../../src/api/resources.ts';
import type {WriteRow} from '../../src/dev/writes.ts';
import {exportYaml, startClusterset, synced, type RunningHub, type TestClusterset} from './clusterset.ts';
import {eventually} from '../tools/eventually.ts';

/** No write where nothing changed, but the heartbeats (design §14). Renewals are the clock of these tests. */

const RENEW_MS = 300;
/** A busy machine is no news to be written about: how soon a silent member is called unreachable is not the matter here. */
const CALM = {leaseRenewMs: RENEW_MS, unreachableAfterMs: 10_000};

vi.setConfig({testTimeout: 60_000});

let set: TestClusterset;
let tries = 0;
let running: RunningHub;

beforeAll(async () => {
  set = await startClusterset(3);
  running = set.startHub(CALM);
  for (const member of set.members) await set.register(member);
  await synced(running, set.members);
  for (const member of set.members) await member.namespace('bar');
  const yaml = ['a', 'b', 'c', 'd'].map((name) => exportYaml('bar', name)).join('\n---\n');
  await set.members[0]?.apply(yaml);
  await set.members[0]?.apply(exportYaml('bar', 'a', {group: 'flomesh.io/v1alpha1'}));
  await set.members[1]?.apply(exportYaml('bar', 'a', {port: 81}));
  for (const member of set.members) {
    await eventually('all imported', async () => {
      const {items} = await member.client.list<ServiceImport>(serviceImports, {namespace: 'bar'});
      return items.length === 4 && items.some(({status}) => status?.clusters?.length === 2);
    });
  }
});
afterAll(async () => set.close());

const groups: Readonly<Record<string, string>> = {
  serviceexports: 'multicluster.x-k8s.io',
  serviceimports: 'multicluster.x-k8s.io',
  remoteclusters: 'isthmus.dev',
};

const isHeartbeat = ({resource, name}: WriteRow): boolean =>
  resource === 'leases.coordination.k8s.io' && name.startsWith('isthmus-system/isthmus-hub');

/** Rows of all servers that are no heartbeats, and the fewest heartbeats that any member had. */
function writes(): {rows: readonly string[]; heartbeats: number} {
  const rows = [set.hubCluster, ...set.members].flatMap(({name, cluster}) =>
    cluster.writes
      .requests()
      .filter((row) => !isHeartbeat(row))
      .map((row) => `${name} ${row.verb} ${row.resource} ${row.name} by ${row.manager}: ${row.count}`),
  );
  const beats = set.members.map(({cluster}) => {
    return cluster.writes.requests().reduce((sum, row) => sum + (isHeartbeat(row) ? row.count : 0), 0);
  });
  return {rows, heartbeats: Math.min(...beats)};
}

/** The same without Events that are counted up: a hub that stops tells of what was repeated before the quiet began. */
function newWrites(): readonly string[] {
  return writes().rows.filter((row) => !row.includes(' patch events '));
}

function reset(): void {
  for (const {cluster} of [set.hubCluster, ...set.members]) cluster.writes.reset();
}

/** Until a whole heartbeat passes without another write: what is still to be told has been told. */
async function settle(): Promise<void> {
  await eventually('it comes to rest', async () => {
    reset();
    await eventually('a heartbeat', () => writes().heartbeats >= 2);
    return writes().rows.length === 0;
  });
}

describe('a quiet period', () => {
  test('over ten heartbeats nothing else is written, in any cluster', async () => {
    await settle();
    reset();
    await eventually('ten heartbeats', () => writes().heartbeats >= 10);
    expect(writes().rows).toEqual([]);
  });

  test('a hub that restarts writes nothing but its Leases: restart converges, it does not rewrite', async () => {
    await settle();
    reset();
    await running.stop();
    running = set.startHub(CALM);
    await synced(running, set.members);
    const beats = writes().heartbeats;
    await eventually('and some time', () => writes().heartbeats >= beats + 3);
    expect(newWrites()).toEqual([]);
  });

  test('lists that are repeated write nothing', async () => {
    await settle();
    reset();
    const lists = () => running.status('cluster-2').reflectors['serviceimports.multicluster.x-k8s.io']?.lists ?? 0;
    const before = lists();
    for (const {cluster} of set.members) {
      for (const resource of ['serviceexports', 'serviceimports', 'remoteclusters', 'services', 'namespaces']) {
        const match = {userAgent: 'isthmus-hub', group: groups[resource] ?? '', resource};
        cluster.faults.add({...match, verb: 'watch'}, {kind: 'gone'}, {times: 1});
        cluster.faults.dropWatches(match);
      }
    }
    await eventually('listed again', () => lists() > before);
    const beats = writes().heartbeats;
    await eventually('and some time', () => writes().heartbeats >= beats + 3);
    expect(writes().rows).toEqual([]);
  });

  test('a second hub beside it changes nothing, and goes on where the first one stops', async () => {
    await settle();
    reset();
    const second = set.startHub(CALM);
    onTestFinished(async () => {
      await second.stop();
      await running.stop();
      running = set.startHub(CALM);
      await synced(running, set.members);
    });
    await eventually('it has read every member', () => {
      const {members} = second.hub.status();
      return members.length === 3 && members.every(({conditions}) => conditions.synced.reason === 'WaitsForLease');
    });
    const beats = writes().heartbeats;
    await eventually('and some time', () => writes().heartbeats >= beats + 6);
    expect(writes().rows).toEqual([]);
    await running.stop();
    await synced(second, set.members);
    expect(newWrites()).toEqual([]);
    const name = `later-${++tries}`;
    await set.members[0]?.apply(exportYaml('bar', name));
    await eventually('it writes', async () =>
      set.members[2]?.find<ServiceImport>(serviceImports, {namespace: 'bar', name}),
    );
  });
});
