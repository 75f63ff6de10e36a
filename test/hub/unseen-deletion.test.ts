import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {endpointSlices, remoteClusters, serviceImports, type Resource} from '../../src/api/resources.ts';
import {differences} from './convergence/difference.ts';
import * as user from './convergence/user.ts';
import {beginSequence, endSequence, World} from './convergence/world.ts';

/**
 * What was written is believed to be there until the watch brings it. Where it went before a list, neither the list nor a watch
 * ever shows it, and it must not be believed in for ever.
 */
vi.mock('undici', async () => ({Agent: (await import('../tools/light/light-network.ts')).LightAgent}));

const KEY = 'a/foo';
const HUB = {userAgent: 'isthmus-hub'};

let world: World;

beforeEach(async () => {
  beginSequence(1);
  world = new World();
  user.makeNamespace(world.member('cluster-1'), 'a');
  user.makeNamespace(world.member('cluster-2'), 'a');
  world.startHub();
  await world.pass(3_000);
});
afterEach(async () => {
  await world.stopHub('crash');
  endSequence();
});

describe('what was written, and deleted before the list', () => {
  test.each<{name: string; resource: Resource}>([
    {name: 'an import', resource: serviceImports},
    {name: 'an imported slice', resource: endpointSlices},
  ])('$name is written again', async ({resource}) => {
    const two = world.member('cluster-2');
    const {plural, group} = resource;
    const match = {...HUB, resource: plural, group};
    // The watch ends, and the list that follows takes its time.
    two.faults.add({...match, verb: 'list'}, {kind: 'latency', ms: 3_000}, {times: 2});
    two.faults.add({...match, verb: 'watch'}, {kind: 'gone'}, {times: 2});
    two.faults.dropWatches(match);
    await world.pass(500);
    const one = world.member('cluster-1');
    user.putService(one, KEY, {variant: 0, number: 1});
    user.putExport(one, KEY, {group: 'mcs', variant: 0});
    await world.pass(1_000);
    const written = two.list(resource).find(({metadata}) => metadata.namespace === 'a');
    expect(written).toBeDefined();
    user.remove(two, resource, `a/${written?.metadata.name}`);
    await world.pass(10_000);
    expect(differences(world)).toEqual([]);
  });

  test('a RemoteCluster is written again', async () => {
    const two = world.member('cluster-2');
    const match = {...HUB, resource: remoteClusters.plural, group: remoteClusters.group};
    user.remove(two, remoteClusters, 'cluster-1');
    await world.pass(1_000);
    two.faults.add({...match, verb: 'list'}, {kind: 'latency', ms: 3_000}, {times: 1});
    two.faults.add({...match, verb: 'watch'}, {kind: 'gone'}, {times: 1});
    // Cut right after the deletion is seen, so that what is written because of it is not.
    user.remove(two, remoteClusters, 'cluster-1');
    two.faults.dropWatches(match);
    await world.pass(1_000);
    user.remove(two, remoteClusters, 'cluster-1');
    await world.pass(10_000);
    expect(two.find(remoteClusters, 'cluster-1')).toBeDefined();
  });
});
