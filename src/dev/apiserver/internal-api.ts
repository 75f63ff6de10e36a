import type {JsonObject} from '../schema/json.ts';
import type {ResourceType} from './resource-type.ts';
import type {PropagationPolicy} from './write/delete-options.ts';

/** A kind in whatever version it is stored. */
export interface TypeRef {
  readonly group: string;
  readonly plural: string;
}

export interface ObjectChange {
  readonly type: ResourceType;
  readonly kind: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: JsonObject;
  readonly old: JsonObject | undefined;
}

/**
 * What the controllers of an embedded cluster use: in process, no HTTP, no admission, no waiting.
 *
 * Objects come out frozen: copy before changing. `update` without a changed field writes nothing; with a `resourceVersion` that is not
 * the live one it throws the ApiError of a conflict, without one the last writer wins. `delete` of what is not there does nothing;
 * finalizers hold it back as they do for everybody. Listeners are called after the write, in the order of writes, never inside one.
 */
export interface InternalApi {
  get(type: TypeRef, namespace: string | undefined, name: string): JsonObject | undefined;
  list(type: TypeRef, namespace?: string): JsonObject[];
  /** @param manager - who owns the fields; kube-controller-manager where nothing is said */
  create(type: TypeRef, object: JsonObject, manager?: string): JsonObject;
  update(type: TypeRef, object: JsonObject, subresource?: 'status' | 'finalize'): JsonObject;
  /** Server-side apply, forced, to what is there. */
  apply(type: TypeRef, applied: JsonObject, manager: string, subresource?: 'status'): JsonObject;
  /** @param policy - how dependents are dealt with; without one the finalizers on the object decide */
  delete(type: TypeRef, namespace: string | undefined, name: string, policy?: PropagationPolicy): void;
  onChange(listener: (change: ObjectChange) => void): () => void;
  types(): readonly ResourceType[];
}
