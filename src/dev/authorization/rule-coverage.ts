import {goList} from '../schema/value-text.ts';
import {matchesUrl} from './policy-rule.ts';
import type {PolicyRule} from './policy-rule.ts';

const NONE: PolicyRule = {verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: []};

/** Those single permissions of `wanted` that no rule of `held` gives as a whole; empty where everything is covered. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(singlePermissions).filter((one) => !held.some((rule) => covers(rule, one)));
}

/** One verb, and one resource of one group or one path, each. */
function singlePermissions(rule: PolicyRule): readonly PolicyRule[] {
  const names = rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.map((name) => [name]);
  const ofResources = rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        names.map((resourceNames) => ({
          ...NONE,
          apiGroups: [group],
          resources: [resource],
          verbs: [verb],
          resourceNames,
        })),
      ),
    ),
  );
  const ofPaths = rule.nonResourceURLs.flatMap((url) =>
    rule.verbs.map((verb) => ({...NONE, nonResourceURLs: [url], verbs: [verb]})),
  );
  return [...ofResources, ...ofPaths];
}

function covers(owner: PolicyRule, one: PolicyRule): boolean {
  return (
    hasAll(owner.verbs, one.verbs) &&
    hasAll(owner.apiGroups, one.apiGroups) &&
    one.resources.every((resource) => coversResource(owner.resources, resource)) &&
    // Rights on named objects never cover rights on all of them.
    (owner.resourceNames.length === 0 ||
      (one.resourceNames.length > 0 && one.resourceNames.every((name) => owner.resourceNames.includes(name)))) &&
    one.nonResourceURLs.every((url) => owner.nonResourceURLs.some((pattern) => matchesUrl(pattern, url)))
  );
}

function hasAll(values: readonly string[], wanted: readonly string[]): boolean {
  return values.includes('*') || wanted.every((value) => values.includes(value));
}

function coversResource(owned: readonly string[], resource: string): boolean {
  if (owned.includes('*') || owned.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && owned.includes(`*/${resource.slice(slash + 1)}`);
}

/** A line for each missing permission, sorted; verbs on the same resource share one (`{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`). */
export function describeMissing(missing: readonly PolicyRule[]): readonly string[] {
  const groups = Map.groupBy(missing, ({apiGroups, resources, resourceNames, nonResourceURLs, verbs}) =>
    JSON.stringify([apiGroups, resources, resourceNames, nonResourceURLs, nonResourceURLs.length === 0 ? [] : verbs]),
  );
  const lines = [...groups.values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [describe({...first, verbs: [first, ...rest].flatMap(({verbs}) => verbs)})],
  );
  return [...new Set(lines)].sort();
}

function describe({apiGroups, resources, nonResourceURLs, resourceNames, verbs}: PolicyRule): string {
  const parts = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ] as const;
  const shown = parts.filter(([, values]) => values.length > 0).map(([name, values]) => `${name}:${goList(values)}`);
  return `{${shown.join(', ')}}`;
}
