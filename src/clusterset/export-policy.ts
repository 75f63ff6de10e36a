import type {ExportPolicy} from '../api/kinds.ts';
import {clusterIdOfKey} from '../api/names.ts';
import {inOrder, matchesSubject, refusal} from './policy-rules.ts';
import type {PolicyRefusal, PolicySubject} from './policy-rules.ts';

type Rule = NonNullable<NonNullable<ExportPolicy['spec']>['rules']>[number];

/** What an export asks for. */
export interface ExportRequest extends PolicySubject {
  /** Cluster ids or long keys; empty: all clusters. */
  readonly targetClusters: readonly string[];
  /** Ids of other clusters that export the same name already. */
  readonly otherExporters: readonly string[];
}

/**
 * What each ExportPolicy forbids about an export. Rules are in order: the first that matches decides, and where none does,
 * the policy allows. Policies narrow each other: see {@link weighRefusals}.
 *
 * A policy judges what the export asks for: one to all clusters is not silently cut down to those that a rule allows,
 * because its author would take it for exported.
 */
export function judgeExport(
  request: ExportRequest,
  policies: ReadonlyMap<string, ExportPolicy>,
): readonly PolicyRefusal[] {
  return inOrder(policies).flatMap((policy) => {
    const rule = (policy.spec?.rules ?? []).find((candidate) => isAbout(candidate, request));
    return rule === undefined ? [] : judgeByRule(policy, rule, request);
  });
}

/** A denial for certain clusters is only about exports that would reach one of them. */
function isAbout(rule: Rule, request: ExportRequest): boolean {
  if (!matchesSubject(rule, request)) return false;
  const named = rule.targetClusters ?? [];
  return rule.action === 'Allow' || named.length === 0 || reachedOf(named, request).length > 0;
}

function judgeByRule(policy: ExportPolicy, rule: Rule, request: ExportRequest): readonly PolicyRefusal[] {
  const {metadata, spec} = policy;
  const by = {
    kind: 'ExportPolicy',
    name: metadata.name,
    ...(spec?.enforcement === undefined ? {} : {enforcement: spec.enforcement}),
  } as const;
  return findFaults(rule, request).map((fault) => refusal(by, rule, fault));
}

interface Fault {
  readonly what: string;
  readonly change: string;
  readonly field?: string;
}

function findFaults(rule: Rule, request: ExportRequest): readonly Fault[] {
  const at = `${request.namespace}/${request.name}`;
  if (rule.cel !== undefined) {
    // Refused on apply; one that got in nevertheless is not ignored.
    const what = `the rule has a CEL condition, which is not supported, so ${at} is not exported`;
    return [{what, change: 'have the condition removed from the rule'}];
  }
  return rule.action === 'Deny' ? [deniedFault(rule, request, at)] : allowedFaults(rule, request, at);
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
