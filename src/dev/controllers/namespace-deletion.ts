import type {Logger} from 'pino';
import {hasConditions, nextCondition} from '../../api/meta.ts';
import type {Condition} from '../../api/meta.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import {NAMESPACE_FINALIZER} from '../builtin/namespace-strategy.ts';
import {isTerminating, metadataOf, nameOf, namespaceOf, objectIn, objectsIn, textsIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import {isType, NAMESPACES, resourcesOf} from './known-types.ts';
import {startReconciler} from './reconciler.ts';

export interface NamespaceDeletionOptions {
  readonly logger: Logger;
  readonly nowMs?: () => number;
}

/**
 * Empties namespaces that are being deleted, then lets them go. What finalizers hold back stays, is told in the namespace's conditions,
 * and is waited for (apiserver-errors.md §2.4). Upstream takes five seconds for the same; here nobody has to wait.
 *
 * @returns stops it
 */
export function startNamespaceDeletion(api: InternalApi, options: NamespaceDeletionOptions): () => void {
  const nowMs = options.nowMs ?? Date.now;
  const terminating = (): string[] => api.list(NAMESPACES).filter(isTerminating).map(nameOf);
  return startReconciler(api, {
    name: 'namespace-deletion',
    logger: options.logger,
    seed: terminating,
    keysOf: ({type, kind, object}) => {
      if (isType(type, NAMESPACES)) return isTerminating(object) && kind !== 'DELETED' ? [nameOf(object)] : [];
      // What arrives late must go too: a controller may write while the namespace is emptied.
      const namespace = namespaceOf(object);
      return namespace !== '' && isTerminatingNamespace(api, namespace) ? [namespace] : [];
    },
    reconcile: (name) => emptyNamespace(api, name, nowMs()),
  });
}

function isTerminatingNamespace(api: InternalApi, name: string): boolean {
  const namespace = api.get(NAMESPACES, undefined, name);
  return namespace !== undefined && isTerminating(namespace);
}

function emptyNamespace(api: InternalApi, name: string, nowMs: number): void {
  const namespace = api.get(NAMESPACES, undefined, name);
  if (namespace === undefined || !isTerminating(namespace)) return;
  const types = resourcesOf(api).filter((type) => type.namespaced);
  for (const type of types) {
    for (const object of api.list(type, name)) if (!isTerminating(object)) api.delete(type, name, nameOf(object));
  }
  const left = types.map((type) => ({type, objects: api.list(type, name)})).filter(({objects}) => objects.length > 0);
  if (left.length > 0) report(api, namespace, {left, nowMs});
  else release(api, namespace);
}

function release(api: InternalApi, namespace: JsonObject): void {
  const spec = objectIn(namespace, 'spec');
  const finalizers = textsIn(spec, 'finalizers').filter((finalizer) => finalizer !== NAMESPACE_FINALIZER);
  api.update(NAMESPACES, {...namespace, spec: {...spec, finalizers}}, 'finalize');
}

interface Remaining {
  readonly left: readonly {readonly type: ResourceType; readonly objects: readonly JsonObject[]}[];
  readonly nowMs: number;
}

function report(api: InternalApi, namespace: JsonObject, {left, nowMs}: Remaining): void {
  const status = objectIn(namespace, 'status');
  const before = objectsIn(status, 'conditions') as readonly unknown[] as readonly Condition[];
  const conditions = remainingConditions(left).map((condition) => nextCondition(before, condition, nowMs));
  if (hasConditions(before, conditions)) return;
  api.update(NAMESPACES, {...namespace, status: {...status, conditions}}, 'status');
}

function remainingConditions(left: Remaining['left']): readonly Omit<Condition, 'lastTransitionTime'>[] {
  const counts = left.map(({type, objects}) => `${type.plural}.${type.group} has ${objects.length} resource instances`);
  const finalizers = countFinalizers(left.flatMap(({objects}) => objects));
  const waited = finalizers.map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    {
      type: 'NamespaceDeletionContentFailure',
      status: 'False',
      reason: 'ContentDeleted',
      message: 'All content successfully deleted, may be waiting on finalization',
    },
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${counts.join(', ')}`,
    },
    finalizers.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${waited.join(', ')}`,
        },
  ];
}

function countFinalizers(objects: readonly JsonObject[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const finalizer of objects.flatMap((object) => textsIn(metadataOf(object), 'finalizers'))) {
    counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  }
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
