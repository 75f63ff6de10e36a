import {parse} from 'yaml';

import type {KubeObject} from '../../src/api/meta.ts';
import type {Resource} from '../../src/api/resources.ts';
import {IsthmusError} from '../../src/errors.ts';
import {isUpToDate} from '../../src/kube/apply-if-different.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import type {ManifestPart} from '../install-manifests.ts';
import {manifestDocuments} from '../install-manifests.ts';
import {CLI_MANAGER} from '../operator-hub.ts';

/** What became of an object, or would become of it. */
export type Outcome = 'created' | 'changed' | 'unchanged';

export interface ApplyTo {
  readonly client: KubeClient;
  /** Nothing is written; what would become of it is told. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** The objects of parts of the manifests, as plain values. */
export async function manifestObjects(parts: readonly ManifestPart[]): Promise<readonly KubeObject[]> {
  return (await manifestDocuments(parts)).map((text) => parse(text, {version: '1.1'}) as KubeObject);
}

/**
 * The resource of an object, by discovery: an API server that doesn't serve it can't be given it.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED where it is not served; KubeError
 */
export async function resourceOf(client: KubeClient, object: KubeObject, signal: AbortSignal): Promise<Resource> {
  const {apiVersion, kind} = object;
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const path = group === '' ? `/api/${version}` : `/apis/${apiVersion}`;
  const {status, body} = await client.raw('GET', path, {signal});
  const found =
    status === 200 ? readResources(body).find((one) => one.kind === kind && !one.name.includes('/')) : undefined;
  if (found === undefined) {
    throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', `its API server does not serve ${kind} of ${apiVersion}`);
  }
  return {group, version, kind, plural: found.name, namespaced: found.namespaced};
}

interface DiscoveredResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

function readResources(body: string): readonly DiscoveredResource[] {
  try {
    return (JSON.parse(body) as {readonly resources?: readonly DiscoveredResource[]}).resources ?? [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/**
 * Creates an object, or makes it what it should be (server-side apply, by force: what Isthmus installs is Isthmus'). Nothing is sent
 * where nothing differs.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED for a kind that is not served; KubeError
 */
export async function applyObject({client, dryRun, signal}: ApplyTo, object: KubeObject): Promise<Outcome> {
  const resource = await resourceOf(client, object, signal);
  const found = await client.find(resource, object.metadata, {signal});
  if (isUpToDate(found, object)) return 'unchanged';
  if (found === undefined && dryRun) return 'created';
  const options = {fieldManager: CLI_MANAGER, force: true, dryRun, signal};
  const applied = await client.apply(resource, object, options);
  if (found === undefined) return 'created';
  // Lists are completed by the server, so only it can tell whether they differ.
  return content(found) === content(applied) ? 'unchanged' : 'changed';
}

function content(object: KubeObject): string {
  const {managedFields: _, resourceVersion: __, generation: ___, ...metadata} = object.metadata;
  return JSON.stringify({...object, metadata});
}
