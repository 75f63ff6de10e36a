import type {ImportPolicy} from '../api/kinds.ts';
import {clusterIdOfKey, clusterKey} from '../api/names.ts';
import {clusterBinding, isUndecided, judgeCondition, subjectBindings} from './policy-condition.ts';
import {byOf, inOrder, isNamed, matchesSubject, refusal} from './policy-rules.ts';
import type {PolicyRefusal, PolicySubject} from './policy-rules.ts';
import {isClusterNamed} from './target-clusters.ts';
import type {ImportView, View} from './view.ts';

type Rule = NonNullable<NonNullable<ImportPolicy['spec']>['rules']>[number];

/** Who asks for a service from where; what is not given is not known, and rules about it forbid nothing yet. */
export interface ImportRequest extends PolicySubject {
  /** Cluster id of the exporter. Undefined: what is allowed from some source passes. */
  readonly source: string | undefined;
  /** The namespace that consumes. Undefined: what some namespace may consume passes. */
  readonly consumerNamespace?: string;
}

/**
 * Why the ImportPolicies of this cluster let nothing in from one exporter, for this consumer or, where none is given, for
 * whatever consumer; undefined when they do. The own cluster is never a source: what it exports is at home already. `Warn` and
 * `Audit` refuse nothing here.
 */
export function refusedSource(
  imported: ImportView,
  source: string,
  {view, consumerNamespace}: {readonly view: View; readonly consumerNamespace?: string},
): string | undefined {
  if (source === view.clusterId) return undefined;
  const request: ImportRequest = {
    namespace: imported.namespace,
    name: imported.name,
    namespaceLabels: view.namespaces.get(imported.namespace)?.labels ?? {},
    serviceLabels: imported.labels ?? {},
    source,
    ...(consumerNamespace === undefined ? {} : {consumerNamespace}),
  };
  return judgeImport(request, view).find(({enforcement}) => enforcement === 'Deny')?.finding.message;
}

/** Whether who consumes makes any difference here: whether any rule names consumers. */
export function dependsOnConsumer({importPolicies}: Pick<View, 'importPolicies'>): boolean {
  return [...importPolicies.values()].some((policy) =>
    (policy.spec?.rules ?? []).some(({consumerNamespaces = []}) => consumerNamespaces.length > 0),
  );
}

/**
 * What each ImportPolicy forbids about one service from one cluster. Within a policy the first matching rule decides; while
 * the consumer is not known, a denial for some namespaces only leaves the question open for the others, so it goes on to the
 * next rule. A condition in CEL that fails counts as one that forbids, and is said.
 */
export function judgeImport(request: ImportRequest, view: View): readonly PolicyRefusal[] {
  return inOrder(view.importPolicies).flatMap((policy) => {
    for (const rule of policy.spec?.rules ?? []) {
      const {decides, error} = judgeRule(rule, request, view);
      if (!decides) continue;
      return error === undefined && rule.action === 'Allow' ? [] : [toRefusal(policy, rule, {request, error})];
    }
    return [];
  });
}

interface RuleVerdict {
  readonly decides: boolean;
  /** Why the condition could not be evaluated. */
  readonly error?: string;
}

const NOT_ABOUT_IT: RuleVerdict = {decides: false};

function judgeRule(rule: Rule, request: ImportRequest, view: View): RuleVerdict {
  const {source} = request;
  if (!matchesSubject(rule, request) || !isForConsumer(rule, request)) return NOT_ABOUT_IT;
  if (source === undefined) return judgeAnySource(rule, request);
  if (!isFrom(rule.sourceClusters ?? [], source, view)) return NOT_ABOUT_IT;
  const binding = {source: clusterBinding(source, view.clusters.get(source))};
  const condition = judgeCondition('ImportPolicy', rule, {...subjectBindings(request), ...binding});
  // A rule for some consumers alone leaves it open for the others, also when it fails.
  if (condition.state === 'Failed') {
    return isForAll(rule, request) ? {decides: true, error: condition.error} : NOT_ABOUT_IT;
  }
  return {decides: condition.state === 'Holds'};
}

/** What depends on where the service comes from is judged when that is known: until then only what allows counts. */
function judgeAnySource(rule: Rule, request: ImportRequest): RuleVerdict {
  const allows = rule.action === 'Allow';
  if ((rule.sourceClusters ?? []).length > 0) return {decides: allows};
  const condition = judgeCondition('ImportPolicy', rule, subjectBindings(request));
  if (condition.state === 'Failed') {
    return isUndecided(condition.error, 'source') ? {decides: allows} : {decides: true, error: condition.error};
  }
  return {decides: condition.state === 'Holds'};
}

/** While it isn't known who consumes, whoever may is enough to allow, and only a rule for all of them can deny. */
function isForConsumer(rule: Rule, request: ImportRequest): boolean {
  const {consumerNamespace} = request;
  if (consumerNamespace !== undefined) return isNamed(rule.consumerNamespaces, consumerNamespace);
  return rule.action === 'Allow' || isForAll(rule, request);
}

function isForAll({consumerNamespaces = []}: Rule, {consumerNamespace}: ImportRequest): boolean {
  return consumerNamespace !== undefined || consumerNamespaces.length === 0;
}

function isFrom(sources: readonly string[], source: string, view: View): boolean {
  if (sources.length === 0) return true;
  const at = view.clusters.get(source);
  const named = {id: source, key: at === undefined ? source : clusterKey({...at, name: source})};
  return sources.some((name) => isClusterNamed(name, named));
}

function toRefusal(
  policy: ImportPolicy,
  rule: Rule,
  {request, error}: {readonly request: ImportRequest; readonly error: string | undefined},
): PolicyRefusal {
  const {namespace, name, source, consumerNamespace} = request;
  const from = source === undefined ? '' : ` from ${clusterIdOfKey(source)}`;
  const whom = consumerNamespace === undefined ? '' : ` for namespace ${consumerNamespace}`;
  const service = `${namespace}/${name}${from}${whom}`;
  return error === undefined
    ? refusal(byOf(policy), rule, {
        what: `this cluster does not accept ${service}`,
        change: 'use another service, or have the rule changed',
      })
    : refusal(byOf(policy), rule, {
        what: `its condition could not be evaluated (${error}), so ${service} is not accepted`,
        change: 'have the condition in spec.rules[].cel corrected',
      });
}
