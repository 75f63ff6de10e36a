import {objectsIn, textsIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {Attributes, ResourceAttributes} from './attributes.ts';

/** `rbac.authorization.k8s.io/v1 PolicyRule`; a list that is not given is empty. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** The rules of a Role or ClusterRole. */
export function rulesOf(role: JsonObject): readonly PolicyRule[] {
  return objectsIn(role, 'rules').map((rule) => ({
    verbs: textsIn(rule, 'verbs'),
    apiGroups: textsIn(rule, 'apiGroups'),
    resources: textsIn(rule, 'resources'),
    resourceNames: textsIn(rule, 'resourceNames'),
    nonResourceURLs: textsIn(rule, 'nonResourceURLs'),
  }));
}

export function allows(rule: PolicyRule, {verb, resource, path}: Attributes): boolean {
  if (!includesOrAll(rule.verbs, verb)) return false;
  if (resource === undefined) return rule.nonResourceURLs.some((pattern) => matchesUrl(pattern, path));
  return (
    includesOrAll(rule.apiGroups, resource.group) &&
    rule.resources.some((pattern) => matchesResource(pattern, resource)) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(resource.name))
  );
}

function includesOrAll(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(value);
}

/** `pods`, `pods/status`, `*` for everything, and the form that stands for one subresource of every resource. */
function matchesResource(pattern: string, {resource, subresource}: ResourceAttributes): boolean {
  if (pattern === '*') return true;
  if (subresource === '') return pattern === resource;
  return pattern === `${resource}/${subresource}` || pattern === `*/${subresource}`;
}

/** A `*` counts at the end only. */
export function matchesUrl(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''));
}
