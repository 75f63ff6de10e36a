import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pino} from 'pino';
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest';
import type {Service} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {
  exportPolicies,
  namespaces,
  serviceExports,
  services,
  validatingWebhookConfigurations,
} from '../../src/api/resources.ts';
import type {View} from '../../src/clusterset/view.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {agentWebhooks} from '../../webhooks/configuration.ts';
import {agentHandlers} from '../../webhooks/handlers.ts';
import {startWebhookServer} from '../../webhooks/server.ts';
import type {WebhookServer} from '../../webhooks/server.ts';
import {importOf, viewOf} from '../mesh/views.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {servingPair} from './tls-client.ts';

const manager = {fieldManager: 'test'};
const AT = {namespace: 'bar', name: 'foo'};

/** `bar/foo` is exported here and in cluster-2, and imported. */
const view: View = viewOf({
  imports: [importOf('bar', 'foo', {clusters: ['cluster-1', 'cluster-2'], portClusters: {'TCP/80': ['cluster-1']}})],
  more: {
    exports: new Map([['bar/foo', {...AT, groups: ['multicluster.x-k8s.io'], createdAtMs: 0}]]),
  },
});

let cluster: DevCluster;
let client: KubeClient;
let server: WebhookServer;
let warnings: string[];
const heard = {...manager, onWarning: (text: string): void => void warnings.push(text)};

const reviewsOf = (path: string): number => {
  const outcomes = server.stats().paths.find((one) => one.path === path)?.outcomes;
  return (outcomes?.allowed ?? 0) + (outcomes?.denied ?? 0);
};

beforeAll(async () => {
  cluster = await startCluster({name: 'cluster-1', index: 1});
  client = new KubeClient({credentials: cluster.credentials, userAgent: 'isthmus-test'});
  const crds = join(import.meta.dirname, '../../manifests/crds');
  for (const file of readdirSync(crds)) await cluster.applyManifests(readFileSync(join(crds, file), 'utf8'));
  const {ca, tls} = await servingPair();
  server = await startWebhookServer({
    listen: {host: '127.0.0.1', port: 0},
    tls,
    logger: pino({level: 'silent'}),
    ready: () => true,
    handlers: agentHandlers({
      view: () => view,
      development: true,
      sidecarImage: 'envoyproxy/envoy:distroless-v1.40.0',
      namespace: 'isthmus-system',
      zone: 'clusterset.local',
    }),
  });
  const {validating} = agentWebhooks({
    client: {url: `https://127.0.0.1:${server.address.port}`},
    caBundle: ca.certPem,
    ready: true,
    hubIsHere: false,
    namespace: 'isthmus-system',
  });
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: {name: 'isthmus-validator'},
    webhooks: validating,
  };
  await client.create<KubeObject>(validatingWebhookConfigurations, configuration, manager);
  await client.create(namespaces, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'bar'}}, manager);
  // A kube-apiserver takes a configuration up when its watch brings it.
  await makeService('until-it-asks');
  await eventually('the webhooks to be asked', async () => {
    const at = {...AT, name: 'until-it-asks'};
    const body = {spec: {ports: [{name: 'http', port: 81}]}};
    await client.patch(services, at, {type: 'merge', body}, {...manager, dryRun: true});
    return reviewsOf('/warn/services') > 0;
  });
});

afterAll(async () => {
  await client.close();
  await server.close();
  await cluster.close();
});

beforeEach(() => {
  warnings = [];
});

async function makeService(name = AT.name): Promise<void> {
  const ports = [
    {name: 'http', port: 80},
    {name: 'metrics', port: 9090},
  ];
  const object: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {...AT, name},
    spec: {selector: {app: 'foo'}, ports},
  };
  await client.apply(services, object, {...manager, force: true});
}

const patchService = (body: object): Promise<KubeObject> => client.patch(services, AT, {type: 'merge', body}, heard);

async function deleteIt(path: string): Promise<void> {
  const {status, warnings: said} = await client.raw('DELETE', path);
  expect(status).toBe(200);
  warnings.push(...said);
}

test('only changes of type, ports or address of a Service are sent, and one that consumers lose by is warned of', async () => {
  await makeService();
  const before = reviewsOf('/warn/services');
  await patchService({metadata: {labels: {a: 'b'}}, spec: {selector: {app: 'bar'}}});
  expect(reviewsOf('/warn/services')).toBe(before);
  expect(warnings).toEqual([]);
  await patchService({spec: {ports: [{name: 'metrics', port: 9090}]}});
  expect(reviewsOf('/warn/services')).toBe(before + 1);
  expect(warnings.join()).toMatch(/TCP\/80 of this Service, and no other cluster serves it/);
});

test('the deletion of an exported Service says what becomes of its export', async () => {
  await deleteIt('/api/v1/namespaces/bar/services/foo');
  expect(warnings.join()).toMatch(/Valid=False, NoService, and cluster-2 serve it alone/);
});

test('the deletion of an export says which ports consumers lose; it is never refused', async () => {
  const object = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: AT};
  await client.apply<KubeObject>(serviceExports, object, manager);
  await deleteIt('/apis/multicluster.x-k8s.io/v1beta1/namespaces/bar/serviceexports/foo');
  expect(warnings.join()).toMatch(/no other cluster serves TCP\/80 of bar\/foo/);
  expect(await client.find(serviceExports, AT)).toBeUndefined();
});

test("a condition in CEL that can't be compiled is refused with 422 and the compiler's text", async () => {
  const policy = (cel: string): KubeObject =>
    ({
      apiVersion: 'isthmus.dev/v1alpha1',
      kind: 'ExportPolicy',
      metadata: {name: 'cel'},
      spec: {rules: [{name: 'bad', action: 'Deny', cel}]},
    }) as KubeObject;
  await expect(client.create(exportPolicies, policy('service.metadata.nmae == "x"'), manager)).rejects.toMatchObject({
    status: 422,
    reason: 'Invalid',
    message: expect.stringContaining("undefined field 'nmae'"),
  });
  await expect(client.create(exportPolicies, policy('"text"'), manager)).rejects.toMatchObject({
    status: 422,
    message: expect.stringContaining('must evaluate to a bool'),
  });
  await client.apply(exportPolicies, policy('service.metadata.name == "x"'), manager);
});

test('with no server behind them, Services and exports are changed and deleted all the same', async () => {
  await makeService();
  const object = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: AT};
  await client.apply<KubeObject>(serviceExports, object, manager);
  await server.close();
  await patchService({spec: {ports: [{name: 'http', port: 80}]}});
  await client.delete(serviceExports, AT);
  await client.delete(services, AT);
  expect(await client.find(services, AT)).toBeUndefined();
});
