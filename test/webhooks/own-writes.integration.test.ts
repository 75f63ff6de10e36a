import {pino} from 'pino';
import {afterAll, beforeAll, expect, test} from 'vitest';

import {accountAccess} from '../../cli/dev-accounts.ts';
import {installManifests} from '../../cli/install-manifests.ts';
import type {ServiceImport} from '../../src/api/kinds.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../../src/api/names.ts';
import {namespaces, serviceImports, validatingWebhookConfigurations} from '../../src/api/resources.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {agentWebhooks} from '../../webhooks/configuration.ts';
import {agentHandlers} from '../../webhooks/handlers.ts';
import {PATHS} from '../../webhooks/paths.ts';
import type {WebhookServer} from '../../webhooks/server.ts';
import {startWebhookServer} from '../../webhooks/server.ts';
import {namespaceOf, viewOf} from '../mesh/views.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {servingPair} from './tls-client.ts';

/** Whether an API server asks the webhook about an import depends on who writes it (docs/rbac.md). */

const NAMESPACE = 'shop';
const logger = pino({level: 'silent'});

let cluster: DevCluster;
let server: WebhookServer;
const clients: Record<string, KubeClient> = {};

beforeAll(async () => {
  cluster = await startCluster({name: 'cluster-1', index: 1});
  await cluster.applyManifests(await installManifests('agent'));
  const {ca, tls} = await servingPair();
  server = await startWebhookServer({
    ...{listen: {host: '127.0.0.1', port: 0}, tls, logger, ready: () => true},
    handlers: agentHandlers({
      view: () => viewOf({namespaces: [namespaceOf(NAMESPACE)]}),
      ...{development: true, sidecarImage: 'envoyproxy/envoy:distroless-v1.40.0'},
      ...{namespace: 'isthmus-system', zone: 'clusterset.local'},
    }),
  });
  const admin = (clients['an administrator'] = clientOf(cluster.credentials));
  for (const account of ['isthmus-hub', 'isthmus-agent'] as const) {
    const access = await accountAccess(cluster, account);
    if (access === undefined) throw new Error(`there is no account ${account}`);
    clients[account] = clientOf(access.credentials);
  }
  const {validating} = agentWebhooks({
    client: {url: `https://127.0.0.1:${server.address.port}`},
    ...{caBundle: ca.certPem, ready: true, hubIsHere: false, namespace: 'isthmus-system'},
  });
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: {name: 'isthmus-validator'},
    webhooks: validating,
  };
  await admin.apply(validatingWebhookConfigurations, configuration, {fieldManager: 'test'});
  const namespace = {apiVersion: 'v1', kind: 'Namespace', metadata: {name: NAMESPACE}};
  await admin.create(namespaces, namespace, {fieldManager: 'test'});
  // A kube-apiserver takes a configuration up when its watch brings it.
  await eventually('the webhook to be asked', async () => {
    await write('an administrator', {}, true);
    return reviews() > 0;
  });
});

afterAll(async () => {
  for (const client of Object.values(clients)) await client.close();
  await server.close();
  await cluster.close();
});

function clientOf(credentials: DevCluster['credentials']): KubeClient {
  return new KubeClient({credentials, userAgent: 'isthmus-test'});
}

function reviews(): number {
  const found = server.stats().paths.find(({path}) => path === PATHS.serviceImports);
  return Object.values(found?.outcomes ?? {}).reduce((sum, count) => sum + count, 0);
}

function anImport(spec: object): ServiceImport {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: {name: 'foo', namespace: NAMESPACE, labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY}},
    spec: {type: 'ClusterSetIP', ports: [{port: 80, protocol: 'TCP'}], ...spec},
  };
}

const write = async (who: string, spec: object, dryRun = false): Promise<unknown> =>
  clients[who]?.apply(serviceImports, anImport(spec), {fieldManager: who.replaceAll(' ', '-'), force: true, dryRun});

test.each([
  {who: 'isthmus-hub', spec: {}},
  {who: 'isthmus-agent', spec: {ips: ['10.1.2.3']}},
])('what $who writes makes no call', async ({who, spec}) => {
  const before = reviews();
  await write(who, spec);
  expect(reviews()).toBe(before);
});

test('an import of an administrator, who holds every verb, is judged by the webhook', async () => {
  const before = reviews();
  await expect(write('an administrator', {ips: ['169.254.169.254']})).rejects.toThrow(
    /serviceimports\.validate\.isthmus\.dev/,
  );
  expect(reviews()).toBe(before + 1);
});

test('addresses are not the hub’s to give', async () => {
  await write('isthmus-hub', {});
  // An API server takes about a second to go by a policy that is new to it.
  const refused = await eventually('the refusal', async () => {
    const answer: unknown = await write('isthmus-hub', {ips: ['203.0.113.9']}, true).catch((error: unknown) => error);
    return answer instanceof KubeError ? answer : undefined;
  });
  expect(refused.message).toMatch(/given by the agent of this cluster/);
});
