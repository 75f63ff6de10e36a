import type {JsonObject} from '../../schema/json.ts';
import type {ResourceType} from '../resource-type.ts';
import type {TypeRegistry} from '../type-registry.ts';
import {convert} from '../version-conversion.ts';

/** The object in the version that its resource is stored in. */
export function storedForm(registry: TypeRegistry, object: JsonObject, type: ResourceType): JsonObject {
  const stored = registry.storedByKey(type.storageKey);
  return stored === undefined || stored.version === type.version ? object : convert(object, stored);
}
