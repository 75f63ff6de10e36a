import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';

export interface OwnerReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly [field: string]: unknown;
}

/** `metadata` as it arrives: everything may be missing. Unknown fields are kept. */
export interface Meta {
  readonly name?: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly unknown[];
  readonly [field: string]: unknown;
}

const NONE: Meta = Object.freeze({});

export function metaOf(object: JsonObject): Meta {
  return isObject(object['metadata']) ? object['metadata'] : NONE;
}

/** A copy with these fields of `metadata` set; those that are `undefined` are removed. */
export function withMeta(object: JsonObject, fields: {readonly [field: string]: unknown}): JsonObject {
  const metadata: JsonObject = {...metaOf(object)};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) delete metadata[name];
    else metadata[name] = value;
  }
  return {...object, metadata};
}

/** A copy with a top-level field set, or removed where the value is `undefined`. */
export function withField(object: JsonObject, field: string, value: unknown): JsonObject {
  const copy: JsonObject = {...object};
  if (value === undefined) delete copy[field];
  else copy[field] = value;
  return copy;
}

/** `namespace/name`, the key in storage; the name alone for cluster-scoped objects. Keys sort as etcd's do. */
export function storageKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export function keyOfObject(object: JsonObject): string {
  const meta = metaOf(object);
  return storageKey(meta.namespace, meta.name ?? '');
}

/** Stored objects are shared by every reader, so nobody may change them: a write in place throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}
