import {convert} from '../apiserver/version-conversion.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import type {JsonObject} from '../schema/json.ts';
import type {AdmissionInput} from './admit.ts';

/**
 * The body of a review (apiserver.md §5.1), members in the order of the recorded ones.
 *
 * @param shown - the version that the webhook asked for; objects are converted to it
 */
export function toAdmissionReview(input: AdmissionInput, shown: ResourceType, uid: string): JsonObject {
  const {type, subresource} = input;
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind: kindOf(input.objectKind ?? shown),
      resource: resourceOf(shown),
      ...(subresource === undefined ? {} : {subResource: subresource}),
      requestKind: kindOf(input.objectKind ?? type),
      requestResource: resourceOf(type),
      ...(subresource === undefined ? {} : {requestSubResource: subresource}),
      ...(input.name === undefined ? {} : {name: input.name}),
      ...(input.namespace === undefined ? {} : {namespace: input.namespace}),
      operation: input.operation,
      userInfo: input.userInfo,
      object: inVersion(input.object, type, shown),
      oldObject: inVersion(input.oldObject, type, shown),
      dryRun: input.dryRun,
      options: input.operation === 'CONNECT' ? null : input.options,
    },
  };
}

/** The object in version `to`; untouched where that is the version it is in. */
export function inVersion(object: JsonObject | null, from: ResourceType, to: ResourceType): JsonObject | null {
  return object === null || from.version === to.version ? object : convert(object, to);
}

function kindOf({group, version, kind}: Pick<ResourceType, 'group' | 'version' | 'kind'>): JsonObject {
  return {group, version, kind};
}

function resourceOf({group, version, plural}: ResourceType): JsonObject {
  return {group, version, resource: plural};
}
