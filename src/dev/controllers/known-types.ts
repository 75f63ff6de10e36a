import type {InternalApi, TypeRef} from '../apiserver/internal-api.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';

export const NAMESPACES: TypeRef = {group: '', plural: 'namespaces'};
export const SERVICES: TypeRef = {group: '', plural: 'services'};
export const PODS: TypeRef = {group: '', plural: 'pods'};
export const NODES: TypeRef = {group: '', plural: 'nodes'};
export const CONFIG_MAPS: TypeRef = {group: '', plural: 'configmaps'};
export const SERVICE_ACCOUNTS: TypeRef = {group: '', plural: 'serviceaccounts'};
export const SERVICE_CIDRS: TypeRef = {group: 'networking.k8s.io', plural: 'servicecidrs'};
export const CLUSTER_ROLES: TypeRef = {group: 'rbac.authorization.k8s.io', plural: 'clusterroles'};
export const ENDPOINT_SLICES: TypeRef = {group: 'discovery.k8s.io', plural: 'endpointslices'};
export const POLICIES: TypeRef = {group: 'admissionregistration.k8s.io', plural: 'validatingadmissionpolicies'};

export function isType(type: ResourceType, ref: TypeRef): boolean {
  return type.group === ref.group && type.plural === ref.plural;
}

/** One type for each resource: the versions of a kind share their objects. */
export function resourcesOf(api: InternalApi): readonly ResourceType[] {
  return [...new Map(api.types().map((type) => [type.storageKey, type])).values()];
}

/** `namespace/name`. */
export function splitKey(key: string): readonly [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}
