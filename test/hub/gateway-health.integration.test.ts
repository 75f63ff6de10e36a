import {afterAll, afterEach, beforeAll, beforeEach, expect, test, vi} from 'vitest';
import type {Cluster, ServiceImport} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {READY_ANNOTATION} from '../../src/api/names.ts';
import {clusters, events, serviceImports} from '../../src/api/resources.ts';
import {fastProbing, PlayedGateway} from '../probes/gateways.ts';
import type {ProbeAddress} from '../../src/probes/probe-target.ts';
import {probeTcp} from '../../src/probes/tcp-probe.ts';
import {eventually} from '../tools/eventually.ts';
import {
  conditionOf,
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';
import {addressesOf, importedIn, POD, put, serviceYaml, sourceSlice} from './source-slices.ts';

/** Rows of design §6 that are the hub's, end to end: its own probes against listeners on loopback, members that stop. */

/** Of the staleness bound: a quarter of an hour is no time for a test. */
const BOUND_MS = 1_500;
vi.setConfig({testTimeout: 90_000});

let set: TestClusterset;
let running: RunningHub;
let tries = 0;
let one: TestCluster;
let two: TestCluster;
let gateways: Record<'cluster-1' | 'cluster-2', PlayedGateway>;

beforeAll(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  for (const member of set.members) await set.register(member);
});
afterAll(async () => set.close());

beforeEach(async () => {
  gateways = {'cluster-1': await new PlayedGateway().up(), 'cluster-2': await new PlayedGateway().up()};
  await tell();
});
afterEach(async () => {
  one.cluster.faults.partition(false);
  await running.stop();
  await Promise.all(Object.values(gateways).map(async (each) => each.down()));
});

/** Only where it is: a kubeconfig that is put back again and again is left where it is, and that is another matter. */
async function tell(): Promise<void> {
  for (const {name} of set.members) {
    const {host, port} = gateways[name as keyof typeof gateways];
    await edit(name, {gatewayHost: host, gatewayPort: port, zone: null});
  }
}

async function edit(name: string, spec: object): Promise<void> {
  await set.hubCluster.client.patch(clusters, {name}, {type: 'merge', body: {spec}}, {fieldManager: 'kubectl'});
}

async function startHub(
  options: Parameters<TestClusterset['startHub']>[0] = {},
  members: readonly TestCluster[] = set.members,
): Promise<void> {
  running = set.startHub({
    ...{leaseRenewMs: 300, stalenessBoundMs: BOUND_MS},
    probeGateways: {...fastProbing(), random: () => 0},
    ...options,
  });
  await synced(running, members);
}

async function condition(cluster: string, type: string): Promise<string | undefined> {
  const found = conditionOf(await set.hubCluster.find<Cluster>(clusters, {name: cluster}), type);
  return found && `${found.status} ${found.reason}`;
}

async function conditionIs(cluster: string, type: string, wanted: string | undefined): Promise<void> {
  let seen: string | undefined;
  await eventually(`${cluster} ${type} ${wanted}`, async () => {
    seen = await condition(cluster, type);
    return seen === wanted;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; it was ${seen}`);
  });
}

/** Requests that wrote the status of a Cluster. */
function statusWrites(): number {
  const rows = set.hubCluster.cluster.writes.requests().filter(({resource}) => resource.startsWith('clusters'));
  return rows.reduce((sum, {count}) => sum + count, 0);
}

async function eventsOf(cluster: string): Promise<readonly string[]> {
  interface Seen extends KubeObject {
    readonly involvedObject: {readonly name: string};
    readonly reason: string;
  }
  const {items} = await set.hubCluster.client.list<Seen>(events);
  return items.filter(({involvedObject}) => involvedObject.name === cluster).map(({reason}) => reason);
}

test('GatewayHealthy and Managed follow what the hub observes, and each transition leaves an Event', async () => {
  await startHub();
  for (const name of ['cluster-1', 'cluster-2']) {
    await conditionIs(name, 'GatewayHealthy', 'True GatewayAnswers');
    await conditionIs(name, 'Managed', 'True Success');
  }
  // Probes that say the same as before are no reason to write, once all is told that there was to tell.
  const probesOf = () => running.hub.status().gateways.reports?.get('cluster-1')?.probes ?? 0;
  await eventually(
    'twenty probes without a write',
    async () => {
      const before = {writes: statusWrites(), probes: probesOf()};
      await eventually('twenty probes more', () => probesOf() >= before.probes + 20);
      return statusWrites() === before.writes;
    },
    20_000,
  );
  await gateways['cluster-1'].down();
  await conditionIs('cluster-1', 'GatewayHealthy', 'False GatewayDead');
  await conditionIs('cluster-1', 'Managed', 'False GatewayNotHealthy');
  await conditionIs('cluster-2', 'Managed', 'True Success');
  await gateways['cluster-1'].up();
  await conditionIs('cluster-1', 'GatewayHealthy', 'True GatewayAnswers');
  await eventually('its Events', async () => {
    const seen = await eventsOf('cluster-1');
    return seen.includes('GatewayDead') && seen.includes('GatewayHealthy');
  });
  expect(running.hub.status().gateways.reports?.get('cluster-1')?.transitions).toEqual({Alive: 2, Dead: 1});
});

test('where all fall silent at once the hub suspects itself, and concludes nothing', async () => {
  await startHub();
  await conditionIs('cluster-1', 'GatewayHealthy', 'True GatewayAnswers');
  await conditionIs('cluster-2', 'GatewayHealthy', 'True GatewayAnswers');
  await Promise.all(Object.values(gateways).map(async (each) => each.down()));
  for (const name of ['cluster-1', 'cluster-2']) {
    await conditionIs(name, 'GatewayHealthy', 'Unknown HubSuspectsItself');
    await conditionIs(name, 'Managed', 'False GatewayNotHealthy');
  }
  expect(running.hub.status().gateways).toMatchObject({suspectsItself: true, withdrawn: []});
});

test('gateways that never answered are False, and one that nobody probes is Unknown', async () => {
  await Promise.all(Object.values(gateways).map(async (each) => each.down()));
  await startHub();
  await conditionIs('cluster-1', 'GatewayHealthy', 'False NeverAnswered');
  await running.stop();
  await startHub({probeGateways: undefined});
  await conditionIs('cluster-1', 'GatewayHealthy', 'Unknown NotProbed');
  await conditionIs('cluster-1', 'Managed', 'False GatewayNotProbed');
});

test('a hub that starts anew leaves the word of the one before it until it has looked itself', async () => {
  await startHub();
  await conditionIs('cluster-1', 'GatewayHealthy', 'True GatewayAnswers');
  await running.stop();
  const looks = Promise.withResolvers<void>();
  const probe: ProbeAddress = async (at, options) => {
    await looks.promise;
    return probeTcp(at, options);
  };
  await gateways['cluster-1'].down();
  await startHub({probeGateways: {...fastProbing(), probe}});
  // It says something of the Cluster as it is now, and of the gateway what was said.
  await edit('cluster-1', {zone: 'elsewhere'});
  const {metadata} = await set.hubCluster.client.get<Cluster>(clusters, {name: 'cluster-1'});
  await eventually('a word about it', async () => {
    const cluster = await set.hubCluster.find<Cluster>(clusters, {name: 'cluster-1'});
    return conditionOf(cluster, 'Synced')?.observedGeneration === metadata.generation;
  });
  expect(await condition('cluster-1', 'GatewayHealthy')).toBe('True GatewayAnswers');
  looks.resolve();
  await conditionIs('cluster-1', 'GatewayHealthy', 'False GatewayDead');
});

test('unreachable for too long and the gateway dead: its endpoints are withdrawn everywhere, the import stays, and all comes back with it', async () => {
  await startHub();
  const namespace = `withdrawn-${++tries}`;
  for (const member of set.members) {
    await member.namespace(namespace);
    await put(member, sourceSlice(namespace, 'pets-a', [member === one ? POD : {addresses: ['10.201.0.2']}]));
    await member.apply(serviceYaml(namespace));
  }
  const seenInTwo = async () => {
    const object = await two.find<ServiceImport>(serviceImports, {namespace, name: 'pets'});
    return {
      clusters: object?.status?.clusters?.map(({cluster}) => cluster).join(),
      ready: object?.metadata.annotations?.[READY_ANNOTATION],
      addresses: addressesOf(await importedIn(two, namespace)).join(),
    };
  };
  const becomes = async (wanted: Awaited<ReturnType<typeof seenInTwo>>): Promise<void> => {
    let seen: unknown;
    await eventually('the import in cluster-2', async () => {
      seen = await seenInTwo();
      return JSON.stringify(seen) === JSON.stringify(wanted);
    }).catch(() => expect(seen).toEqual(wanted));
  };
  const both = {clusters: 'cluster-1,cluster-2', ready: 'cluster-1,cluster-2', addresses: '10.200.0.1,10.201.0.2'};
  await becomes(both);

  // Row 4: unreachable for longer than the bound, and its gateway alive: nothing is taken from anybody.
  one.cluster.faults.partition(true);
  await conditionIs('cluster-1', 'Reachable', 'False Unreachable');
  const lostMs = performance.now();
  await eventually('more than the bound', () => performance.now() - lostMs > BOUND_MS + 500);
  expect(await seenInTwo()).toEqual(both);
  expect(await condition('cluster-1', 'EndpointsWithdrawn')).toBeUndefined();

  // Row 5: its gateway dies as well.
  await gateways['cluster-1'].down();
  await becomes({...both, ready: 'cluster-2', addresses: '10.201.0.2'});
  await conditionIs('cluster-1', 'EndpointsWithdrawn', 'True StaleAndGatewayDead');
  expect(running.hub.status().gateways.withdrawn).toEqual(['cluster-1']);
  await eventually('its Event', async () => (await eventsOf('cluster-1')).includes('EndpointsWithdrawn'));

  // The gateway alone is enough for it to be served again, stale as it is.
  await gateways['cluster-1'].up();
  await becomes(both);
  await conditionIs('cluster-1', 'EndpointsWithdrawn', undefined);
  await gateways['cluster-1'].down();
  await becomes({...both, ready: 'cluster-2', addresses: '10.201.0.2'});

  // A hub that starts meanwhile knows of no long time. What was taken away stays away, and so does what is said of it.
  await running.stop();
  await startHub({stalenessBoundMs: 600_000}, [two]);
  await eventually('everybody looked at', () => running.hub.status().gathered);
  await conditionIs('cluster-1', 'Reachable', 'False Unreachable');
  expect(running.hub.status().gateways.withdrawn).toEqual([]);
  expect(await condition('cluster-1', 'EndpointsWithdrawn')).toBe('True StaleAndGatewayDead');
  expect(await seenInTwo()).toEqual({...both, ready: 'cluster-2', addresses: '10.201.0.2'});

  one.cluster.faults.partition(false);
  await becomes(both);
  await conditionIs('cluster-1', 'EndpointsWithdrawn', undefined);
});
