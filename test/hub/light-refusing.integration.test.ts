import {afterEach, expect, test, vi} from 'vitest';
import type {ServiceExport} from '../../src/api/kinds.ts';
import {flomeshServiceExports, namespaces, serviceExports, serviceImports} from '../../src/api/resources.ts';
import type {LightApi} from '../tools/light/light-api.ts';
import * as user from './convergence/user.ts';
import {beginSequence, endSequence, World} from './convergence/world.ts';

/** An export says who does not import it though it could be reached. On light API servers, in virtual time. */
vi.mock('undici', async () => ({Agent: (await import('../tools/light/light-network.ts')).LightAgent}));

afterEach(endSequence);

const SYNCED = 'Imported by every member that is synced.';
const NAMED = `${SYNCED} Not written to, though they answer: cluster-3 (NamespaceMissing).`;

function saidOf(api: LightApi, name: string): string | undefined {
  const object = api.find<ServiceExport>(name === 'few' ? flomeshServiceExports : serviceExports, `a/${name}`);
  return object?.status?.conditions?.find(({type}) => type === 'Ready')?.message;
}

test('members that answer and let nobody write are named with the reason, on what was exported before and after', async () => {
  beginSequence(1);
  const world = new World();
  const [one, , three] = [...world.members.values()] as [LightApi, LightApi, LightApi];
  user.makeNamespace(one, 'a');
  for (const name of ['before', 'few']) user.putService(one, `a/${name}`, {variant: 0, number: 1});
  three.partition(true);
  world.startHub();
  user.putExport(one, 'a/before', {group: 'mcs', variant: 0});
  user.apply(one, flomeshServiceExports, {namespace: 'a', name: 'few'}, {spec: {targetClusters: ['cluster-2']}});
  await world.pass(20_000);
  expect(saidOf(one, 'before')).toBe(SYNCED);

  user.remove(three, namespaces, 'isthmus-system');
  three.partition(false);
  await world.pass(20_000);
  expect(saidOf(one, 'before')).toBe(NAMED);
  // Nothing of it was meant for that one.
  expect(saidOf(one, 'few')).toBe(SYNCED);

  user.putService(one, 'a/after', {variant: 0, number: 1});
  user.putExport(one, 'a/after', {group: 'mcs', variant: 0});
  await world.pass(10_000);
  expect(saidOf(one, 'after')).toBe(NAMED);

  await world.stopHub('crash');
  one.writes.clear();
  world.startHub();
  await world.pass(20_000);
  expect([...one.writes].filter(([row]) => !row.includes(' leases.'))).toEqual([]);

  user.makeNamespace(three, 'isthmus-system');
  await world.pass(30_000);
  expect(three.find(serviceImports, 'a/before')).toBeDefined();
  expect(['before', 'after'].map((name) => saidOf(one, name))).toEqual([SYNCED, SYNCED]);
  await world.stopHub('crash');
});
