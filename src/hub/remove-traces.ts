import type {ServiceExport} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {
  FILLED_ANNOTATION,
  HUB_MANAGED_BY,
  HUB_MANAGER,
  MANAGED_BY_LABEL,
  SLICE_MANAGED_BY_LABEL,
  isManagedByHub,
} from '../api/names.ts';
import {
  apiVersionOf,
  clusterProperties,
  endpointSlices,
  exportPolicies,
  flomeshServiceImports,
  globalTrafficPolicies,
  importPolicies,
  remoteClusters,
  type Resource,
  serviceExports,
  serviceImports,
} from '../api/resources.ts';
import {describeError, IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {exportSources} from './kept-export.ts';

interface Traces {
  readonly resource: Resource;
  /** Without this kind it could not have been a member. */
  readonly required: boolean;
  readonly labelSelector: string | undefined;
  /** What undoes the hub's part in this object; undefined: it has none. */
  readonly undo: (object: KubeObject) => Undo | undefined;
}

/** Resolves with false where nothing of it was the hub's. */
type Undo = (client: KubeClient, resource: Resource, signal: AbortSignal) => Promise<boolean>;

const REQUIRED: ReadonlySet<Resource> = new Set([serviceExports, serviceImports, remoteClusters, clusterProperties]);
const byHub = (label: string): string => `${label}=${HUB_MANAGED_BY}`;
const whole = (resource: Resource, label = MANAGED_BY_LABEL): Traces => ({
  resource,
  required: REQUIRED.has(resource),
  labelSelector: byHub(label),
  undo: deleteIt,
});

/**
 * Everywhere that the hub writes (design §3), in the order in which it is taken back. The properties go last: without them the
 * cluster is free to join another clusterset (KEP-2149). Namespaces are never deleted (design §4).
 */
const TRACES: readonly Traces[] = [
  whole(serviceImports),
  whole(endpointSlices, SLICE_MANAGED_BY_LABEL),
  {resource: flomeshServiceImports, required: false, labelSelector: undefined, undo: undoFlomeshImport},
  whole(remoteClusters),
  whole(exportPolicies),
  whole(importPolicies),
  whole(globalTrafficPolicies),
  ...exportSources.map(({resource}) => ({
    resource,
    required: REQUIRED.has(resource),
    labelSelector: undefined,
    undo: takeConditionsBack,
  })),
  whole(clusterProperties),
];

/** A write that was under way when the session ended may land after the first look; properties go in the one that finds nothing else. */
const MAX_PASSES = 6;
const AT_ONCE = 8;
const OURS: ReadonlySet<string> = new Set(['Ready', 'Conflict']);

/**
 * Takes back everything that the hub wrote into a cluster that leaves. It reads what is there instead of trusting what it
 * remembers, so any hub can do it at any time later. What fails is thrown after all the rest was tried.
 *
 * @returns required kinds that are not served: gone for good with all their objects, or an API server that has just started
 * @throws IsthmusError ISTHMUS_HUB_NOT_CLEARED where something is still there, as by a finalizer; AggregateError of what could not be
 * removed; KubeError where something could not be read
 */
export async function removeTraces(client: KubeClient, signal: AbortSignal): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (let pass = 1; ; pass++) {
    const found: string[] = [];
    const failures: unknown[] = [];
    for (const traces of TRACES) {
      const {resource, required} = traces;
      // As long as something is left, the cluster must not look free to join another clusterset.
      if (resource === clusterProperties && failures.length + found.length > 0) break;
      try {
        const removed = await removeAll(client, traces, signal);
        if (removed !== undefined && removed > 0) found.push(`${removed} ${resource.plural}`);
        if (removed === undefined && required) missing.add(resource.plural);
      } catch (error) {
        if (signal.aborted) throw error;
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, failures.map(describeError).join('; '));
    if (found.length === 0) return [...missing];
    if (pass === MAX_PASSES) throw stillThere(found);
  }
}

/** What was deleted goes when the last of its finalizers does, and those of others are not the hub's to take off. */
function stillThere(found: readonly string[]): IsthmusError {
  const what = found.join(', ');
  return new IsthmusError(
    'ISTHMUS_HUB_NOT_CLEARED',
    `what was deleted is still there: ${what}. Look for finalizers on it, and for whoever makes it again`,
  );
}

/** @returns how many; undefined: the kind is not served */
async function removeAll(client: KubeClient, traces: Traces, signal: AbortSignal): Promise<number | undefined> {
  const {resource, labelSelector, undo} = traces;
  const objects = await listServed(client, {resource, labelSelector, signal});
  if (objects === undefined) return undefined;
  const undos = objects.flatMap((each) => undo(each) ?? []);
  const failures: unknown[] = [];
  let removed = 0;
  for (let first = 0; first < undos.length; first += AT_ONCE) {
    const some = undos.slice(first, first + AT_ONCE).map(async (each) => each(client, resource, signal));
    for (const result of await Promise.allSettled(some)) {
      if (result.status === 'rejected') failures.push(result.reason);
      else if (result.value) removed++;
    }
  }
  if (failures.length === 0) return removed;
  throw new AggregateError(
    failures,
    `${failures.length} of ${undos.length} ${resource.plural} could not be taken back`,
  );
}

async function listServed(
  client: KubeClient,
  {resource, labelSelector, signal}: Pick<Traces, 'resource' | 'labelSelector'> & {signal: AbortSignal},
): Promise<readonly KubeObject[] | undefined> {
  try {
    return (await client.list<KubeObject>(resource, {labelSelector, signal})).items;
  } catch (error) {
    if (error instanceof KubeError && error.isKindMissing) return undefined;
    throw error;
  }
}

function deleteIt({metadata}: KubeObject): Undo {
  return async (client, resource, signal) => {
    await client.delete(resource, metadata, {uid: metadata.uid, signal});
    return true;
  };
}

/** A user's import that the hub filled is emptied, never deleted. */
function undoFlomeshImport(object: KubeObject): Undo | undefined {
  const {metadata} = object;
  if (isManagedByHub(object)) return deleteIt(object);
  if (metadata.annotations?.[FILLED_ANNOTATION] !== HUB_MANAGED_BY) return undefined;
  const body = {metadata: {uid: metadata.uid, annotations: {[FILLED_ANNOTATION]: null}}, spec: null};
  return async (client, resource, signal) => {
    await client.patch(resource, metadata, {type: 'merge', body}, {fieldManager: HUB_MANAGER, signal});
    return true;
  };
}

/** Nobody says any more whether it is imported elsewhere, so nothing may go on saying it. */
function takeConditionsBack(object: KubeObject): Undo | undefined {
  const conditions = (object as ServiceExport).status?.conditions ?? [];
  if (!conditions.some(({type}) => OURS.has(type))) return undefined;
  const {name, namespace, uid} = object.metadata;
  const metadata = {name, ...(namespace === undefined ? {} : {namespace}), ...(uid === undefined ? {} : {uid})};
  return async (client, resource, signal) => {
    const empty = {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, status: {conditions: []}};
    const options = {fieldManager: HUB_MANAGER, force: true, subresource: 'status', signal} as const;
    const applied = await client.apply(resource, empty, options);
    // Conditions of these types may be another controller's, and stay.
    return applied.metadata.resourceVersion !== object.metadata.resourceVersion;
  };
}
