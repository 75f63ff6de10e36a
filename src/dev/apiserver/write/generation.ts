import {jsonEquals} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {metaOf} from '../object-meta.ts';
import type {ResourceType} from '../resource-type.ts';

/** Built-in kinds that count the changes of their spec; the others have no generation (seen, apiserver-errors.md §2.3). */
const COUNTED = new Set([
  'pods',
  'endpointslices.discovery.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
]);

export function hasGeneration(type: ResourceType): boolean {
  return type.custom || COUNTED.has(type.storageKey);
}

/**
 * The generation after a write: 1 at create, one more for each change outside metadata and (where there is a status subresource)
 * status, and when the deletion begins. Undefined for kinds that have none.
 */
export function nextGeneration(
  type: ResourceType,
  before: JsonObject | undefined,
  after: JsonObject,
): number | undefined {
  if (!hasGeneration(type)) return undefined;
  if (before === undefined) return 1;
  const current = metaOf(before).generation ?? 1;
  return jsonEquals(desired(before, type), desired(after, type)) ? current : current + 1;
}

function desired(object: JsonObject, type: ResourceType): JsonObject {
  const {metadata, status, apiVersion, ...rest} = object;
  void metadata;
  void apiVersion;
  return type.hasStatus ? rest : {...rest, ...(status === undefined ? {} : {status})};
}
