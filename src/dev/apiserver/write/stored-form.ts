import type {JsonObject} from '../../schema/json.ts';
import type {ResourceType} from '../resource-type.ts';
import type {TypeRegistry} from '../type-registry.ts';
import {convert} from '../version-conversion.ts';

/** The object in the version that its resource is stored in. */
export function storedForm(registry: TypeRegistry, given: JsonObject, type: ResourceType): JsonObject {
  const stored = registry.storedByKey(type.storageKey);
  const object = withoutEmptyLists(given, type);
  return stored === undefined || stored.version === type.version ? object : convert(object, stored);
}

/** Built-in kinds are stored as protobuf, which cannot tell an empty list from none; those that Go always writes come back as null. */
function withoutEmptyLists(object: JsonObject, {schema}: ResourceType): JsonObject {
  if (schema.goType !== true) return object;
  const empty = Object.entries(schema.properties ?? {}).filter(
    ([name, {nullable}]) => nullable === true && isEmptyList(object[name]),
  );
  return empty.length === 0 ? object : {...object, ...Object.fromEntries(empty.map(([name]) => [name, null]))};
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
