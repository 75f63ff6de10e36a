import {pino} from 'pino';
import {afterEach, beforeEach, expect, test} from 'vitest';

import {Agent} from '../../src/agent/agent.ts';
import {HEARTBEAT_EXPIRY_MS} from '../../src/agent/hub-heartbeat.ts';
import {conditionsOf} from '../../src/agent/health-writer.ts';
import type {Lease, RemoteCluster, Service} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {AGENT_SERVICE, DEFAULT_NAMESPACE, HUB_LEASE} from '../../src/api/names.ts';
import * as resources from '../../src/api/resources.ts';
import {route} from '../../src/clusterset/route.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {askingRoute} from '../../cli/asking-view.ts';
import {installManifests} from '../../cli/install-manifests.ts';
import {fastProbing, PlayedGateway} from '../probes/gateways.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {anImport} from './fixtures.ts';

const logger = pino({level: 'silent'});

let cluster: DevCluster;
let admin: KubeClient;
let agent: Agent;
let stop: AbortController;
let skewMs: number;
const gateways = new Map<string, PlayedGateway>();

beforeEach(async () => {
  skewMs = 0;
  cluster = await startCluster({name: 'cluster-1', index: 1});
  await cluster.applyManifests(await installManifests('agent'));
  admin = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
  const home = {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'bar'}};
  await admin.create(resources.namespaces, home, {fieldManager: 'test'});
  for (const name of ['cluster-1', 'cluster-2', 'cluster-3']) {
    const gateway = await new PlayedGateway().up();
    gateways.set(name, gateway);
    await tellOf(name, gateway);
  }
  await beat('2026-01-01T00:00:00.000000Z');
  const {uid: _uid, generation: _generation, ...metadata} = anImport().metadata;
  const exported = {...anImport(), metadata};
  await admin.apply(resources.serviceImports, exported, {fieldManager: 'isthmus-hub', force: true});
  const status = {clusters: ['cluster-2', 'cluster-3'].map((name) => ({cluster: name}))};
  const body = {...exported, spec: undefined, status} as KubeObject;
  await admin.apply(resources.serviceImports, body, {fieldManager: 'isthmus-hub', force: true, subresource: 'status'});
  stop = new AbortController();
  agent = new Agent({
    ...{credentials: cluster.credentials, namespace: DEFAULT_NAMESPACE, clusterId: 'cluster-1', identity: 'one'},
    ...{development: true, lingerMs: 300, ttlMs: 100, maxVips: 100, logger},
    nowMs: () => Date.now() + skewMs,
    // In step, so that all of them are seen to die at one moment where they do.
    probeGateways: {...fastProbing(), random: () => 0},
  });
  agent.start(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await agent.closed;
  await admin.close();
  await cluster.close();
  await Promise.all([...gateways.values()].map(async (each) => each.down()));
});

async function tellOf(name: string, {host, port}: PlayedGateway): Promise<void> {
  const object: RemoteCluster = {
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'RemoteCluster',
    metadata: {name},
    spec: {gateway: {host, port, addresses: [host]}},
  };
  await admin.apply(resources.remoteClusters, object, {fieldManager: 'isthmus-hub', force: true});
}

async function beat(renewTime: string): Promise<void> {
  const object: Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {namespace: DEFAULT_NAMESPACE, name: HUB_LEASE},
    spec: {holderIdentity: 'hub', renewTime},
  };
  await admin.apply(resources.leases, object, {fieldManager: 'isthmus-hub', force: true});
}

/** `Type=Status(Reason)` of all that Service `isthmus-agent` says, its prefix left out. */
async function said(): Promise<readonly string[]> {
  const service = await admin.get<Service>(resources.services, {namespace: DEFAULT_NAMESPACE, name: AGENT_SERVICE});
  return conditionsOf(service)
    .map(({type, status, reason}) => `${type.replace(/^.*\//, '')}=${status}(${reason})`)
    .sort();
}

async function untilSaid(...wanted: readonly string[]): Promise<void> {
  await eventually(wanted.join(), async () => {
    const now = await said();
    return wanted.every((one) => now.includes(one));
  });
}

async function eventsAbout(kind: string): Promise<readonly string[]> {
  interface Seen extends KubeObject {
    readonly involvedObject: {readonly kind: string; readonly name: string};
    readonly reason: string;
  }
  const {items} = await admin.list<Seen>(resources.events);
  return items
    .filter(({involvedObject}) => involvedObject.kind === kind)
    .map(({involvedObject, reason}) => `${involvedObject.name} ${reason}`);
}

function routed(): readonly string[] {
  const view = agent.view();
  const imported = view.imports.get('bar/foo');
  return imported === undefined
    ? []
    : route({import: imported, view})
        .tiers.flat()
        .map((one) => one.cluster);
}

test('row 2 of design §6: a dead gateway is not routed to, the import and its address stay, and all of it is told', async () => {
  await untilSaid('HubReachable=Unknown(Waiting)');
  await beat('2026-01-01T00:00:10.000000Z');
  await untilSaid(
    'GatewaysReachable=True(GatewaysAnswer)',
    'HubReachable=True(Heartbeat)',
    'cluster-2=True(GatewayAnswers)',
    'cluster-3=True(GatewayAnswers)',
  );
  // The own gateway is nobody's to probe.
  expect((await said()).some((one) => one.startsWith('cluster-1='))).toBe(false);
  expect(gateways.get('cluster-1')?.connections).toBe(0);
  expect(routed()).toEqual(['cluster-2', 'cluster-3']);
  const ips = await eventually('an address', () => {
    const now = agent.view().imports.get('bar/foo')?.ips ?? [];
    return now.length > 0 && now;
  });
  // Probes that say the same as before make no views.
  const probesOf = () => agent.status().health.gateways?.get('cluster-2')?.probes ?? 0;
  const mark = () => ({revision: agent.view().revision, probes: probesOf()});
  let since = mark();
  await eventually('twenty probes without a new view', () => {
    if (agent.view().revision !== since.revision) since = mark();
    return probesOf() >= since.probes + 20;
  });

  await gateways.get('cluster-2')?.down();
  await untilSaid('cluster-2=False(GatewayDead)', 'GatewaysReachable=False(GatewaysDead)');
  expect(routed()).toEqual(['cluster-3']);
  const imported = agent.view().imports.get('bar/foo');
  expect(imported).toMatchObject({ips, clusters: ['cluster-2', 'cluster-3']});
  expect(agent.status().health.gateways?.get('cluster-2')).toMatchObject({health: 'Dead', transitions: {Dead: 1}});
  await eventually('an Event', async () => (await eventsAbout('RemoteCluster')).includes('cluster-2 GatewayDead'));

  // `isthmus explain --from cluster-1` goes by what the agent says.
  const told = await askingRoute({
    ...{
      client: admin,
      clusterId: 'cluster-1',
      at: {namespace: 'bar', name: 'foo'},
      isthmusNamespace: DEFAULT_NAMESPACE,
    },
    ...{nowMs: Date.now(), signal: stop.signal},
  });
  const left = told === undefined ? [] : route(told).leftOut;
  expect(left).toMatchObject([{cluster: 'cluster-2', reason: 'GatewayDead'}]);

  await gateways.get('cluster-2')?.up();
  await untilSaid('cluster-2=True(GatewayAnswers)', 'GatewaysReachable=True(GatewaysAnswer)');
  expect(routed()).toEqual(['cluster-2', 'cluster-3']);
  await eventually('its Event', async () => (await eventsAbout('RemoteCluster')).includes('cluster-2 GatewayAnswers'));
  // That it answered at first was no news.
  expect((await eventsAbout('RemoteCluster')).toSorted()).toEqual([
    'cluster-2 GatewayAnswers',
    'cluster-2 GatewayDead',
  ]);
});

test('all gateways die within one period: it suspects itself, keeps its routes, and says so', async () => {
  await untilSaid('cluster-2=True(GatewayAnswers)', 'cluster-3=True(GatewayAnswers)');
  await Promise.all(['cluster-2', 'cluster-3'].map(async (name) => gateways.get(name)?.down()));
  await untilSaid('GatewaysReachable=Unknown(SuspectsItself)', 'cluster-2=Unknown(SuspectsItself)');
  expect(routed()).toEqual(['cluster-2', 'cluster-3']);
  expect(agent.view().suspectsItself).toBe(true);
  expect(agent.status().health).toMatchObject({suspectsItself: true, suspicions: 1});
  await eventually('an Event', async () => (await eventsAbout('Service')).includes(`${AGENT_SERVICE} SuspectsItself`));
  await gateways.get('cluster-3')?.up();
  await untilSaid('cluster-2=False(GatewayDead)', 'cluster-3=True(GatewayAnswers)');
  expect(routed()).toEqual(['cluster-3']);
});

test('last row of design §6: without a heartbeat every source is Unknown, nothing is withdrawn, and probes go on moving traffic', async () => {
  await untilSaid('HubReachable=Unknown(Waiting)');
  await beat('2026-01-01T00:00:10.000000Z');
  await untilSaid('HubReachable=True(Heartbeat)', 'cluster-2=True(GatewayAnswers)', 'cluster-3=True(GatewayAnswers)');
  skewMs = HEARTBEAT_EXPIRY_MS + 1_000;
  await untilSaid('HubReachable=False(HeartbeatExpired)');
  expect(agent.view().hub.state).toBe('Expired');
  expect(agent.status().health).toMatchObject({hub: 'Expired', hubLosses: 1});
  expect(routed()).toEqual(['cluster-2', 'cluster-3']);
  const view = agent.view();
  const imported = view.imports.get('bar/foo');
  const tiers = imported === undefined ? [] : route({import: imported, view}).tiers.flat();
  expect(tiers.map(({source}) => source)).toEqual(['Unknown', 'Unknown']);
  await gateways.get('cluster-3')?.down();
  await untilSaid('cluster-3=False(GatewayDead)');
  expect(routed()).toEqual(['cluster-2']);

  await beat('2026-01-01T00:01:00.000000Z');
  await untilSaid('HubReachable=True(Heartbeat)');
  // Every "since" begins anew (design §6).
  expect(agent.view().hub).toMatchObject({state: 'Alive', sinceMs: expect.any(Number)});
  await eventually('both Events', async () => {
    const seen = await eventsAbout('Service');
    return ['HubUnreachable', 'HubReachable'].every((reason) => seen.includes(`${AGENT_SERVICE} ${reason}`));
  });
});

test('what somebody takes away from the conditions comes back, and a cluster that is gone is not spoken of', async () => {
  await untilSaid('cluster-2=True(GatewayAnswers)', 'cluster-3=True(GatewayAnswers)');
  await admin.delete(resources.remoteClusters, {name: 'cluster-3'});
  await eventually('silence about it', async () => !(await said()).some((one) => one.startsWith('cluster-3=')));
  const at = {namespace: DEFAULT_NAMESPACE, name: AGENT_SERVICE};
  const body = {status: {conditions: []}};
  await admin.patch(resources.services, at, {type: 'merge', body}, {fieldManager: 'kubectl', subresource: 'status'});
  await untilSaid('cluster-2=True(GatewayAnswers)', 'HubReachable=Unknown(Waiting)');
});
