import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';

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
  /** Every condition that anybody could have read, `Type=Status Reason`. */
  let said: Set<string>;

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

  afterAll(() => world.close());

  async function isImported(): Promise<boolean> {
    return (await world.memberPlace.admin.find(serviceImports, {namespace: SHOP, name: 'foo'})) !== undefined;
  }

  async function isReady(): Promise<boolean> {
    const found = await world.memberPlace.admin.find<ServiceExport>(serviceExports, {namespace: SHOP, name: 'foo'});
    return found?.status?.conditions?.some(({type, status}) => type === 'Ready' && status === 'True') === true;
  }

  /** Resolves once it has read what there is. */
  async function listen(place: Place, resource: Resource): Promise<void> {
    const reflector = new Reflector<Cluster | ServiceExport>({
      client: place.admin,
      resource,
      logger: world.refusals.logger.child({}, {level: 'silent'}),
      keep: (raw) => raw,
      // What is said and taken back before it is there again is never heard.
      backoff: {minMs: 50, maxMs: 500},
      onChange: (changes) => {
        for (const {current} of changes) {
          // Registered with the credentials of an administrator, which is told of it, too.
          if (current?.metadata.name === HOME) continue;
          for (const {type, status, reason} of current?.status?.conditions ?? [])
            said.add(`${type}=${status} ${reason}`);
        }
      },
    });
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    reflector.start(stop.signal);
    await reflector.synced;
  }

  test('is Unreachable for that time and Synced after it, and nothing else is ever said', async () => {
    said = new Set();
    // As the try before left it, where it failed half-way.
    await world.memberPlace.cluster.start();
    await until('the hub to be there', async () => hubIsThere(world), SOON);
    await listen(world.hubPlace, clusters);
    await listen(world.memberPlace, serviceExports);
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
    const mustBeSaid = usual.slice(0, 5);
    const isSaid = (): Promise<boolean> => Promise.resolve(mustBeSaid.every((each) => said.has(each)));
    await until('all of it to be said', isSaid, {deadlineMs: 30_000, why: () => [...said].join()});
    const passing = /^(Synced=Unknown |GatewayHealthy=|Managed=False )/;
    expect([...said].filter((each) => !usual.includes(each) && !passing.test(each))).toEqual([]);
  });
});
