import {forbidden, notFound, serverError} from '../apiserver/api-error.ts';
import {metaOf, withMeta} from '../apiserver/object-meta.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import {MASTERS} from '../authentication/user-info.ts';
import {objectIn, objectsIn, textIn} from '../builtin/read-json.ts';
import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {goList} from '../schema/value-text.ts';
import type {Attributes, ResourceAttributes} from './attributes.ts';
import {rulesOf} from './policy-rule.ts';
import type {PolicyRule} from './policy-rule.ts';
import type {RbacAuthorizer} from './rbac-authorizer.ts';
import {describeMissing, uncovered} from './rule-coverage.ts';

const GROUP = 'rbac.authorization.k8s.io';
const EVERYTHING: readonly PolicyRule[] = [
  {verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: []},
  {verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*']},
];

export interface GrantWrite {
  readonly type: ResourceType;
  readonly object: JsonObject;
  readonly old: JsonObject | undefined;
  /** The request that writes it. */
  readonly request: Attributes;
}

/**
 * Nobody can give what they do not have: a role may hold only permissions of its writer, unless they may `escalate` it; a binding may
 * give a role only if its writer has all of it or may `bind` it.
 *
 * @throws ApiError 403 that lists what is missing; 404 of a role that is to be bound and is not there
 */
export function checkEscalation(authorizer: RbacAuthorizer, write: GrantWrite): void {
  const {type, object, old, request} = write;
  if (type.group !== GROUP || request.resource === undefined) return;
  if (request.user.groups.includes(MASTERS)) return;
  const isRole = type.plural === 'roles' || type.plural === 'clusterroles';
  if (isRole && may(authorizer, request, 'escalate', {...request.resource, subresource: ''})) return;
  if (old !== undefined && changesOwnershipOnly(object, old)) return;
  if (isRole) checkRole(authorizer, write);
  else checkBinding(authorizer, write, request.resource);
}

function may(authorizer: RbacAuthorizer, request: Attributes, verb: string, resource: ResourceAttributes): boolean {
  return authorizer.authorize({...request, verb, resource}).allowed;
}

function checkRole(authorizer: RbacAuthorizer, write: GrantWrite): void {
  const {type, object, old} = write;
  checkHeld(authorizer, write, rulesOf(object));
  // It could gather anything later, so it takes everything now.
  const aggregates = [object, old].some((role) => role !== undefined && aggregatesRoles(role));
  if (!aggregates || missingOf(authorizer, write, EVERYTHING).length === 0) return;
  throw forbidden(type, metaOf(object).name ?? '', 'must have cluster-admin privileges to use the aggregationRule');
}

function aggregatesRoles(role: JsonObject): boolean {
  return objectsIn(objectIn(role, 'aggregationRule'), 'clusterRoleSelectors').length > 0;
}

function checkBinding(authorizer: RbacAuthorizer, write: GrantWrite, at: ResourceAttributes): void {
  const roleRef = objectIn(write.object, 'roleRef');
  const kind = textIn(roleRef, 'kind');
  const name = textIn(roleRef, 'name');
  if (kind !== 'Role' && kind !== 'ClusterRole') {
    throw serverError(`unsupported role reference kind: ${JSON.stringify(kind)}`);
  }
  const resource = kind === 'Role' ? 'roles' : 'clusterroles';
  const role = {group: textIn(roleRef, 'apiGroup'), resource, subresource: '', namespace: at.namespace, name};
  if (may(authorizer, write.request, 'bind', role)) return;
  const rules = authorizer.rulesOfRole(roleRef, at.namespace);
  if (rules === undefined) throw notFound(write.type, name);
  checkHeld(authorizer, write, rules);
}

function checkHeld(authorizer: RbacAuthorizer, write: GrantWrite, rules: readonly PolicyRule[]): void {
  const missing = describeMissing(missingOf(authorizer, write, rules));
  if (missing.length === 0) return;
  const {user, resource} = write.request;
  const {error} = authorizer.rulesFor(user, resource?.namespace ?? '');
  const who = `user ${JSON.stringify(user.username)} (groups=${goList(user.groups)})`;
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${missing.join('\n')}`;
  const name = metaOf(write.object).name ?? '';
  throw forbidden(write.type, name, error === '' ? why : `${why}; resolution errors: ${error}`);
}

function missingOf(
  authorizer: RbacAuthorizer,
  {request}: GrantWrite,
  rules: readonly PolicyRule[],
): readonly PolicyRule[] {
  return uncovered(authorizer.rulesFor(request.user, request.resource?.namespace ?? '').rules, rules);
}

/** What the garbage collector must be able to write, whoever it is. */
function changesOwnershipOnly(object: JsonObject, old: JsonObject): boolean {
  const {ownerReferences, finalizers, managedFields} = metaOf(old);
  return jsonEquals(withMeta(object, {ownerReferences, finalizers, managedFields}), old);
}
