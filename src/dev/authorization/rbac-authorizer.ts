import type {InternalApi, TypeRef} from '../apiserver/internal-api.ts';
import {accountUsername, MASTERS} from '../authentication/user-info.ts';
import type {UserInfo} from '../authentication/user-info.ts';
import {nameOf, objectIn, objectsIn, textIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {Attributes} from './attributes.ts';
import type {Authorizer, Decision, RulesOfUser} from './authorizer.ts';
import {allows, rulesOf} from './policy-rule.ts';
import type {PolicyRule} from './policy-rule.ts';

const GROUP = 'rbac.authorization.k8s.io';
const CLUSTER_ROLES: TypeRef = {group: GROUP, plural: 'clusterroles'};
const CLUSTER_ROLE_BINDINGS: TypeRef = {group: GROUP, plural: 'clusterrolebindings'};
const ROLES: TypeRef = {group: GROUP, plural: 'roles'};
const ROLE_BINDINGS: TypeRef = {group: GROUP, plural: 'rolebindings'};

/** A binding that concerns a user: the rules of its role, or why there are none. */
interface Grant {
  readonly rules: readonly PolicyRule[];
  readonly error: string | undefined;
  /** `ClusterRoleBinding "b" of ClusterRole "r" to User "u"`. */
  readonly source: string;
}

/**
 * The RBAC authorizer of a kube-apiserver, and in front of it the one that lets `system:masters` do everything. Rules only ever
 * allow; what no rule allows is refused. It reads the live objects, so a change counts from the next request on.
 */
export class RbacAuthorizer implements Authorizer {
  readonly #api: InternalApi;

  constructor(api: InternalApi) {
    this.#api = api;
  }

  authorize(attributes: Attributes): Decision {
    const {user, resource} = attributes;
    if (user.groups.includes(MASTERS)) return {allowed: true, reason: ''};
    const errors: string[] = [];
    for (const {rules, error, source} of this.#grants(user, resource?.namespace ?? '')) {
      if (error !== undefined) errors.push(error);
      if (rules.some((rule) => allows(rule, attributes))) return {allowed: true, reason: `RBAC: allowed by ${source}`};
    }
    return {allowed: false, reason: errors.length === 0 ? '' : `RBAC: ${joined(errors)}`};
  }

  rulesFor(user: UserInfo, namespace: string): RulesOfUser {
    const grants = [...this.#grants(user, namespace)];
    return {
      rules: grants.flatMap(({rules}) => rules),
      error: joined(grants.flatMap(({error}) => (error === undefined ? [] : [error]))),
    };
  }

  /**
   * The rules that a binding in `namespace` would give.
   *
   * @param namespace - empty for a ClusterRoleBinding
   * @returns undefined where there is no such role
   */
  rulesOfRole(roleRef: JsonObject, namespace: string): readonly PolicyRule[] | undefined {
    const isRole = textIn(roleRef, 'kind') === 'Role';
    const name = textIn(roleRef, 'name');
    const role = isRole ? this.#api.get(ROLES, namespace, name) : this.#api.get(CLUSTER_ROLES, undefined, name);
    return role === undefined ? undefined : rulesOf(role);
  }

  /** Cluster-wide bindings first, in the order of their names. */
  *#grants(user: UserInfo, namespace: string): Iterable<Grant> {
    for (const binding of this.#api.list(CLUSTER_ROLE_BINDINGS)) yield* this.#grantOf(user, binding, '');
    if (namespace === '') return;
    for (const binding of this.#api.list(ROLE_BINDINGS, namespace)) yield* this.#grantOf(user, binding, namespace);
  }

  *#grantOf(user: UserInfo, binding: JsonObject, namespace: string): Iterable<Grant> {
    const subject = objectsIn(binding, 'subjects').find((one) => appliesTo(one, user, namespace));
    if (subject === undefined) return;
    const roleRef = objectIn(binding, 'roleRef');
    const rules = this.rulesOfRole(roleRef, namespace);
    const kind = textIn(roleRef, 'kind');
    const role = textIn(roleRef, 'name');
    const name = namespace === '' ? nameOf(binding) : `${nameOf(binding)}/${namespace}`;
    const bound = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
    yield {
      rules: rules ?? [],
      error: rules === undefined ? `${kind.toLowerCase()}.${GROUP} "${role}" not found` : undefined,
      source: `${bound} "${name}" of ${kind} "${role}" to ${describeSubject(subject, namespace)}`,
    };
  }
}

function appliesTo(subject: JsonObject, user: UserInfo, namespace: string): boolean {
  const name = textIn(subject, 'name');
  switch (textIn(subject, 'kind')) {
    case 'User':
      return user.username === name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount': {
      const home = textIn(subject, 'namespace') || namespace;
      return home !== '' && user.username === accountUsername({namespace: home, name});
    }
    default:
      return false;
  }
}

/** A ServiceAccount is shown as name/namespace, as upstream does. */
function describeSubject(subject: JsonObject, namespace: string): string {
  const kind = textIn(subject, 'kind');
  const name = textIn(subject, 'name');
  if (kind !== 'ServiceAccount') return `${kind} "${name}"`;
  return `${kind} "${name}/${textIn(subject, 'namespace') || namespace}"`;
}

/** One error stands alone, several in brackets, each once. */
function joined(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] ?? '') : distinct.length === 0 ? '' : `[${distinct.join(', ')}]`;
}
