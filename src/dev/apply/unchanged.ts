import {isObject, jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';

/**
 * Whether a write would change nothing but the times in managedFields: then it is none, and the resource version stays.
 */
export function isUnchanged(before: JsonObject, after: JsonObject): boolean {
  return jsonEquals(withoutTimes(before), withoutTimes(after));
}

function withoutTimes(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  if (!isObject(metadata) || !Array.isArray(metadata['managedFields'])) return object;
  const managedFields = metadata['managedFields'].map((entry: unknown) =>
    isObject(entry) ? {...entry, time: undefined} : entry,
  );
  return {...object, metadata: {...metadata, managedFields}};
}
