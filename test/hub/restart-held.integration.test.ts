import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../../src/api/names.ts';
import {
  clusters,
  configMaps,
  endpointSlices,
  flomeshServiceExports,
  flomeshServiceImports,
  namespaces,
  serviceImports,
} from '../../src/api/resources.ts';
import type {Hub} from '../../src/hub/hub.ts';
import type {LightApi} from '../tools/light/light-api.ts';
import * as user from './convergence/user.ts';
import {beginSequence, endSequence, World} from './convergence/world.ts';

/**
 * After any restart nobody's import disappears unless its exports were deleted and let go, and nothing appears that was not there
 * or exported: what a hub remembers of exports that it never saw, and of deletions that another one held back. On light API
 * servers, in virtual time.
 */
vi.mock('undici', async () => ({Agent: (await import('../tools/light/light-network.ts')).LightAgent}));

const KEYS = Array.from({length: 12}, (_, i) => `sec/s${String(i).padStart(2, '0')}`);
const QUIET_MS = 20_000;
const MINUTE_MS = 60_000;
/** A busy machine takes its time. */
const CALM = {timeout: 90_000};
const RESTARTS = ['crash', 'stop'] as const;

let world: World;
let one: LightApi;
let two: LightApi;
let three: LightApi;

beforeEach(() => {
  beginSequence(1);
  world = new World();
  [one, two, three] = [...world.members.values()] as [LightApi, LightApi, LightApi];
  user.makeNamespace(one, 'sec');
  for (const key of KEYS) user.putService(one, key, {variant: 0, number: 1});
});

afterEach(async () => {
  await world.stopHub('crash').finally(endSequence);
});

function exportAll(group: 'mcs' | 'flomesh'): void {
  for (const key of KEYS) user.putExport(one, key, {group, variant: 0});
}

function exportTo(key: string, target: string): void {
  const [namespace = '', name = ''] = key.split('/');
  user.apply(one, flomeshServiceExports, {namespace, name}, {spec: {targetClusters: [target]}});
}

const unexport = (keys: readonly string[], group: 'mcs' | 'flomesh'): void => {
  for (const key of keys) user.removeExport(one, key, group);
};

/** All that the hub wrote into a member for consumers. */
function imported(api: LightApi): readonly unknown[] {
  const slices = api
    .list<KubeObject>(endpointSlices)
    .filter(({metadata}) => metadata.labels?.['multicluster.kubernetes.io/service-name'] !== undefined);
  return [...api.list(serviceImports), ...api.list(flomeshServiceImports), ...slices];
}

const namesIn = (api: LightApi): readonly string[] =>
  api
    .list(serviceImports)
    .map(({metadata}) => `${metadata.namespace}/${metadata.name}`)
    .sort();

function held(): readonly string[] {
  return world.hub?.status().members.flatMap(({heldBack}) => heldBack) ?? [];
}

function heldRecord(): string | undefined {
  return world.hubApi.find<KubeObject & {data?: Record<string, string>}>(
    configMaps,
    'isthmus-system/isthmus-member-cluster-1',
  )?.data?.['held'];
}

function confirm(until: string): void {
  user.annotate(world.hubApi, clusters, 'cluster-1', {'isthmus.dev/confirm-deletions': until});
}

/** As if it were held for so long already: minutes of virtual time are seconds of a busy machine. */
function backdateHeld(ms: number): void {
  const record = heldRecord();
  if (record === undefined) throw new Error('nothing is held back');
  const held = JSON.parse(record) as {sinceMs: number};
  const body = JSON.stringify({data: {held: JSON.stringify({...held, sinceMs: held.sinceMs - ms})}});
  const path = '/api/v1/namespaces/isthmus-system/configmaps/isthmus-member-cluster-1?fieldManager=kubectl';
  world.hubApi.user({method: 'PATCH', path, body, contentType: 'application/merge-patch+json', userAgent: 'kubectl'});
}

/** Restarts the hub; what happens while it is away is `meanwhile`. */
async function restart(how: (typeof RESTARTS)[number], meanwhile: () => void = () => undefined): Promise<void> {
  await world.stopHub(how);
  meanwhile();
  world.startHub();
  await world.pass(QUIET_MS);
}

describe('exports that went in masses while no hub looked', CALM, () => {
  test.each(['mcs', 'flomesh'] as const)('of group %s: everything that was imported stays as it is', async (group) => {
    exportAll(group);
    world.startHub();
    await world.pass(QUIET_MS);
    const before = [one, two, three].map(imported);
    expect(before[1]).toHaveLength(group === 'mcs' ? 24 : 36);
    await restart('crash', () => unexport(KEYS, group));
    expect(held()).toEqual(KEYS);
    expect([one, two, three].map(imported)).toEqual(before);
  });

  test('and were for one cluster only: no other one gets them', async () => {
    for (const key of KEYS) exportTo(key, 'cluster-2');
    world.startHub();
    await world.pass(QUIET_MS);
    const before = imported(two);
    expect([namesIn(two), namesIn(three)]).toEqual([KEYS, []]);
    await restart('crash', () => unexport(KEYS, 'flomesh'));
    expect(held()).toEqual(KEYS);
    expect(imported(two)).toEqual(before);
    expect(namesIn(three)).toEqual([]);
    expect(three.find(namespaces, 'sec')).toBeUndefined();
  });

  test('and took their own imports with them, as a restored backup does: the others say what was exported', async () => {
    exportAll('mcs');
    world.startHub();
    await world.pass(QUIET_MS);
    const before = imported(two);
    await restart('crash', () => {
      unexport(KEYS, 'mcs');
      for (const key of KEYS) user.remove(one, serviceImports, key);
    });
    expect(held()).toEqual(KEYS);
    expect(imported(two)).toEqual(before);
    expect(namesIn(one), 'nobody gets what is only remembered').toEqual([]);
  });

  test('in a list of Services that is short by fault', async () => {
    exportAll('mcs');
    world.startHub();
    await world.pass(QUIET_MS);
    const before = [one, two, three].map(imported);
    await restart('crash', () => {
      one.faults.add(
        {userAgent: 'isthmus-hub', resource: 'services', verb: 'list'},
        {kind: 'rewriteBody', rewrite: withoutExported},
      );
    });
    expect(held()).toEqual(KEYS);
    expect([one, two, three].map(imported)).toEqual(before);
    one.faults.clear();
    await restart('crash');
    expect(held()).toEqual([]);
    expect([one, two, three].map(imported)).toEqual(before);
  });

  test('fewer than ten are let go', async () => {
    exportAll('mcs');
    world.startHub();
    await world.pass(QUIET_MS);
    await restart('crash', () => unexport(KEYS.slice(0, 9), 'mcs'));
    for (const api of [one, two, three]) expect(namesIn(api)).toEqual(KEYS.slice(9));
  });
});

describe('deletions that were held back before', CALM, () => {
  test.each(RESTARTS)(
    'stay held with their dates and everything stays imported, fewer than ten as well (%s)',
    async (how) => {
      exportAll('mcs');
      world.startHub();
      await world.pass(QUIET_MS);
      for (const key of KEYS) {
        unexport([key], 'mcs');
        await world.pass(500);
      }
      const left = KEYS.slice(9);
      expect(held()).toEqual(left);
      const record = heldRecord();
      const before = [one, two, three].map(imported);
      for (let times = 0; times < 3; times++) {
        await restart(how);
        expect(held()).toEqual(left);
        expect(heldRecord()).toBe(record);
        expect([one, two, three].map(imported)).toEqual(before);
      }
      confirm(new Date((JSON.parse(record ?? '{}') as {sinceMs: number}).sinceMs).toISOString());
      await world.pass(QUIET_MS);
      expect([held(), heldRecord()]).toEqual([[], undefined]);
      for (const api of [one, two, three]) expect(imported(api)).toEqual([]);
    },
  );

  test('their ten minutes go on over a restart', async () => {
    exportAll('mcs');
    user.putService(one, 'sec/other', {variant: 0, number: 1});
    user.putExport(one, 'sec/other', {group: 'mcs', variant: 0});
    world.startHub();
    await world.pass(QUIET_MS);
    unexport(KEYS, 'mcs');
    await world.pass(QUIET_MS);
    await restart('crash', () => backdateHeld(9 * MINUTE_MS));
    expect(namesIn(two)).toEqual(['sec/other', ...KEYS]);
    await world.pass(MINUTE_MS);
    for (const api of [one, two, three]) expect(namesIn(api)).toEqual(['sec/other']);
  });

  test('a member that can not be read loses nothing, however long it takes', async () => {
    exportAll('mcs');
    world.startHub();
    await world.pass(QUIET_MS);
    unexport(KEYS, 'mcs');
    await world.pass(QUIET_MS);
    const before = imported(two);
    await restart('crash', () => {
      backdateHeld(20 * MINUTE_MS);
      one.partition(true);
    });
    await world.pass(MINUTE_MS);
    expect(imported(two)).toEqual(before);
    for (const key of KEYS) user.putExport(one, key, {group: 'mcs', variant: 0});
    one.partition(false);
    await world.pass(QUIET_MS);
    expect(held()).toEqual([]);
    expect(namesIn(two)).toEqual(KEYS);
  });

  test('exports that are there again are simply there', async () => {
    exportAll('mcs');
    world.startHub();
    await world.pass(QUIET_MS);
    unexport(KEYS, 'mcs');
    await world.pass(QUIET_MS);
    await restart('crash', () => exportAll('mcs'));
    expect([held(), heldRecord()]).toEqual([[], undefined]);
    expect(namesIn(three)).toEqual(KEYS);
  });

  test.each([
    ['a year ahead', '2027-06-01T00:00:00Z'],
    ['no time', 'yes'],
  ])('a confirmation of %s lets nothing go, and that is said', async (_, until) => {
    exportAll('mcs');
    world.startHub();
    await world.pass(QUIET_MS);
    confirm(until);
    unexport(KEYS, 'mcs');
    await world.pass(QUIET_MS);
    expect(held()).toEqual(KEYS);
    const found = world.hubApi.find<KubeObject & {status?: {conditions?: {type: string; message: string}[]}}>(
      clusters,
      'cluster-1',
    );
    const said = found?.status?.conditions?.find(({type}) => type === 'MassDeletion')?.message;
    expect(said).toContain(`What the annotation says is ignored: `);
    expect(said).toContain(until);
  });
});

describe('two replicas that hold back different ones of one fall', CALM, () => {
  const heldBy = (hub: Hub): readonly string[] => hub.status().members[0]?.heldBack ?? [];

  test('a confirmation of what the responsible one shows frees both, in whatever member each of them writes', async () => {
    exportAll('mcs');
    world.startHub();
    const first = world.hub as Hub;
    const other = world.startReplica('other');
    await world.pass(60_000);
    const writes = [first, other].map((hub) =>
      hub
        .status()
        .members.filter(({writing}) => writing)
        .map(({cluster}) => cluster),
    );
    expect(writes).toEqual([['cluster-1', 'cluster-2'], ['cluster-3']]);
    // It hears of nothing for a while, and then by one list.
    const late = {userAgent: 'isthmus-hub/other', resource: 'serviceexports'};
    one.faults.add({...late, verb: 'watch'}, {kind: 'gone'}, {times: 2});
    one.faults.add({...late, verb: 'list'}, {kind: 'latency', ms: 4_000});
    one.faults.dropWatches(late);
    await world.pass(1_000);
    for (const key of KEYS) {
      unexport([key], 'mcs');
      await world.pass(200);
    }
    await world.pass(QUIET_MS);
    one.faults.clear();
    expect([heldBy(first), heldBy(other)]).toEqual([KEYS.slice(9), KEYS]);
    await world.pass(MINUTE_MS);
    const {sinceMs} = JSON.parse(heldRecord() ?? '{}') as {sinceMs: number};
    confirm(new Date(sinceMs).toISOString());
    await world.pass(QUIET_MS);
    expect([heldBy(first), heldBy(other), heldRecord()]).toEqual([[], [], undefined]);
    for (const api of [one, two, three]) expect(imported(api)).toEqual([]);
  });
});

describe('imports that one member has, and no other', CALM, () => {
  test.each([1, 12])(
    'say nothing of what another one exported: %i of Services that are there and not exported',
    async (count) => {
      const forged = KEYS.slice(0, count);
      user.putService(one, 'sec/real', {variant: 0, number: 1});
      user.putExport(one, 'sec/real', {group: 'mcs', variant: 0});
      world.startHub();
      await world.pass(QUIET_MS);
      const seen: string[] = [];
      await restart('crash', () => {
        for (const key of forged) forge(two, key, 'cluster-1');
        for (const api of [one, three])
          api.storage
            .table(serviceImports)
            .watchers.add(({type, object}) => seen.push(`${type} ${object.metadata.name}`));
      });
      expect(held()).toEqual([]);
      expect(seen).toEqual([]);
      for (const api of [one, two, three]) expect(namesIn(api)).toEqual(['sec/real']);
    },
  );

  test('and has of a time when it was away for long, are taken from it like all others', async () => {
    exportAll('mcs');
    world.startHub();
    await world.pass(QUIET_MS);
    two.partition(true);
    await world.pass(QUIET_MS);
    for (const key of KEYS) {
      unexport([key], 'mcs');
      await world.pass(10_000);
    }
    expect([namesIn(one), namesIn(three)]).toEqual([[], []]);
    expect(namesIn(two)).toEqual(KEYS);
    await restart('crash', () => two.partition(false));
    expect(held()).toEqual([]);
    for (const api of [one, two, three]) expect(namesIn(api)).toEqual([]);
  });
});

/** A list that is there, and lacks what is exported. */
function withoutExported(body: unknown): unknown {
  const list = body as {items: {metadata: {namespace?: string}}[]};
  return {...list, items: list.items.filter(({metadata}) => metadata.namespace !== 'sec')};
}

/** As whoever rules a member can: an import that looks like one of the hub's. */
function forge(api: LightApi, key: string, exporter: string): void {
  const [namespace = '', name = ''] = key.split('/');
  const labels = {[MANAGED_BY_LABEL]: HUB_MANAGED_BY};
  const annotations = {'isthmus.dev/oldest-export': `${exporter}/2001-01-01T00:00:00Z`};
  user.apply(
    api,
    serviceImports,
    {namespace, name, labels, annotations},
    {spec: {type: 'ClusterSetIP', ports: [{port: 6666, protocol: 'TCP'}]}},
  );
  user.applyStatus(api, serviceImports, {namespace, name}, {clusters: [{cluster: exporter}]});
}
