import type {Enforcement, ExportPolicy, ImportPolicy, PolicyMatch} from '../api/kinds.ts';
import type {Admission, Finding} from './decision.ts';
import {originOf, policyNameOf} from './policy-origin.ts';
import {matchesSelector} from './selectors.ts';

/** What ExportPolicy and ImportPolicy have in common. */
export interface PolicySubject {
  readonly namespace: string;
  readonly name: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Empty while they aren't known; judged again at sync. */
  readonly serviceLabels: Readonly<Record<string, string>>;
}

/** Whether a rule speaks about a service: all that is given must match, nothing given matches everything. */
export function matchesSubject(rule: PolicyMatch, subject: PolicySubject): boolean {
  return (
    isNamed(rule.namespaces, subject.namespace) &&
    matchesSelector(rule.namespaceSelector, subject.namespaceLabels) &&
    isNamed(rule.services, subject.name) &&
    matchesSelector(rule.serviceSelector, subject.serviceLabels)
  );
}

/** No list, or an empty one, is any name. */
export function isNamed(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name);
}

/** What a policy forbids. How much that weighs is its `enforcement`. */
export interface PolicyRefusal {
  readonly enforcement: Enforcement;
  readonly finding: Finding;
}

/**
 * All policies together. They combine by narrowing only (design §4): one that forbids is enough, none can allow what
 * another forbids; each weighs what its own `enforcement` says.
 */
export function weighRefusals(refusals: readonly PolicyRefusal[]): {
  readonly forbidden: readonly Finding[];
  readonly warnings: Admission['warnings'];
  readonly audits: Admission['audits'];
} {
  const of = (enforcement: Enforcement) =>
    refusals.filter((refusal) => refusal.enforcement === enforcement).map(({finding}) => finding);
  return {forbidden: of('Deny'), warnings: of('Warn'), audits: of('Audit')};
}

/** How refusals name a policy: one that the hub wrote here is called by the name that it has in the hub. */
export interface RefusingPolicy {
  readonly kind: 'ExportPolicy' | 'ImportPolicy';
  readonly name: string;
  readonly enforcement?: Enforcement;
}

export function byOf(policy: ExportPolicy | ImportPolicy): RefusingPolicy {
  const name = policyNameOf(policy);
  const {enforcement} = policy.spec ?? {};
  return {
    kind: policy.kind === 'ExportPolicy' ? 'ExportPolicy' : 'ImportPolicy',
    name: originOf(policy) === 'Hub' ? `${name} (of the hub)` : name,
    ...(enforcement === undefined ? {} : {enforcement}),
  };
}

/** One sentence that names the policy, the rule and what to change, with the rule author's own sentence in between. */
export function refusal(
  policy: RefusingPolicy,
  rule: {readonly name: string; readonly message?: string},
  text: {readonly what: string; readonly change: string; readonly field?: string},
): PolicyRefusal {
  const own = rule.message === undefined || rule.message === '' ? '' : ` (${rule.message})`;
  const message = `${policy.kind} ${policy.name}, rule ${rule.name}: ${text.what}${own}; ${text.change}`;
  return {
    enforcement: policy.enforcement ?? 'Deny',
    finding: {
      source: `${policy.kind}/${policy.name}`,
      rule: rule.name,
      message,
      ...(text.field === undefined ? {} : {field: text.field}),
    },
  };
}

/** In order of their names, so that the same object hears the same sentence every time. */
export function inOrder<T>(policies: ReadonlyMap<string, T>): readonly T[] {
  return [...policies.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, policy]) => policy);
}
