import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import type {Cluster} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import {clusters, serviceImports} from '../../src/api/resources.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {until} from '../../src/dev/real/until.ts';
import {agentIsThere} from './least-privilege/agent-behaviours.ts';
import {hubIsThere} from './least-privilege/hub-behaviours.ts';
import {exportYaml} from './least-privilege/objects.ts';
import {ROLE_FILES, rightsOf, titleOf} from './least-privilege/rules.ts';
import {behaviourOf, tryWithout, unusedBehaviours, withoutRight} from './least-privilege/trial.ts';
import {MEMBER, World} from './least-privilege/world.ts';

const SOON = {deadlineMs: 30_000};
const missing = await missingForClusters();
const rights = ROLE_FILES.flatMap(rightsOf).map((right) => ({right, title: titleOf(right)}));

if (missing !== undefined) test(`least privilege (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('hub and agent with the rights of manifests/install', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
    await world.serveNewerFlomesh();
    await world.registerAll();
    world.startHub();
    world.startAgent();
    const why = (): string => world.refusals.tail;
    await until('hub and agent', async () => (await hubIsThere(world)) && agentIsThere(world), {
      deadlineMs: 60_000,
      why,
    });
  });

  afterAll(async () => {
    await world.close();
  });

  async function synced(): Promise<Condition | undefined> {
    const found = await world.hubPlace.admin.find<Cluster>(clusters, {name: MEMBER});
    return found?.status?.conditions?.find(({type}) => type === 'Synced');
  }

  test('nothing is refused to them while all is well', () => {
    expect(world.refusals.tail).toBe('');
  });

  test('every behaviour is told for a right that is given', () => {
    expect(unusedBehaviours(rights.map(({right}) => right))).toEqual([]);
  });

  test.each(['list', 'watch'])('a hub that may not %s exports says so, and takes none for deleted', async (verb) => {
    const {right} = rights.find(({title}) => title === `member: ${verb} serviceexports.multicluster.x-k8s.io`) ?? {};
    if (right === undefined) throw new Error('there is no such right');
    const at = {namespace: world.fresh('kept'), name: 'foo'};
    const {admin, cluster} = world.memberPlace;
    const isImported = async (): Promise<boolean> => (await admin.find(serviceImports, at)) !== undefined;
    await cluster.applyManifests(exportYaml(at.namespace, 'multicluster.x-k8s.io'));
    await until('the import', isImported, SOON);
    await world.stopHub();
    await withoutRight(world, right, async () => {
      world.startHub();
      await until('Synced=False Forbidden', async () => (await synced())?.reason === 'Forbidden', SOON);
      expect(await synced()).toMatchObject({
        status: 'False',
        message: expect.stringContaining(
          `cannot ${verb} resource "serviceexports" in API group "multicluster.x-k8s.io"`,
        ),
      });
      expect(await isImported()).toBe(true);
    });
    await until('Synced', async () => (await synced())?.status === 'True', SOON);
    expect(await isImported()).toBe(true);
  });

  test.each(rights)('$title is needed', async ({right, title}) => {
    const behaviour = behaviourOf(right);
    if (behaviour === undefined) throw new Error(`${title}: no behaviour needs it; remove it, or tell which one`);
    await tryWithout(world, right, behaviour);
  });
});
