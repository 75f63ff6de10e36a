import type {Resource} from '../api/resources.ts';
import {
  apiVersionOf,
  clusterProperties,
  flomeshServiceImports,
  remoteClusters,
  serviceExports,
  serviceImports,
} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {exportSources} from './kept-export.ts';
import {policyResources} from './policy-kinds.ts';

/** Without these a member can be neither read nor told anything. */
const required: readonly Resource[] = [serviceExports, serviceImports, remoteClusters, clusterProperties];
const optional: readonly Resource[] = [
  ...exportSources.map(({resource}) => resource),
  flomeshServiceImports,
  ...Object.values(policyResources),
];

/**
 * Which of the custom kinds a member serves, by discovery.
 *
 * @returns a test for a resource; the built-in kinds always pass
 * @throws IsthmusError ISTHMUS_HUB_JOIN_REFUSED where a CRD is missing that everything stands on; KubeError
 */
export async function discoverServed(
  client: KubeClient,
  signal: AbortSignal,
): Promise<(resource: Resource) => boolean> {
  const custom = [...required, ...optional];
  const groupVersions = [...new Set(custom.map(apiVersionOf))];
  const lists = await Promise.all(
    groupVersions.map(async (each) => [each, await pluralsOf(client, each, signal)] as const),
  );
  const served = new Map(lists);
  const isServed = (resource: Resource): boolean =>
    served.get(apiVersionOf(resource))?.has(resource.plural) ?? !custom.includes(resource);
  const missing = required.filter((resource) => !isServed(resource)).map(({plural, group}) => `${plural}.${group}`);
  if (missing.length === 0) return isServed;
  throw new IsthmusError(
    'ISTHMUS_HUB_JOIN_REFUSED',
    `It doesn't serve ${missing.join(', ')}. Apply manifests/crds there.`,
    {reason: 'CRDsMissing'},
  );
}

async function pluralsOf(
  client: KubeClient,
  groupVersion: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const answer = await client.raw('GET', `/apis/${groupVersion}`, {signal});
  if (answer.status === 404) return new Set();
  if (answer.status !== 200) {
    throw new IsthmusError('ISTHMUS_KUBE_STATUS', `GET /apis/${groupVersion} answered ${answer.status}`);
  }
  try {
    const body = JSON.parse(answer.body) as {resources?: readonly {name?: string}[]};
    return new Set((body.resources ?? []).map(({name = ''}) => name));
  } catch (cause) {
    throw new IsthmusError('ISTHMUS_KUBE_BAD_ANSWER', `GET /apis/${groupVersion} is not JSON`, {}, {cause});
  }
}
