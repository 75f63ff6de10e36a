import {afterEach, describe, expect, test, vi} from 'vitest';
import type {ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import {parseKey} from '../../src/api/meta.ts';
import {flomeshServiceExports, serviceExports, serviceImports, services} from '../../src/api/resources.ts';
import type {LightApi} from '../tools/light/light-api.ts';
import * as user from './convergence/user.ts';
import {beginSequence, endSequence, World} from './convergence/world.ts';

/**
 * Which type an import gets is decided by exports and by what this hub decided before; not by what stands in some member. On light API
 * servers, in virtual time.
 */
vi.mock('undici', async () => ({Agent: (await import('../tools/light/light-network.ts')).LightAgent}));

const KEY = 'a/foo';
const HEADLESS = {type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4']};
const PORT = {name: 'p-80', port: 80, protocol: 'TCP'};
/** Longer than it takes until a member counts as unreachable, and until it is asked again. */
const LONG_MS = 30_000;

afterEach(endSequence);

type Members = readonly [LightApi, LightApi, LightApi];

/** cluster-1 exports one Service with an address, and all three import it. */
async function exported(): Promise<{world: World; members: Members}> {
  beginSequence(1);
  const world = new World();
  const members = [...world.members.values()] as unknown as Members;
  for (const api of members) user.makeNamespace(api, 'a');
  user.putService(members[0], KEY, {variant: 0, number: 1});
  user.putExport(members[0], KEY, {group: 'mcs', variant: 0});
  world.startHub();
  await world.pass(10_000);
  expect(members.map(typeIn)).toEqual(['ClusterSetIP', 'ClusterSetIP', 'ClusterSetIP']);
  return {world, members};
}

const typeIn = (api: LightApi): string | undefined => api.find<ServiceImport>(serviceImports, KEY)?.spec?.type;

function conflictIn(api: LightApi): string | undefined {
  const conditions = api.find<ServiceExport>(serviceExports, KEY)?.status?.conditions ?? [];
  return conditions.find(({type}) => type === 'Conflict')?.reason;
}

function putHeadless(api: LightApi): void {
  const {namespace = '', name} = parseKey(KEY);
  const spec = {...HEADLESS, sessionAffinity: 'None', ports: [{...PORT, targetPort: 80}]};
  user.apply(api, services, {namespace, name}, {spec});
}

function editType(api: LightApi): void {
  const {namespace = '', name} = parseKey(KEY);
  expect(user.apply(api, serviceImports, {namespace, name}, {spec: {type: 'Headless', ports: [PORT]}})).toBe(200);
  expect(typeIn(api)).toBe('Headless');
}

describe('after the last export of a name ended, the next one decides its type alone', () => {
  test('though a member that is cut off holds the import of before', async () => {
    const {world, members} = await exported();
    const [one, two, three] = members;
    three.partition(true);
    await world.pass(10_000);
    user.removeExport(one, KEY, 'mcs');
    user.removeService(one, KEY);
    await world.pass(LONG_MS);
    expect([one, two].map(typeIn)).toEqual([undefined, undefined]);
    putHeadless(one);
    user.putExport(one, KEY, {group: 'mcs', variant: 0});
    await world.pass(LONG_MS);
    expect([one, two].map(typeIn)).toEqual(['Headless', 'Headless']);
    three.partition(false);
    await world.pass(LONG_MS);
    expect(members.map(typeIn)).toEqual(['Headless', 'Headless', 'Headless']);
    expect(conflictIn(one)).toBe('NoConflicts');
    await world.stopHub('crash');
  });

  test('though a slow member has not deleted the import of before yet (kubectl replace --force)', async () => {
    const {world, members} = await exported();
    const [one, two] = members;
    two.faults.add({userAgent: 'isthmus-hub', verb: 'delete'}, {kind: 'latency', ms: 1_000}, {times: 5});
    user.removeService(one, KEY);
    await world.pass(300);
    expect(members.map(typeIn)).toEqual([undefined, 'ClusterSetIP', undefined]);
    putHeadless(one);
    await world.pass(LONG_MS);
    expect(members.map(typeIn)).toEqual(['Headless', 'Headless', 'Headless']);
    expect(conflictIn(one)).toBe('NoConflicts');
    await world.stopHub('crash');
  });
});

test('an exporter that nobody could ask since the hub started has not ended: the imports that remember it keep their type', async () => {
  const {world, members} = await exported();
  const [one] = members;
  await world.stopHub('crash');
  one.partition(true);
  world.startHub();
  await world.pass(LONG_MS);
  user.removeService(one, KEY);
  putHeadless(one);
  one.partition(false);
  await world.pass(LONG_MS);
  expect(members.map(typeIn)).toEqual(['ClusterSetIP', 'ClusterSetIP', 'ClusterSetIP']);
  expect(conflictIn(one)).toBe('TypeConflict');
  await world.stopHub('crash');
});

describe('a type that somebody writes into an import is put right', () => {
  test('in most members at once', async () => {
    const {world, members} = await exported();
    for (const api of members) editType(api);
    await world.pass(LONG_MS);
    expect(members.map(typeIn)).toEqual(['ClusterSetIP', 'ClusterSetIP', 'ClusterSetIP']);
    await world.stopHub('crash');
  });

  test.each([{hub: 'runs'}, {hub: 'is away'}])(
    'in a member that may import only some of the exports, while the hub $hub',
    async ({hub}) => {
      const {world, members} = await exported();
      const [, two, three] = members;
      user.putService(two, KEY, {variant: 0, number: 2});
      user.apply(two, flomeshServiceExports, {namespace: 'a', name: 'foo'}, {spec: {targetClusters: ['cluster-1']}});
      await world.pass(10_000);
      const exporters = members.map((api) => api.find<ServiceImport>(serviceImports, KEY)?.status?.clusters?.length);
      expect(exporters).toEqual([2, 2, 1]);
      if (hub === 'is away') await world.stopHub('crash');
      editType(three);
      if (hub === 'is away') world.startHub();
      await world.pass(LONG_MS);
      expect(members.map(typeIn)).toEqual(['ClusterSetIP', 'ClusterSetIP', 'ClusterSetIP']);
      await world.stopHub('crash');
    },
  );
});
