import type {Logger} from 'pino';
import type {JsonObject} from '../schema/json.ts';
import {applyDefaults} from '../schema/defaults.ts';
import type {WriteCounter} from '../writes.ts';
import {ApiError, noSuchResource} from './api-error.ts';
import type {InternalApi, ObjectChange, TypeRef} from './internal-api.ts';
import {metaOf, storageKey} from './object-meta.ts';
import {storageKeyOf} from './resource-type.ts';
import type {ResourceType} from './resource-type.ts';
import type {ObjectStorage} from './storage/object-storage.ts';
import type {TypeRegistry} from './type-registry.ts';
import {VersionConversion} from './version-conversion.ts';
import {applyNow} from './write/apply-object.ts';
import {createNow} from './write/create-object.ts';
import {deleteNow} from './write/delete-object.ts';
import type {PropagationPolicy} from './write/delete-options.ts';
import {internalCall} from './write/internal-call.ts';
import {updateNow} from './write/update-object.ts';
import type {WriteContext} from './write/write-call.ts';

/** The name that the controllers of an embedded cluster write under. */
const CONTROLLER = 'kube-controller-manager';

export interface StorageApiOptions {
  readonly storage: ObjectStorage;
  readonly registry: TypeRegistry;
  readonly writes: WriteCounter;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** {@link InternalApi} on the storage: the same rules as for every client, without HTTP and without webhooks. */
export class StorageApi implements InternalApi {
  readonly context: WriteContext;
  readonly #logger: Logger;

  constructor(options: StorageApiOptions) {
    const {storage, registry, writes, nowMs} = options;
    this.context = {storage, registry, writes, nowMs, conversion: new VersionConversion(), api: this};
    this.#logger = options.logger;
  }

  get(ref: TypeRef, namespace: string | undefined, name: string): JsonObject | undefined {
    return this.context.storage.get(storageKeyOf(ref.group, ref.plural), storageKey(namespace, name));
  }

  list(ref: TypeRef, namespace?: string): JsonObject[] {
    const objects = this.context.storage.table(storageKeyOf(ref.group, ref.plural)).entries();
    return objects
      .map(([, object]) => object)
      .filter((object) => namespace === undefined || metaOf(object).namespace === namespace);
  }

  create(ref: TypeRef, object: JsonObject, manager = CONTROLLER): JsonObject {
    const type = this.#typeOf(ref);
    const call = internalCall(type, {verb: 'create', manager, at: metaOf(object)});
    return createNow(this.context, call, {object: applyDefaults(type.schema, object), tracked: false});
  }

  update(ref: TypeRef, object: JsonObject, subresource?: 'status' | 'finalize'): JsonObject {
    const type = this.#typeOf(ref);
    const call = {...internalCall(type, {verb: 'update', manager: CONTROLLER, at: metaOf(object)}), subresource};
    return updateNow(this.context, call, () => ({object: applyDefaults(type.schema, object), tracked: false}));
  }

  apply(ref: TypeRef, applied: JsonObject, manager: string, subresource?: 'status'): JsonObject {
    const call = internalCall(this.#typeOf(ref), {verb: 'apply', manager, at: metaOf(applied)});
    return applyNow(this.context, {...call, subresource, options: {...call.options, force: true}}, applied);
  }

  delete(ref: TypeRef, namespace: string | undefined, name: string, policy?: PropagationPolicy): void {
    if (this.get(ref, namespace, name) === undefined) return;
    const call = internalCall(this.#typeOf(ref), {verb: 'delete', manager: CONTROLLER, at: {namespace, name}});
    deleteNow(this.context, call, policy);
  }

  onChange(listener: (change: ObjectChange) => void): () => void {
    return this.context.storage.onChange((commit) => {
      const type = this.context.registry.storedByKey(commit.storageKey);
      if (type === undefined) return;
      try {
        listener({type, kind: commit.kind, object: commit.object, old: commit.previous});
      } catch (error) {
        // A controller that fails must not fail the write that it heard of; it is level-triggered and will see the state again.
        this.#logger.error({err: error, resource: commit.storageKey, key: commit.key}, 'controller failed on a change');
      }
    });
  }

  types(): readonly ResourceType[] {
    return this.context.registry.all();
  }

  #typeOf(ref: TypeRef): ResourceType {
    const type = this.context.registry.stored(ref);
    if (type === undefined) throw noSuchResource();
    return type;
  }
}

/** Runs a controller's write that may lose against another one, and says whether it was done. */
export function unlessRaced(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return false;
    throw error;
  }
}
