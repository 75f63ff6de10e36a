import {jsonEquals} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {expired} from '../api-error.ts';
import type {ObjectChange, TypeRef} from '../internal-api.ts';
import {metaOf, withMeta} from '../object-meta.ts';
import {storageKeyOf} from '../resource-type.ts';
import type {WatchHub} from '../read/watch-hub.ts';
import type {ObjectStorage} from '../storage/object-storage.ts';
import {unlessRaced} from '../storage-api.ts';
import type {StorageApi} from '../storage-api.ts';
import type {TypeRegistry} from '../type-registry.ts';
import {internalCall} from '../write/internal-call.ts';
import {updateNow} from '../write/update-object.ts';
import {groupOfDefinition, namesOf, typesOfDefinition} from './definition.ts';
import {CLEANUP_FINALIZER} from './definition-strategy.ts';
import {definitionStatus, isEstablished} from './definition-status.ts';

export const DEFINITIONS: TypeRef = {group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions'};
const DEFINITIONS_KEY = storageKeyOf(DEFINITIONS.group, DEFINITIONS.plural);

export interface CrdControllerOptions {
  readonly api: StorageApi;
  readonly storage: ObjectStorage;
  readonly registry: TypeRegistry;
  readonly watches: WatchHub;
  readonly nowMs: () => number;
}

/**
 * Serves what CustomResourceDefinitions define. A changed definition ends the watches of its resource and makes older versions too old,
 * as a real server's restarted cache does (apiserver.md §3.2): every watcher lists again after a CRD upgrade. A deleted one takes its
 * instances along.
 *
 * @returns stops it
 */
export function startCrdController(options: CrdControllerOptions): () => void {
  const {api, registry} = options;
  return api.onChange((change) => {
    if (isDefinition(change)) onDefinition(options, change);
    else if (change.kind === 'DELETED' && change.type.custom) {
      // The last instance may be what a terminating definition waits for.
      const definition = api.get(DEFINITIONS, undefined, change.type.storageKey);
      if (definition !== undefined && registry.stored(change.type)?.terminating === true)
        finishDeletion(options, definition);
    }
  });
}

function isDefinition(change: ObjectChange): boolean {
  return change.type.storageKey === DEFINITIONS_KEY;
}

function onDefinition(options: CrdControllerOptions, change: ObjectChange): void {
  const {api, registry, nowMs} = options;
  if (change.kind === 'DELETED') return withdraw(options, change.object);
  const current = api.get(DEFINITIONS, undefined, metaOf(change.object).name ?? '');
  if (current === undefined) return;
  const status = definitionStatus(current, registry, nowMs());
  const settled = {...current, status};
  serve(options, settled, change.old);
  if (!jsonEquals(status, current['status'])) unlessRaced(() => updateStatus(options, settled));
  if (metaOf(current).deletionTimestamp !== undefined) deleteInstances(options, current);
}

/** The server itself says what it serves, so the status has its name on it. */
function updateStatus({api, registry}: CrdControllerOptions, definition: JsonObject): void {
  const type = registry.stored(DEFINITIONS);
  if (type === undefined) return;
  const call = internalCall(type, {verb: 'update', manager: 'kube-apiserver', at: metaOf(definition)});
  updateNow(api.context, {...call, subresource: 'status'}, () => ({object: definition, tracked: false}));
}

function serve(options: CrdControllerOptions, definition: JsonObject, old: JsonObject | undefined): void {
  const {registry, storage, watches} = options;
  if (!isEstablished(definition)) return;
  const key = resourceKey(definition);
  const terminating = metaOf(definition).deletionTimestamp !== undefined;
  const served = registry.storedByKey(key);
  const sameSpec = old !== undefined && jsonEquals(old['spec'], definition['spec']);
  if (served !== undefined && sameSpec && (served.terminating ?? false) === terminating) return;
  registry.set(key, typesOfDefinition(definition));
  if (served === undefined || sameSpec) return;
  storage.forgetHistory(key);
  watches.endAll(key);
}

function deleteInstances(options: CrdControllerOptions, definition: JsonObject): void {
  const {api} = options;
  const ref = {group: groupOfDefinition(definition), plural: namesOf(definition).plural};
  for (const instance of api.list(ref)) {
    const {namespace, name = '', deletionTimestamp} = metaOf(instance);
    if (deletionTimestamp === undefined) api.delete(ref, namespace, name);
  }
  finishDeletion(options, definition);
}

function finishDeletion(options: CrdControllerOptions, definition: JsonObject): void {
  const {api} = options;
  const ref = {group: groupOfDefinition(definition), plural: namesOf(definition).plural};
  if (api.list(ref).length > 0) return;
  const current = api.get(DEFINITIONS, undefined, metaOf(definition).name ?? '');
  const finalizers = current === undefined ? [] : (metaOf(current).finalizers ?? []);
  if (current === undefined || !finalizers.includes(CLEANUP_FINALIZER)) return;
  const rest = finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
  unlessRaced(() => api.update(DEFINITIONS, withMeta(current, {finalizers: rest.length > 0 ? rest : undefined})));
}

function withdraw(options: CrdControllerOptions, definition: JsonObject): void {
  const {registry, storage, watches} = options;
  const key = resourceKey(definition);
  registry.set(key, []);
  watches.endAll(key, expired('The resource is no longer served.').status);
  storage.drop(key);
}

function resourceKey(definition: JsonObject): string {
  return storageKeyOf(groupOfDefinition(definition), namesOf(definition).plural);
}
