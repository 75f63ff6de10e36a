import type {ImportPolicy} from '../api/kinds.ts';
import {clusterIdOfKey, clusterKey} from '../api/names.ts';
import {inOrder, matchesSubject, refusal} from './policy-rules.ts';
import type {PolicyRefusal, PolicySubject} from './policy-rules.ts';
import {isClusterNamed} from './target-clusters.ts';
import type {ImportView, View} from './view.ts';

type Rule = NonNullable<NonNullable<ImportPolicy['spec']>['rules']>[number];

/**
 * Why the ImportPolicies of this cluster let nothing in from one exporter, for whatever consumer; undefined when some may.
 * The own cluster is never a source: what it exports is at home already. `Warn` and `Audit` refuse nothing here.
 */
export function refusedSource(imported: ImportView, source: string, view: View): string | undefined {
  if (source === view.clusterId) return undefined;
  const subject: PolicySubject = {
    namespace: imported.namespace,
    name: imported.name,
    namespaceLabels: view.namespaces.get(imported.namespace)?.labels ?? {},
    serviceLabels: imported.labels ?? {},
  };
  return judgeSource(subject, source, view).find(({enforcement}) => enforcement === 'Deny')?.finding.message;
}

/**
 * What each ImportPolicy forbids about one service from one cluster. Within a policy the first matching rule decides; a
 * denial for some consumer namespaces only leaves the question open for the others, so it goes on to the next rule.
 *
 * @param source - cluster id of the exporter; undefined: not known yet, so that what is allowed from some source passes
 */
export function judgeSource(subject: PolicySubject, source: string | undefined, view: View): readonly PolicyRefusal[] {
  return inOrder(view.importPolicies).flatMap((policy) => {
    const rule = (policy.spec?.rules ?? []).find(
      (candidate) =>
        matchesSubject(candidate, subject) && matchesSource(candidate, source, view) && isForAll(candidate),
    );
    return rule === undefined || isAllowed(rule) ? [] : [toRefusal(policy, rule, subject, source)];
  });
}

function isForAll(rule: Rule): boolean {
  return isAllowed(rule) || (rule.consumerNamespaces ?? []).length === 0;
}

/** A rule with CEL is refused on apply; one that got in nevertheless is not ignored: it can't be seen to allow. */
function isAllowed(rule: Rule): boolean {
  return rule.action === 'Allow' && rule.cel === undefined;
}

function matchesSource(rule: Rule, source: string | undefined, view: View): boolean {
  const sources = rule.sourceClusters ?? [];
  if (sources.length === 0) return true;
  if (source === undefined) return isAllowed(rule);
  const at = view.clusters.get(source);
  const named = {id: source, key: at === undefined ? source : clusterKey({...at, name: source})};
  return sources.some((name) => isClusterNamed(name, named));
}

function toRefusal(
  policy: ImportPolicy,
  rule: Rule,
  {namespace, name}: PolicySubject,
  source: string | undefined,
): PolicyRefusal {
  const from = source === undefined ? '' : ` from ${clusterIdOfKey(source)}`;
  const by = {kind: 'ImportPolicy', name: policy.metadata.name, ...enforcementOf(policy)} as const;
  return rule.cel === undefined
    ? refusal(by, rule, {
        what: `this cluster does not accept ${namespace}/${name}${from}`,
        change: 'use another service, or have the rule changed',
      })
    : refusal(by, rule, {
        what: `the rule has a CEL condition, which is not supported, so ${namespace}/${name}${from} is not accepted`,
        change: 'have the condition removed from the rule',
      });
}

function enforcementOf({spec}: ImportPolicy): Pick<NonNullable<ImportPolicy['spec']>, 'enforcement'> {
  return spec?.enforcement === undefined ? {} : {enforcement: spec.enforcement};
}
