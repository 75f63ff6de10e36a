import {parseAllDocuments} from 'yaml';

import type {KubeObject} from '../../api/meta.ts';
import type {Resource} from '../../api/resources.ts';
import {IsthmusError} from '../../errors.ts';
import type {KubeClient} from '../../kube/client.ts';
import {until} from './until.ts';

const MANAGER = 'testbed';
const SERVED_MS = 20_000;
/** What others need to exist first. */
const FIRST = ['CustomResourceDefinition', 'Namespace'];
/** What nothing else in a text waits for, so it is applied together. Everything else keeps its order. */
const INDEPENDENT = [
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ServiceAccount',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
];

interface Definition extends KubeObject {
  readonly spec: {readonly group: string; readonly names: {plural: string}; readonly versions: {name: string}[]};
}

/** Server-side apply of every document of a YAML text, types first; they are served when it returns. */
export async function applyManifests(client: KubeClient, text: string): Promise<void> {
  const objects = parseAllDocuments(text, {version: '1.1'})
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
  const resources = new Map<string, Promise<Resource>>();
  const resourceOf = (object: KubeObject): Promise<Resource> => {
    const key = `${object.apiVersion}/${object.kind}`;
    const known = resources.get(key) ?? discover(client, object);
    resources.set(key, known);
    return known;
  };
  const apply = async (object: KubeObject): Promise<void> => {
    await client.apply(await resourceOf(object), object, {fieldManager: MANAGER, force: true});
  };
  for (const kind of FIRST) await Promise.all(objects.filter((object) => object.kind === kind).map(apply));
  const definitions = objects.filter((object): object is Definition => object.kind === FIRST[0]);
  await Promise.all(definitions.map((definition) => untilServed(client, definition)));
  const independent = objects.filter(({kind}) => INDEPENDENT.includes(kind));
  const inOrder = objects.filter(({kind}) => !FIRST.includes(kind) && !INDEPENDENT.includes(kind));
  await Promise.all(independent.map(apply));
  for (const object of inOrder) await apply(object);
}

/** A new type is listed by discovery first and answers 404 or 429 for some 200 ms more (apiserver.md §8). */
async function untilServed(client: KubeClient, {spec, metadata}: Definition): Promise<void> {
  const paths = spec.versions.map((version) => `/apis/${spec.group}/${version.name}/${spec.names.plural}?limit=1`);
  const deadlineMs = SERVED_MS;
  await until(
    `${metadata.name} to be served`,
    async () => (await Promise.all(paths.map((path) => client.raw('GET', path)))).every(({status}) => status === 200),
    {deadlineMs},
  );
}

async function discover(client: KubeClient, object: KubeObject): Promise<Resource> {
  const {apiVersion, kind} = object;
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const {status, body} = await client.raw('GET', path);
  if (status !== 200) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${apiVersion} is not served: ${status} ${body}`);
  const {resources} = JSON.parse(body) as {resources: {name: string; kind: string; namespaced: boolean}[]};
  const found = resources.find((one) => one.kind === kind && !one.name.includes('/'));
  if (found === undefined) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${apiVersion} ${kind} is not served`);
  return {group, version, plural: found.name, kind, namespaced: found.namespaced};
}
