import {readFileSync, readdirSync} from 'node:fs';
import {join, resolve} from 'node:path';

import {afterAll, beforeAll, expect, test} from 'vitest';
import {parseAllDocuments} from 'yaml';

import type {KubeObject} from '../../src/api/meta.ts';
import * as resources from '../../src/api/resources.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {installManifests} from '../../cli/install-manifests.ts';
import {startCluster} from '../testbed/clusters.ts';

const manifests = resolve(import.meta.dirname, '../../manifests');
const samples = readdirSync(join(manifests, 'samples'));

let cluster: DevCluster;
let client: KubeClient;

beforeAll(async () => {
  cluster = await startCluster({name: 'samples', index: 1});
  await cluster.applyManifests(await installManifests('agent'));
  client = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
  for (const name of ['bar', 'shop']) {
    const namespace = {apiVersion: 'v1', kind: 'Namespace', metadata: {name}};
    await client.apply(resources.namespaces, namespace, {fieldManager: 'test'});
  }
});

afterAll(async () => {
  await client.close();
  await cluster.close();
});

/** Every resource that Isthmus knows, by what an object says of itself. */
function resourceOf(object: KubeObject): resources.Resource {
  const all = Object.values(resources).filter((value): value is resources.Resource => typeof value === 'object');
  const found = all.find((one) => one.kind === object.kind && resources.apiVersionOf(one) === object.apiVersion);
  if (found === undefined) throw new Error(`no resource for ${object.apiVersion} ${object.kind}`);
  return found;
}

/** Server-side apply refuses every field that a schema does not declare, so a sample can't go stale unseen. */
test.each(samples)('%s is accepted as it stands, every field of it known', async (file) => {
  const text = readFileSync(join(manifests, 'samples', file), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
  expect(objects.length).toBeGreaterThan(0);
  for (const object of objects) {
    const applied = await client.apply<KubeObject>(resourceOf(object), object, {fieldManager: 'test'});
    expect(applied.metadata.name).toBe(object.metadata.name);
  }
});

test('installed manifests never turn development mode on', () => {
  const files = readdirSync(manifests, {recursive: true, withFileTypes: true}).filter((entry) => entry.isFile());
  const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  expect(texts.length).toBeGreaterThan(samples.length);
  expect(texts.filter((text) => text.includes('--development'))).toEqual([]);
});

test('webhook configurations are installed without entries, so that re-applying a manifest undoes nothing', () => {
  const text = ['agent', 'hub']
    .map((part) => readFileSync(join(manifests, 'install', `${part}.yaml`), 'utf8'))
    .join('\n---\n');
  const configurations = parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject)
    .filter(({kind}) => kind.endsWith('WebhookConfiguration'));
  expect(configurations.map(({metadata}) => metadata.name).toSorted()).toEqual([
    'isthmus-hub-validator',
    'isthmus-injector',
    'isthmus-validator',
  ]);
  for (const configuration of configurations) expect(configuration).not.toHaveProperty('webhooks');
});
