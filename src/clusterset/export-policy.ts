import type {ExportPolicy} from '../api/kinds.ts';
import {clusterIdOfKey} from '../api/names.ts';
import {clusterBinding, judgeCondition, subjectBindings} from './policy-condition.ts';
import type {ClusterPlace, ConditionOutcome} from './policy-condition.ts';
import {byOf, inOrder, matchesSubject, refusal} from './policy-rules.ts';
import type {PolicyRefusal, PolicySubject} from './policy-rules.ts';

type Rule = NonNullable<NonNullable<ExportPolicy['spec']>['rules']>[number];

/** What an export asks for. */
export interface ExportRequest extends PolicySubject {
  /** Cluster ids or long keys; empty: all clusters. */
  readonly targetClusters: readonly string[];
  /** Ids of other clusters that export the same name already. */
  readonly otherExporters: readonly string[];
  /** The cluster that exports, for conditions in CEL; `at` is undefined while the view doesn't know of it. */
  readonly cluster?: {readonly id: string; readonly at: ClusterPlace | undefined};
}

/** What holds for an export that no rule speaks about: the standard's answer, or that of members of different owners. */
export type DefaultExportPolicy = 'Allow' | 'Deny';

/**
 * What each ExportPolicy forbids about an export. Rules are in order: the first that matches decides, and where none does,
 * the policy allows. Policies narrow each other: see {@link weighRefusals}. With `Deny` as the default an export also needs a
 * rule of some policy that allows it.
 *
 * A policy judges what the export asks for: one to all clusters is not silently cut down to those that a rule allows,
 * because its author would take it for exported.
 *
 * A condition in CEL that fails counts as one that forbids, whatever the rule would have done, and is said.
 */
export function judgeExport(
  request: ExportRequest,
  policies: ReadonlyMap<string, ExportPolicy>,
  defaultPolicy: DefaultExportPolicy = 'Allow',
): readonly PolicyRefusal[] {
  const decided = inOrder(policies).flatMap((policy) => {
    const found = decidingRule(policy, request);
    return found === undefined ? [] : [{policy, ...found}];
  });
  const refusals = decided.flatMap(({policy, rule, condition}) => judgeByRule(policy, rule, {request, condition}));
  const isAllowed = defaultPolicy === 'Allow' || decided.some(({rule}) => rule.action === 'Allow');
  return isAllowed ? refusals : [...refusals, deniedByDefault(request)];
}

function decidingRule(
  policy: ExportPolicy,
  request: ExportRequest,
): {readonly rule: Rule; readonly condition: ConditionOutcome} | undefined {
  for (const rule of policy.spec?.rules ?? []) {
    if (!isAbout(rule, request)) continue;
    const condition = judgeCondition('ExportPolicy', rule, bindingsOf(request));
    if (condition.state !== 'DoesNotHold') return {rule, condition};
  }
  return undefined;
}

function bindingsOf(request: ExportRequest): Readonly<Record<string, unknown>> {
  const {targetClusters, otherExporters, cluster} = request;
  return {
    ...subjectBindings(request),
    targetClusters,
    otherExporters,
    ...(cluster === undefined ? {} : {cluster: clusterBinding(cluster.id, cluster.at)}),
  };
}

/** A denial for certain clusters is only about exports that would reach one of them. */
function isAbout(rule: Rule, request: ExportRequest): boolean {
  if (!matchesSubject(rule, request)) return false;
  const named = rule.targetClusters ?? [];
  return rule.action === 'Allow' || named.length === 0 || reachedOf(named, request).length > 0;
}

function judgeByRule(
  policy: ExportPolicy,
  rule: Rule,
  {request, condition}: {readonly request: ExportRequest; readonly condition: ConditionOutcome},
): readonly PolicyRefusal[] {
  const at = `${request.namespace}/${request.name}`;
  const faults = condition.state === 'Failed' ? [failedFault(condition.error, at)] : findFaults(rule, request, at);
  return faults.map((fault) => refusal(byOf(policy), rule, fault));
}

interface Fault {
  readonly what: string;
  readonly change: string;
  readonly field?: string;
}

function failedFault(error: string, at: string): Fault {
  const what = `its condition could not be evaluated (${error}), so ${at} is not exported`;
  return {what, change: 'have the condition in spec.rules[].cel corrected'};
}

function findFaults(rule: Rule, request: ExportRequest, at: string): readonly Fault[] {
  return rule.action === 'Allow' ? allowedFaults(rule, request, at) : [deniedFault(rule, request, at)];
}

function deniedByDefault({namespace, name}: PolicySubject): PolicyRefusal {
  const message = `no ExportPolicy allows to export ${namespace}/${name}, and without one nothing is exported here; have a rule with action Allow added`;
  return {enforcement: 'Deny', finding: {source: 'default-export-policy', message}};
}

function deniedFault(rule: Rule, request: ExportRequest, at: string): Fault {
  const reached = reachedOf(rule.targetClusters ?? [], request);
  if (reached.length === 0) {
    const change = 'export a service that the rule does not match, or have the rule changed';
    return {what: `Service ${at} may not be exported`, change};
  }
  return {
    what: `Service ${at} may not be exported to ${reached.join(', ')}`,
    change: `name other clusters in spec.targetClusters of a flomesh.io ServiceExport, or have the rule changed`,
    field: 'spec.targetClusters',
  };
}

function allowedFaults(rule: Rule, {targetClusters, otherExporters}: ExportRequest, at: string): readonly Fault[] {
  const faults: Fault[] = [];
  const allowed = rule.targetClusters ?? [];
  const beyond = targetClusters.filter((target) => !allowed.some((name) => namesSame(name, target)));
  if (allowed.length > 0 && (targetClusters.length === 0 || beyond.length > 0)) {
    const asked = targetClusters.length === 0 ? 'this export is to all' : `this export is also to ${beyond.join(', ')}`;
    faults.push({
      what: `Service ${at} may be exported to ${allowed.join(', ')} only, and ${asked}`,
      change: 'name no others in spec.targetClusters of a flomesh.io ServiceExport, or have the rule changed',
      field: 'spec.targetClusters',
    });
  }
  if (rule.exclusive === true && otherExporters.length > 0) {
    faults.push({
      what: `Service ${at} may be exported by one cluster only, and ${otherExporters.join(', ')} exports it`,
      change: 'delete the export there first, or have the rule changed',
    });
  }
  return faults;
}

/** Clusters of a rule that an export reaches; an export without targets reaches them all. */
function reachedOf(named: readonly string[], {targetClusters}: ExportRequest): readonly string[] {
  if (targetClusters.length === 0) return named;
  return named.filter((name) => targetClusters.some((target) => namesSame(name, target)));
}

/** Both forms name a cluster; of a long key and an id only the id can be compared, and ids are unique. */
function namesSame(a: string, b: string): boolean {
  return a === b || (a.includes('/') !== b.includes('/') && clusterIdOfKey(a) === clusterIdOfKey(b));
}
