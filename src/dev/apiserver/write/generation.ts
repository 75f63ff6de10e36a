import {isObject, jsonEquals} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {metaOf, withField} from '../object-meta.ts';
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

/** Binding a pod to a node is no change of what was asked for. */
function withoutNode(spec: unknown): unknown {
  return isObject(spec) ? withField(spec, 'nodeName', undefined) : spec;
}

function desired(object: JsonObject, type: ResourceType): JsonObject {
  const {metadata: _metadata, status, apiVersion: _version, ...rest} = object;
  if (type.storageKey === 'pods') rest['spec'] = withoutNode(rest['spec']);
  return type.hasStatus ? rest : {...rest, ...(status === undefined ? {} : {status})};
}
