import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {metaOf, withMeta} from '../object-meta.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Where an object was made by client-side `kubectl apply`, a server-side one by the manager `kubectl` renews the annotation with what it
 * applied, owned by nobody: the way back to the client side then compares with the right thing, and kubectl can take the annotation over.
 */
export function renewLastApplied(merged: JsonObject, applied: JsonObject, manager: string): JsonObject {
  const annotations = metaOf(merged).annotations;
  if (manager !== 'kubectl' || annotations?.[LAST_APPLIED] === undefined) return merged;
  return withMeta(merged, {annotations: {...annotations, [LAST_APPLIED]: `${JSON.stringify(sorted(applied))}\n`}});
}

/** With the keys in order, as Go prints maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}
