import {post} from './row.ts';
import type {Call} from './row.ts';

export const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
export const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
export const RBAC = '/apis/rbac.authorization.k8s.io/v1';
export const NAMESPACED_RBAC = `${RBAC}/namespaces/default`;
export const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';

/** The same call, made by the administrator as somebody else. */
export function as(user: string, call: Call, group?: string): Call {
  const groups = group === undefined ? {} : {'impersonate-group': group};
  return {...call, headers: {...call.headers, 'impersonate-user': user, ...groups}};
}

/** The same call with a token that was kept under this name. */
export function by(token: string, call: Call): Call {
  return {...call, headers: {...call.headers, authorization: `Bearer {{${token}}}`}};
}

export function anonymous(call: Call): Call {
  return {...call, token: null};
}

export function account(name: string): Call {
  return post(ACCOUNTS, {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name}});
}

export function tokenRequest(name: string, spec: object = {}, metadata?: object): Call {
  const meta = metadata === undefined ? {} : {metadata};
  return post(`${ACCOUNTS}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    ...meta,
    spec,
  });
}

export function tokenReview(spec: object): Call {
  return post(`${AUTHENTICATION}/tokenreviews`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec,
  });
}

export function accessReview(kind: string, spec: object | undefined, metadata?: object): Call {
  const local = kind.startsWith('Local') ? '/namespaces/default' : '';
  return post(`${AUTHORIZATION}${local}/${kind.toLowerCase()}s`, {
    apiVersion: 'authorization.k8s.io/v1',
    kind,
    ...(metadata === undefined ? {} : {metadata}),
    ...(spec === undefined ? {} : {spec}),
  });
}

const GROUP = 'rbac.authorization.k8s.io';

export function rule(verbs: string, group: string, resources: string, resourceNames?: readonly string[]): object {
  const names = resourceNames === undefined ? {} : {resourceNames};
  return {verbs: verbs.split(' '), apiGroups: [group], resources: resources.split(' '), ...names};
}

export function role(name: string, rules: readonly object[] | undefined): Call {
  return post(`${NAMESPACED_RBAC}/roles`, {apiVersion: `${GROUP}/v1`, kind: 'Role', metadata: {name}, rules});
}

export function clusterRole(name: string, rules: readonly object[], more: object = {}, labels?: object): Call {
  const metadata = {name, ...(labels === undefined ? {} : {labels})};
  return post(`${RBAC}/clusterroles`, {apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata, rules, ...more});
}

export function user(name: string): object {
  return {kind: 'User', apiGroup: GROUP, name};
}

export function roleBinding(name: string, roleRef: readonly [kind: string, name: string], ...subjects: object[]): Call {
  return post(`${NAMESPACED_RBAC}/rolebindings`, binding('RoleBinding', name, roleRef, subjects));
}

export function clusterRoleBinding(name: string, of: string, ...subjects: object[]): Call {
  return post(`${RBAC}/clusterrolebindings`, binding('ClusterRoleBinding', name, ['ClusterRole', of], subjects));
}

function binding(
  kind: string,
  name: string,
  [refKind, refName]: readonly [string, string],
  subjects: object[],
): object {
  const roleRef = {apiGroup: GROUP, kind: refKind, name: refName};
  return {apiVersion: `${GROUP}/v1`, kind, metadata: {name}, roleRef, subjects};
}
