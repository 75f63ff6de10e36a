import type {ResourceType} from '../apiserver/resource-type.ts';

/** One rule of a webhook; `*` stands for anything. */
export interface Rule {
  readonly groups: readonly string[];
  readonly versions: readonly string[];
  /** `pods`, `pods/status`, `pods/*`, `*` (no subresources), `*` + `/*` (everything). */
  readonly resources: readonly string[];
  readonly operations: readonly string[];
  readonly scope: string;
}

export interface RequestTarget {
  readonly operation: string;
  readonly type: ResourceType;
  readonly subresource: string;
}

/** The version in which a webhook wants to see the request: the request's own, an equivalent one, or undefined for none. */
export function matchingType(
  hook: {readonly rules: readonly Rule[]; readonly equivalent: boolean},
  target: RequestTarget,
  versions: readonly ResourceType[],
): ResourceType | undefined {
  if (hook.rules.some((rule) => matches(rule, target, target.type))) return target.type;
  if (!hook.equivalent) return undefined;
  // In the order of the rules, so that a webhook is sent the version it names first (matchPolicy Equivalent).
  for (const rule of hook.rules) {
    const other = versions.find((type) => type.version !== target.type.version && matches(rule, target, type));
    if (other !== undefined) return other;
  }
  return undefined;
}

function matches(rule: Rule, {operation, subresource}: RequestTarget, type: ResourceType): boolean {
  return (
    includes(rule.operations, operation) &&
    includes(rule.groups, type.group) &&
    includes(rule.versions, type.version) &&
    rule.resources.some((resource) => matchesResource(resource, type.plural, subresource)) &&
    (rule.scope === '*' || (rule.scope === 'Namespaced') === type.namespaced)
  );
}

function includes(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(value);
}

function matchesResource(pattern: string, plural: string, subresource: string): boolean {
  const slash = pattern.indexOf('/');
  const resource = slash < 0 ? pattern : pattern.slice(0, slash);
  const sub = slash < 0 ? '' : pattern.slice(slash + 1);
  return (resource === '*' || resource === plural) && (sub === '*' || sub === subresource);
}
