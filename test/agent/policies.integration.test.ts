import {readFileSync} from 'node:fs';

import {pino} from 'pino';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {Agent} from '../../src/agent/agent.ts';
import type {AgentOptions} from '../../src/agent/agent.ts';
import type {ServiceExport} from '../../src/api/kinds.ts';
import type {Condition, KubeObject} from '../../src/api/meta.ts';
import {DEFAULT_NAMESPACE, derivedServiceName} from '../../src/api/names.ts';
import * as resources from '../../src/api/resources.ts';
import {route} from '../../src/clusterset/route.ts';
import type {ViewChange} from '../../src/clusterset/view.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {installManifests} from '../../cli/install-manifests.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {anImport} from './fixtures.ts';

const logger = pino({level: 'silent'});
const AT = {namespace: 'bar', name: 'foo'};
const byHub = {'app.kubernetes.io/managed-by': 'isthmus-hub'};
const MINUTE_MS = 60_000;
vi.setConfig({testTimeout: 60_000});

let cluster: DevCluster;
let client: KubeClient;
let agent: Agent;
let stop: AbortController;
let clockMs: number;

function startAgent(options: Partial<AgentOptions> = {}): void {
  agent = new Agent({
    credentials: cluster.credentials,
    namespace: DEFAULT_NAMESPACE,
    clusterId: 'cluster-2',
    identity: 'one',
    development: true,
    lingerMs: 100,
    ttlMs: 50,
    maxVips: 100,
    logger,
    nowMs: () => Date.now() + clockMs,
    ...options,
  });
  agent.start(stop.signal);
}

beforeEach(async () => {
  clockMs = 0;
  cluster = await startCluster({name: 'cluster-2', index: 2});
  await cluster.applyManifests(await installManifests('agent'));
  client = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
  await cluster.applyManifests('apiVersion: v1\nkind: Namespace\nmetadata: {name: bar, labels: {team: a}}');
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await agent.closed;
  await client.close();
  await cluster.close();
});

async function apply(resource: resources.Resource, object: object, fieldManager = 'kubectl'): Promise<void> {
  const whole = {apiVersion: resources.apiVersionOf(resource), kind: resource.kind, ...object} as KubeObject;
  await client.apply(resource, whole, {fieldManager, force: true});
}

async function conditionOf(
  resource: resources.Resource,
  at: {namespace?: string; name: string},
  type: string,
): Promise<Condition | undefined> {
  const found = await client.find<ServiceExport>(resource, at);
  return found?.status?.conditions?.find((each) => each.type === type);
}

const condition = (
  resource: resources.Resource,
  at: {namespace?: string; name: string},
  wanted: Pick<Condition, 'type' | 'reason'>,
): Promise<Condition> =>
  eventually(`${wanted.type} ${wanted.reason}`, async () => {
    const found = await conditionOf(resource, at, wanted.type);
    return found?.reason === wanted.reason ? found : undefined;
  });

const exportPolicy = (enforcement: string, action = 'Deny') =>
  apply(resources.exportPolicies, {
    metadata: {name: 'closed'},
    spec: {enforcement, rules: [{name: 'no-bar', action, namespaceSelector: {matchLabels: {team: 'a'}}}]},
  });

async function exportFoo(resource = resources.serviceExports): Promise<void> {
  await apply(resources.services, {metadata: AT, spec: {ports: [{port: 80}]}});
  await apply(resource, {metadata: AT});
}

async function importFoo(): Promise<void> {
  const {uid: _uid, generation: _generation, ...metadata} = anImport().metadata;
  await client.apply(
    resources.serviceImports,
    {...anImport(), metadata},
    {
      fieldManager: 'isthmus-hub',
      force: true,
    },
  );
  const status = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceImport', metadata: AT};
  await client.apply(
    resources.serviceImports,
    {...status, status: {clusters: [{cluster: 'cluster-1'}]}} as KubeObject,
    {fieldManager: 'isthmus-hub', force: true, subresource: 'status'},
  );
}

test('an export that is there is judged again when a policy changes: condition, Event and metric', async () => {
  startAgent();
  await exportFoo();
  await condition(resources.serviceExports, AT, {type: 'Valid', reason: 'Valid'});
  await exportPolicy('Audit');
  const audited = await condition(resources.serviceExports, AT, {
    type: 'isthmus.dev/PolicyFindings',
    reason: 'Audited',
  });
  expect(audited).toMatchObject({status: 'True', message: expect.stringContaining('ExportPolicy closed, rule no-bar')});
  expect((await conditionOf(resources.serviceExports, AT, 'Valid'))?.status).toBe('True');
  expect(agent.status().policyFindings).toMatchObject([
    {policy: 'ExportPolicy/closed', rule: 'no-bar', enforcement: 'Audit', exports: 1},
  ]);
  await exportPolicy('Deny');
  await condition(resources.serviceExports, AT, {type: 'Valid', reason: 'NotAllowed'});
  expect(await conditionOf(resources.serviceExports, AT, 'isthmus.dev/PolicyFindings')).toBeUndefined();
  const reasons = await eventually('two events', async () => {
    const {items} = await client.list<KubeObject & {reason?: string}>(resources.events, {namespace: 'bar'});
    const found = items.map(({reason}) => reason).filter((reason) => reason !== undefined);
    return found.includes('Audited') && found.includes('NotAllowed') ? found : undefined;
  });
  expect(reasons.filter((reason) => reason === 'NotAllowed')).toHaveLength(1);
  await client.delete(resources.exportPolicies, {name: 'closed'});
  await condition(resources.serviceExports, AT, {type: 'Valid', reason: 'Valid'});
  expect(agent.status().policyFindings).toEqual([]);
});

test('where nothing is exported without a rule, a rule that allows is needed', async () => {
  startAgent({defaultExportPolicy: 'Deny'});
  await exportFoo();
  await condition(resources.serviceExports, AT, {type: 'Valid', reason: 'NotAllowed'});
  await exportPolicy('Deny', 'Allow');
  await condition(resources.serviceExports, AT, {type: 'Valid', reason: 'Valid'});
});

test("exports of FSM's newer group are told whether they are Valid, once that group is served", async () => {
  const crd = readFileSync(new URL('../../manifests/crds/flomesh.io_serviceexports.yaml', import.meta.url), 'utf8');
  await cluster.applyManifests(
    crd
      .replaceAll('serviceexports.flomesh.io', 'serviceexports.multicluster.flomesh.io')
      .replaceAll('group: flomesh.io', 'group: multicluster.flomesh.io'),
  );
  startAgent();
  await eventually('the kind to be served', async () => exportFoo(resources.flomeshMcsServiceExports).then(() => true));
  await condition(resources.flomeshMcsServiceExports, AT, {type: 'Valid', reason: 'Valid'});
  expect(agent.view().exports.get('bar/foo')?.groups).toEqual(['multicluster.flomesh.io']);
});

test("a cluster's own ImportPolicy takes the address back, although the hub goes on writing the import", async () => {
  startAgent();
  await importFoo();
  await eventually('an address', () => (agent.view().imports.get('bar/foo')?.ips.length ?? 0) > 0);
  await apply(resources.importPolicies, {
    metadata: {name: 'border'},
    spec: {rules: [{name: 'not-from-one', action: 'Deny', sourceClusters: ['cluster-1']}]},
  });
  const ready = await condition(resources.serviceImports, AT, {type: 'Ready', reason: 'NotAccepted'});
  expect(ready.message).toContain('ImportPolicy border, rule not-from-one');
  const view = agent.view();
  const imported = view.imports.get('bar/foo')!;
  expect(imported).toMatchObject({clusters: [], ips: []});
  expect(route({import: imported, view}).leftOut).toMatchObject([{cluster: 'cluster-1', reason: 'ImportPolicy'}]);
  const derived = {namespace: DEFAULT_NAMESPACE, name: derivedServiceName('bar', 'foo')};
  await eventually(
    'the derived Service to go',
    async () => (await client.find(resources.services, derived)) === undefined,
  );
  await client.delete(resources.importPolicies, {name: 'border'});
  await eventually('an address again', () => (agent.view().imports.get('bar/foo')?.ips.length ?? 0) > 0);
});

test("a member's own GlobalTrafficPolicy wins where the hub's lets it, and each says which one counts", async () => {
  const own = {metadata: AT, spec: {lbType: 'Locality'}};
  const hubs = (allowOverride: boolean) => ({
    metadata: {
      namespace: 'bar',
      name: 'isthmus-hub.foo',
      labels: byHub,
      annotations: {'isthmus.dev/policy-for': 'foo'},
    },
    spec: {lbType: 'ActiveActive', allowOverride},
  });
  const copy = {namespace: 'bar', name: 'isthmus-hub.foo'};
  startAgent();
  const decides = (lbType: string): Promise<unknown> =>
    eventually(lbType, () => agent.view().trafficPolicies.get('bar/foo')?.spec?.lbType === lbType);
  await apply(resources.globalTrafficPolicies, own);
  await decides('Locality');
  await condition(resources.globalTrafficPolicies, AT, {type: 'Effective', reason: 'Own'});
  await apply(resources.globalTrafficPolicies, hubs(false));
  await decides('ActiveActive');
  const lost = await condition(resources.globalTrafficPolicies, AT, {type: 'Effective', reason: 'HubDecides'});
  expect(lost).toMatchObject({status: 'False', message: expect.stringContaining('allowOverride: true')});
  await condition(resources.globalTrafficPolicies, copy, {type: 'Effective', reason: 'FromHub'});
  await apply(resources.globalTrafficPolicies, hubs(true));
  await decides('Locality');
  await condition(resources.globalTrafficPolicies, AT, {type: 'Effective', reason: 'OverridesHub'});
  await condition(resources.globalTrafficPolicies, copy, {type: 'Effective', reason: 'Overridden'});
});

test('conditions that are written to policies make no new view', async () => {
  startAgent();
  await exportPolicy('Warn');
  await condition(resources.exportPolicies, {name: 'closed'}, {type: 'Effective', reason: 'Own'});
  await eventually('the policy', () => agent.view().exportPolicies.get('closed') !== undefined);
  const published: ViewChange[] = [];
  agent.onView((_view, change) => published.push(change));
  const before = published.length;
  await client.patch(
    resources.exportPolicies,
    {name: 'closed'},
    {type: 'merge', body: {status: {conditions: []}}},
    {fieldManager: 'test', subresource: 'status'},
  );
  const {metadata} = await client.get(resources.exportPolicies, {name: 'closed'});
  await eventually('the agent to have seen that', () => {
    const seen = agent.status().sources.exportPolicies.resourceVersion ?? '0';
    return Number(seen) >= Number(metadata.resourceVersion);
  });
  await apply(resources.namespaces, {metadata: {name: 'bar', labels: {team: 'b'}}});
  await eventually('the namespace', () => agent.view().namespaces.get('bar')?.labels['team'] === 'b');
  // Nothing that a policy could change: the namespaces that came meanwhile, and no more.
  const since = published.slice(before);
  expect(since.map(({namespaces}) => [...namespaces])).toContainEqual(['bar']);
  for (const change of since) expect(change).toMatchObject({all: false, clusterset: false, imports: new Set()});
});

test('a source that passes the staleness bound is published without any event, and so are drains and the default', async () => {
  startAgent();
  await importFoo();
  const spec = {gateway: {host: '192.0.2.1', port: 8080}, drainPercent: 25};
  await apply(resources.remoteClusters, {metadata: {name: 'cluster-1'}, spec});
  await apply(resources.remoteClusters, {metadata: {name: 'cluster-2'}, spec: {defaultRouting: 'ActiveActive'}});
  const since = new Date(Date.now() - 15 * MINUTE_MS + 15_000).toISOString();
  const status = {api: {state: 'Unreachable', since}};
  const remote = {apiVersion: 'isthmus.dev/v1alpha1', kind: 'RemoteCluster', metadata: {name: 'cluster-1'}, status};
  await client.apply(resources.remoteClusters, remote, {
    fieldManager: 'isthmus-hub',
    force: true,
    subresource: 'status',
  });
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {namespace: DEFAULT_NAMESPACE, name: 'isthmus-hub'},
  };
  await eventually('the namespace of its own', async () => {
    await client.apply(resources.leases, {...lease, spec: {renewTime: '2026-11-21T12:00:00.000000Z'}} as KubeObject, {
      fieldManager: 'isthmus-hub',
      force: true,
    });
    return true;
  });
  await eventually('the outage', () => agent.view().clusters.get('cluster-1')?.api.state === 'Unreachable');
  await eventually('the heartbeat', () => agent.view().hub.state === 'Alive');
  const view = agent.view();
  expect(view.clusters.get('cluster-1')?.drainShare).toBe(0.25);
  expect(view.defaultRouting).toBe('ActiveActive');
  const stale = (): boolean => {
    const now = agent.view();
    const imported = now.imports.get('bar/foo');
    return imported !== undefined && route({import: imported, view: now}).stale;
  };
  expect(stale()).toBe(false);
  // What the agent itself wrote about the import has come back by now.
  await condition(resources.serviceImports, AT, {type: 'Ready', reason: 'Ready'});
  const published: ViewChange[] = [];
  agent.onView((_view, change) => published.push(change));
  const before = published.length;
  // Within the life of a heartbeat: an expired one stops the staleness clock, and one that comes back begins it anew.
  clockMs = 20_000;
  await eventually('staleness', stale);
  // Made of time and nothing else: no import came with it, and it came once.
  const told = published.slice(before).filter(({clusterset}) => clusterset);
  expect(told).toEqual([{all: false, imports: new Set(), namespaces: new Set(), clusterset: true}]);
  expect(agent.view().hub.state).toBe('Alive');
});
