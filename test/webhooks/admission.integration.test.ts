import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {ExportPolicy} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {
  mutatingWebhookConfigurations,
  namespaces,
  pods,
  serviceExports,
  validatingWebhookConfigurations,
} from '../../src/api/resources.ts';
import type {View} from '../../src/clusterset/view.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {agentWebhooks} from '../../webhooks/configuration.ts';
import type {WebhookEntry} from '../../webhooks/configuration.ts';
import {agentHandlers} from '../../webhooks/handlers.ts';
import {startWebhookServer} from '../../webhooks/server.ts';
import type {WebhookServer} from '../../webhooks/server.ts';
import {importOf, namespaceOf, viewOf} from '../mesh/views.ts';
import type {Pod} from '../../webhooks/injection/pod.ts';
import {PATHS} from '../../webhooks/paths.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {servingPair} from './tls-client.ts';

const logger = pino({level: 'silent'});
const manager = {fieldManager: 'test'};
const enabled = {'isthmus.dev/inject': 'enabled'};

let cluster: DevCluster;
let client: KubeClient;
let server: WebhookServer;
let view: View = viewOf({imports: [importOf('bar', 'foo')], namespaces: [namespaceOf('shop', {labels: enabled})]});

beforeAll(async () => {
  cluster = await startCluster({name: 'cluster-1', index: 1});
  client = new KubeClient({credentials: cluster.credentials, userAgent: 'isthmus-test'});
  const crds = join(import.meta.dirname, '../../manifests/crds');
  for (const file of readdirSync(crds)) await cluster.applyManifests(readFileSync(join(crds, file), 'utf8'));
  const {ca, tls} = await servingPair();
  server = await startWebhookServer({
    listen: {host: '127.0.0.1', port: 0},
    tls,
    logger,
    ready: () => true,
    handlers: agentHandlers({
      view: () => view,
      development: true,
      sidecarImage: 'envoyproxy/envoy:distroless-v1.40.0',
      namespace: 'isthmus-system',
      zone: 'clusterset.local',
    }),
  });
  const url = `https://127.0.0.1:${server.address.port}`;
  const entries = agentWebhooks({
    client: {url},
    caBundle: ca.certPem,
    ready: true,
    hubIsHere: false,
    namespace: 'isthmus-system',
  });
  await configure('MutatingWebhookConfiguration', entries.mutating);
  await configure('ValidatingWebhookConfiguration', entries.validating);
  for (const [name, labels] of [
    ['shop', enabled],
    ['plain', {}],
    ['must', {'isthmus.dev/inject': 'required'}],
  ] as const) {
    await client.create(namespaces, {apiVersion: 'v1', kind: 'Namespace', metadata: {name, labels}}, manager);
  }
  await untilAsked();
});

afterAll(async () => {
  await client.close();
  await server.close();
  await cluster.close();
});

/** A kube-apiserver takes a configuration up when its watch brings it. */
async function untilAsked(): Promise<void> {
  const tried = {...manager, dryRun: true};
  await eventually('pods to be asked about', async () => {
    await client.create<Pod>(pods, podIn('shop', 'tried'), tried);
    return reviewsOf(PATHS.pods) > 0;
  });
  const metadata = {name: 'tried', namespace: 'shop'};
  await eventually('exports to be asked about', async () => {
    const object = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata};
    await client.create<KubeObject>(serviceExports, object, tried);
    return reviewsOf(PATHS.serviceExports) > 0;
  });
}

const outcomesOf = (of: string): Partial<Record<'allowed' | 'patched', number>> =>
  server.stats().paths.find(({path}) => path === of)?.outcomes ?? {};
const reviewsOf = (of: string): number => (outcomesOf(of).allowed ?? 0) + (outcomesOf(of).patched ?? 0);

async function configure(kind: string, webhooks: readonly WebhookEntry[]): Promise<void> {
  const resource = kind.startsWith('Mutating') ? mutatingWebhookConfigurations : validatingWebhookConfigurations;
  const object = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: {name: `isthmus-${kind.toLowerCase()}`},
    webhooks,
  };
  await client.create<KubeObject>(resource, object, manager);
}

function podIn(namespace: string, name: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name, namespace},
    spec: {containers: [{name: 'app', image: 'example.org/app:1', ports: [{containerPort: 8080}]} as never]},
  };
}

const sidecars = (pod: Pod): string[] => (pod.spec?.initContainers ?? []).map(({name}) => name);

describe('an API server that calls the webhooks over TLS', () => {
  test('stores a pod with the sidecar and its aliases, and without a change when it is submitted again', async () => {
    const {patched = 0, allowed = 0} = outcomesOf(PATHS.pods);
    const created = await client.create<Pod>(pods, podIn('shop', 'one'), manager);
    expect(sidecars(created)).toEqual(['isthmus-proxy']);
    expect(created.spec?.hostAliases?.[0]?.hostnames).toEqual(['foo.bar.svc.clusterset.local']);
    // Another view by now: the pod's own aliases are the record.
    view = {...view, imports: new Map([['bar/new', importOf('bar', 'new')]])};
    const {
      uid: _uid,
      resourceVersion: _version,
      creationTimestamp: _created,
      managedFields: _fields,
      ...metadata
    } = created.metadata;
    const again = await client.create<Pod>(pods, {...created, metadata: {...metadata, name: 'two'}}, manager);
    expect(again.spec).toEqual(created.spec);
    expect(again.metadata.annotations).toEqual(created.metadata.annotations);
    expect(outcomesOf(PATHS.pods)).toMatchObject({patched: patched + 1, allowed: allowed + 1});
  });

  test('injects in a dry run as well, and stores nothing', async () => {
    const dry = await client.create<Pod>(pods, podIn('shop', 'dry'), {...manager, dryRun: true});
    expect(sidecars(dry)).toEqual(['isthmus-proxy']);
    expect(await client.find(pods, {namespace: 'shop', name: 'dry'})).toBeUndefined();
  });

  test('does not ask for pods of other namespaces', async () => {
    const reviews = (): number =>
      server.stats().paths.reduce((sum, {outcomes}) => sum + outcomes.allowed + outcomes.patched, 0);
    const before = reviews();
    expect(sidecars(await client.create<Pod>(pods, podIn('plain', 'one'), manager))).toEqual([]);
    expect(reviews()).toBe(before);
  });

  test('injects in a namespace that requires it, also before the view has seen it', async () => {
    expect(sidecars(await client.create<Pod>(pods, podIn('must', 'one'), manager))).toEqual(['isthmus-proxy']);
  });

  test('refuses an export that a policy denies with 403 and its sentence, and passes warnings on', async () => {
    const policyOf = (enforcement: 'Deny' | 'Warn'): ExportPolicy => ({
      apiVersion: 'isthmus.dev/v1alpha1',
      kind: 'ExportPolicy',
      metadata: {name: 'closed'},
      spec: {enforcement, rules: [{name: 'no-shop', action: 'Deny', namespaces: ['shop']}]},
    });
    const object = {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceExport',
      metadata: {name: 'foo', namespace: 'shop'},
    };
    view = {...view, exportPolicies: new Map([['closed', policyOf('Deny')]])};
    await expect(client.create<KubeObject>(serviceExports, object, manager)).rejects.toMatchObject({
      status: 403,
      reason: 'Forbidden',
      message: expect.stringMatching(/serviceexports\.validate\.isthmus\.dev.*ExportPolicy closed, rule no-shop/s),
    });
    view = {...view, exportPolicies: new Map([['closed', policyOf('Warn')]])};
    const warnings: string[] = [];
    await client.create<KubeObject>(serviceExports, object, {...manager, onWarning: (text) => warnings.push(text)});
    expect(warnings.join()).toContain('ExportPolicy closed, rule no-shop');
  });

  test('without the webhook server lets pods in where injection is enabled, and not where it is required', async () => {
    await server.close();
    expect(sidecars(await client.create<Pod>(pods, podIn('shop', 'late'), manager))).toEqual([]);
    await expect(client.create<Pod>(pods, podIn('must', 'late'), manager)).rejects.toMatchObject({status: 500});
  });
});
