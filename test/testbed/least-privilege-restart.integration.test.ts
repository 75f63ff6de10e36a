import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import type {Cluster, ServiceExport} from '../../src/api/kinds.ts';
import type {Resource} from '../../src/api/resources.ts';
import {clusters, serviceExports, serviceImports} from '../../src/api/resources.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {until} from '../../src/dev/real/until.ts';
import {Reflector} from '../../src/kube/reflector.ts';
import {hubIsThere} from './least-privilege/hub-behaviours.ts';
import {exportYaml} from './least-privilege/objects.ts';
import {HOME, MEMBER, World} from './least-privilege/world.ts';
import type {Place} from './least-privilege/world.ts';

const missing = await missingForClusters();
const SOON = {deadlineMs: 60_000};
const RESTARTS = 3;
const SHOP = 'shop';

if (missing !== undefined) test(`restarts with own credentials (${missing})`, ({skip}) => skip());

/**
 * A kube-apiserver that has just started doesn't know its own rules yet: for a moment it answers 403, 404, 429 and 503 to whom it
 * will serve. To a hub that may do everything it doesn't.
 */
describe.runIf(missing === undefined)('a member whose API server is restarted', () => {
  let world: World;
  const stop = new AbortController();
  /** Every condition that anybody could have read, `Type=Status Reason`. */
  const said = new Set<string>();

  beforeAll(async () => {
    world = await World.start();
    await world.registerAll();
    world.startHub();
    await until('the hub', async () => hubIsThere(world), SOON);
    await world.memberPlace.cluster.applyManifests(exportYaml(SHOP, 'multicluster.x-k8s.io'));
    await until('the import', async () => isImported(), SOON);
    // What is told on the way there is not the matter here.
    await until('the export to be ready', async () => isReady(), SOON);
  });

  afterAll(async () => {
    stop.abort();
    await world.close();
  });

  async function isImported(): Promise<boolean> {
    return (await world.memberPlace.admin.find(serviceImports, {namespace: SHOP, name: 'foo'})) !== undefined;
  }

  async function isReady(): Promise<boolean> {
    const found = await world.memberPlace.admin.find<ServiceExport>(serviceExports, {namespace: SHOP, name: 'foo'});
    return found?.status?.conditions?.some(({type, status}) => type === 'Ready' && status === 'True') === true;
  }

  function listen(place: Place, resource: Resource): void {
    new Reflector<Cluster | ServiceExport>({
      client: place.admin,
      resource,
      logger: world.refusals.logger.child({}, {level: 'silent'}),
      keep: (raw) => raw,
      onChange: (changes) => {
        for (const {current} of changes) {
          // Registered with the credentials of an administrator, which is told of it, too.
          if (current?.metadata.name === HOME) continue;
          for (const {type, status, reason} of current?.status?.conditions ?? [])
            said.add(`${type}=${status} ${reason}`);
        }
      },
    }).start(stop.signal);
  }

  test('is Unreachable for that time and Synced after it, and nothing else is ever said', async () => {
    listen(world.hubPlace, clusters);
    listen(world.memberPlace, serviceExports);
    for (let restart = 0; restart < RESTARTS; restart++) {
      await world.memberPlace.cluster.stop();
      const isLost = (): boolean =>
        world.hub?.hub.status().members.some(({cluster, reachable}) => cluster === MEMBER && !reachable) ?? false;
      await until('the hub to notice', () => Promise.resolve(isLost()), SOON);
      await world.memberPlace.cluster.start();
      await until('the hub to be back', async () => hubIsThere(world), SOON);
      expect(await isImported()).toBe(true);
    }
    const usual = [
      'Reachable=True Answered',
      'Reachable=False Unreachable',
      'Synced=True Synced',
      'TokenRenewed=True Bound',
      'Ready=True Exported',
      'Conflict=False NoConflicts',
    ];
    expect([...said]).toEqual(expect.arrayContaining(usual.slice(0, 5)));
    const passing = /^(Synced=Unknown |GatewayHealthy=|Managed=False )/;
    expect([...said].filter((each) => !usual.includes(each) && !passing.test(each))).toEqual([]);
  });
});
