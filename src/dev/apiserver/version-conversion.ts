import {applyDefaults} from '../schema/defaults.ts';
import type {JsonObject} from '../schema/json.ts';
import {prune} from '../schema/prune.ts';
import {deepFreeze} from './object-meta.ts';
import {apiVersionOfType} from './resource-type.ts';
import type {ResourceType} from './resource-type.ts';

/**
 * Stored objects as one version shows them. Strategy `None` (apiserver.md §8): `apiVersion` is rewritten, fields unknown to the version
 * read are pruned, and its defaults apply on read too, so a default added later shows on old objects without a write.
 *
 * Results are kept per stored object and type; a changed CRD makes new types and so starts afresh.
 */
export class VersionConversion {
  readonly #shown = new WeakMap<ResourceType, WeakMap<JsonObject, JsonObject>>();

  show(stored: JsonObject, type: ResourceType): JsonObject {
    if (!type.custom) return stored;
    let ofType = this.#shown.get(type);
    if (ofType === undefined) {
      ofType = new WeakMap();
      this.#shown.set(type, ofType);
    }
    let shown = ofType.get(stored);
    if (shown === undefined) {
      shown = deepFreeze(convert(stored, type));
      ofType.set(stored, shown);
    }
    return shown;
  }
}

/** A copy in the version of `type`. */
export function convert(object: JsonObject, type: ResourceType): JsonObject {
  const named = {...object, apiVersion: apiVersionOfType(type), kind: type.kind};
  return applyDefaults(type.schema, prune(type.schema, named).object);
}
