import type {ResourceType} from '../apiserver/resource-type.ts';
import type {JsonObject} from '../schema/json.ts';
import type {Attributes} from './attributes.ts';
import {checkEscalation} from './escalation.ts';
import {forbiddenTo} from './forbidden.ts';
import type {RbacAuthorizer} from './rbac-authorizer.ts';

/** What a write needs to know of its writer beyond that the request as such is allowed. */
export interface WritePermissions {
  /**
   * An apply of what is not there yet is a create too.
   *
   * @throws ApiError 403
   */
  checkCreate(): void;
  /**
   * Roles and bindings that would give more than the writer has.
   *
   * @throws ApiError 403, 404
   */
  checkGrant(type: ResourceType, object: JsonObject, old: JsonObject | undefined): void;
}

export function writePermissions(authorizer: RbacAuthorizer, request: Attributes): WritePermissions {
  return {
    checkCreate: () => {
      const attributes = {...request, verb: 'create'};
      const {allowed, reason} = authorizer.authorize(attributes);
      if (!allowed) throw forbiddenTo(attributes, reason);
    },
    checkGrant: (type, object, old) => checkEscalation(authorizer, {type, object, old, request}),
  };
}
