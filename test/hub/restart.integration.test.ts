import {afterEach, describe, expect, test, vi} from 'vitest';
import type {ServiceImport} from '../../src/api/kinds.ts';
import {clusters, serviceImports} from '../../src/api/resources.ts';
import {seededRandom} from '../../src/dev/seeded-random.ts';
import {chosenSeed} from '../tools/chosen-seed.ts';
import type {LightApi} from '../tools/light/light-api.ts';
import {converge} from './convergence/sequence.ts';
import {MEMBERS} from './convergence/playground.ts';
import * as user from './convergence/user.ts';
import {beginSequence, endSequence, World} from './convergence/world.ts';

/**
 * A hub that starts meets its members in any order, each list after its own time: whatever it believes while it has read only some
 * of them, it writes nothing where nothing changed. On light API servers, in virtual time.
 */
vi.mock('undici', async () => ({Agent: (await import('../tools/light/light-network.ts')).LightAgent}));

const ORDERS = 60;
const ORDERS_AWAY = 10;
const seed = chosenSeed('RESTART_SEED', 1);
/** No answer takes longer; all of a start together stay below the time after which a member counts as unreachable. */
const MAX_DELAY_MS = 300;
const QUIET_MS = 30_000;
/** Long after members that are read make what is not known yet look absent. */
const LATE_MS = 8_000;
const READ = [
  ...['namespaces', 'services', 'endpointslices', 'serviceexports', 'serviceimports', 'leases', 'remoteclusters'],
  ...[
    'clusterproperties',
    'exportpolicies',
    'globaltrafficpolicies',
    'importpolicies',
    'configmaps',
    'secrets',
    'clusters',
  ],
];

afterEach(endSequence);

/** Names that several members export, and don't agree about: who is older decides, and an import tells little of it. */
async function contested(): Promise<World> {
  const world = new World();
  const members = [...world.members.values()];
  for (const [i, api] of members.entries()) {
    const number = i + 1;
    for (const ns of ['a', 'b']) user.makeNamespace(api, ns);
    for (const key of ['a/foo', 'a/bar', 'a/hl', 'b/hl']) user.putService(api, key, {variant: 0, number});
  }
  const [one, two, three] = members as [LightApi, LightApi, LightApi];
  user.putService(three, 'a/foo', {variant: 3, number: 3});
  user.putService(two, 'a/bar', {variant: 2, number: 2});
  user.putExport(three, 'a/foo', {group: 'mcs', variant: 3});
  user.putExport(two, 'a/bar', {group: 'mcs', variant: 2});
  user.putExport(three, 'b/hl', {group: 'flomesh', variant: 0});
  user.putService(three, 'b/foo', {variant: 1, number: 3});
  user.putExport(three, 'b/foo', {group: 'mcs', variant: 2});
  await world.pass(5_000);
  user.putService(two, 'b/foo', {variant: 3, number: 2});
  user.putExport(two, 'b/foo', {group: 'mcs', variant: 1});
  await world.pass(5_000);
  // So that imports are younger than all exports of their names, as they are in a member that joins late.
  world.startHub();
  await converge(world, {emptied: false});
  user.putExport(one, 'a/foo', {group: 'mcs', variant: 1});
  user.putExport(two, 'a/foo', {group: 'flomesh', variant: 0});
  user.putExport(one, 'a/bar', {group: 'mcs', variant: 1});
  user.putExport(one, 'a/hl', {group: 'mcs', variant: 0});
  user.putExport(one, 'b/hl', {group: 'mcs', variant: 0});
  await converge(world, {emptied: false});
  return world;
}

const all = (world: World): readonly LightApi[] => [world.hubApi, ...world.members.values()];

function rows(world: World): readonly string[] {
  return all(world).flatMap(({name, writes}) =>
    [...writes].filter(([row]) => !row.includes(' leases.')).map(([row, times]) => `${name} ${row}: ${times}`),
  );
}

function delay(world: World, random: () => number): void {
  for (const api of all(world)) {
    for (const resource of READ) {
      for (const verb of ['get', 'list', 'watch'] as const) {
        const ms = Math.floor(random() ** 2 * MAX_DELAY_MS);
        api.faults.add({userAgent: 'isthmus-hub', resource, verb}, {kind: 'latency', ms});
      }
    }
  }
}

describe('a hub that restarts', () => {
  test.each([{how: 'stop' as const}, {how: 'crash' as const}])(
    `writes nothing where nothing changed, in whatever order it is answered (after a $how)`,
    {timeout: 120_000},
    async ({how}) => {
      process.stdout.write(`restart, ${how}: seed ${seed}\n`);
      beginSequence(seed);
      const world = await contested();
      const random = seededRandom(seed);
      for (let order = 0; order < ORDERS; order++) {
        await world.stopHub(how);
        for (const api of all(world)) api.writes.clear();
        delay(world, random);
        world.startHub();
        await world.pass(QUIET_MS);
        expect(rows(world), `order ${order} of seed ${seed}`).toEqual([]);
        for (const api of all(world)) api.faults.clear();
      }
      await world.stopHub('crash');
    },
  );

  test.each(MEMBERS)(
    'while %s is away: no import changes, and no condition of an export',
    {timeout: 120_000},
    async (away) => {
      beginSequence(seed);
      const world = await contested();
      const random = seededRandom(seed);
      for (let order = 0; order < ORDERS_AWAY; order++) {
        await world.stopHub('crash');
        world.member(away).partition(true);
        for (const api of all(world)) api.writes.clear();
        delay(world, random);
        world.startHub();
        await world.pass(QUIET_MS);
        const found = rows(world).filter((row) => /service(import|export)s/.test(row));
        expect(found, `order ${order} of seed ${seed}`).toEqual([]);
        expect(rows(world), 'that it is away is told').not.toEqual([]);
        for (const api of all(world)) api.faults.clear();
        world.member(away).partition(false);
        await converge(world, {emptied: false});
      }
      await world.stopHub('crash');
    },
  );

  test.each<{what: string; disturb: (world: World) => void}>([
    {
      what: 'is taken up last, after all others were read',
      disturb: ({hubApi}) =>
        hubApi.faults.add(
          {resource: 'configmaps', verb: 'get', name: 'isthmus-member-cluster-3'},
          {kind: 'latency', ms: LATE_MS},
        ),
    },
    {
      what: 'cannot be taken up, because what is remembered of it cannot be read',
      disturb: ({hubApi}) =>
        hubApi.faults.add(
          {resource: 'configmaps', verb: 'get', name: 'isthmus-member-cluster-3'},
          {kind: 'status', code: 500},
        ),
    },
    {
      what: 'is missing in the first list of Clusters',
      disturb: ({hubApi}) =>
        hubApi.faults.add(
          {resource: 'clusters', verb: 'list'},
          {kind: 'rewriteBody', rewrite: withoutThird},
          {times: 5},
        ),
    },
  ])('a member that $what: no import of what it exports changes, and others go on', {timeout: 60_000}, async (row) => {
    beginSequence(seed);
    const world = await contested();
    await world.stopHub('crash');
    for (const api of all(world)) api.writes.clear();
    row.disturb(world);
    world.startHub();
    await world.pass(QUIET_MS);
    expect(world.hubApi.faults.suffered, 'requests that met the fault').toBeGreaterThan(0);
    expect(rows(world).filter((written) => /serviceimports/.test(written))).toEqual([]);
    user.putService(world.member('cluster-1'), 'a/new', {variant: 0, number: 1});
    user.putExport(world.member('cluster-1'), 'a/new', {group: 'mcs', variant: 0});
    await world.pass(QUIET_MS);
    expect(importOf(world, 'cluster-2', 'a/new'), 'what another one exports meanwhile').toEqual(['cluster-1']);
    for (const api of all(world)) api.faults.clear();
    await world.pass(QUIET_MS);
    await converge(world, {emptied: false});
    await world.stopHub('crash');
  });

  test(
    'records that can not be listed: it begins all the same, and takes nothing away',
    {timeout: 60_000},
    async () => {
      beginSequence(seed);
      const world = await contested();
      await world.stopHub('crash');
      for (const api of all(world)) api.writes.clear();
      world.hubApi.faults.add({resource: 'configmaps', verb: 'list'}, {kind: 'status', code: 403});
      world.startHub();
      user.putService(world.member('cluster-1'), 'a/new', {variant: 0, number: 1});
      user.putExport(world.member('cluster-1'), 'a/new', {group: 'mcs', variant: 0});
      await world.pass(QUIET_MS);
      expect(importOf(world, 'cluster-2', 'a/new')).toEqual(['cluster-1']);
      expect(rows(world).filter((written) => /serviceimports/.test(written) && !written.includes('a/new'))).toEqual([]);
      await world.stopHub('crash');
    },
  );

  test('who can not be read for long does not keep others waiting that come back', {timeout: 60_000}, async () => {
    beginSequence(seed);
    const world = await contested();
    await world.stopHub('crash');
    world.member('cluster-3').faults.add({resource: 'serviceexports', verb: 'list'}, {kind: 'status', code: 403});
    for (const away of ['cluster-1', 'cluster-2'] as const) world.member(away).partition(true);
    world.startHub();
    await world.pass(600_000);
    user.putService(world.member('cluster-1'), 'a/new', {variant: 0, number: 1});
    user.putExport(world.member('cluster-1'), 'a/new', {group: 'mcs', variant: 0});
    for (const away of ['cluster-1', 'cluster-2'] as const) world.member(away).partition(false);
    await world.pass(QUIET_MS);
    expect(importOf(world, 'cluster-2', 'a/new')).toEqual(['cluster-1']);
    await world.stopHub('crash');
  });

  test.each<{what: string; disturb: (world: World) => void}>([
    {what: 'is dead since the start', disturb: (world) => world.member('cluster-3').partition(true)},
    {
      what: 'is missing in all lists',
      disturb: ({hubApi}) =>
        hubApi.faults.add({resource: 'clusters', verb: 'list'}, {kind: 'rewriteBody', rewrite: withoutThird}),
    },
    {
      what: 'could not be taken up',
      disturb: ({hubApi}) =>
        hubApi.faults.add(
          {resource: 'configmaps', verb: 'get', name: 'isthmus-member-cluster-3'},
          {kind: 'status', code: 500},
        ),
    },
  ])('a Cluster that $what and is deleted: its exports go from all imports', {timeout: 60_000}, async ({disturb}) => {
    beginSequence(seed);
    const world = await contested();
    await world.stopHub('crash');
    disturb(world);
    world.startHub();
    await world.pass(QUIET_MS);
    expect(importOf(world, 'cluster-1', 'a/foo')).toContain('cluster-3');
    user.remove(world.hubApi, clusters, 'cluster-3');
    await world.pass(QUIET_MS);
    world.hubApi.faults.clear();
    await world.pass(300_000);
    expect(importOf(world, 'cluster-1', 'a/foo')).toEqual(['cluster-1', 'cluster-2']);
    expect(importOf(world, 'cluster-2', 'b/hl')).toEqual(['cluster-1']);
    await world.stopHub('crash');
  });
});

function importOf(world: World, member: (typeof MEMBERS)[number], key: string): readonly string[] | undefined {
  return world
    .member(member)
    .find<ServiceImport>(serviceImports, key)
    ?.status?.clusters?.map(({cluster}) => cluster);
}

function withoutThird(body: unknown): unknown {
  const list = body as {items: {metadata: {name: string}}[]};
  return {...list, items: list.items.filter(({metadata}) => metadata.name !== 'cluster-3')};
}
