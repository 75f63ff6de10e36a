import type {ExportPolicy} from '../api/kinds.ts';
import type {Finding} from './decision.ts';
import {judgeExport} from './export-policy.ts';
import type {DefaultExportPolicy} from './export-policy.ts';
import {byPrecedence, isValid} from './merge.ts';
import type {ExportSubject, MemberExport} from './member-export.ts';
import type {ClusterPlace} from './policy-condition.ts';
import {weighRefusals} from './policy-rules.ts';

export interface NarrowingFacts {
  /** The hub's; those of the members are applied by the members (each counts in its own). */
  readonly policies: ReadonlyMap<string, ExportPolicy>;
  readonly defaultPolicy?: DefaultExportPolicy;
  readonly clusters: ReadonlyMap<string, ClusterPlace>;
  /**
   * Labels of the namespace and of the Service in the exporting cluster. Undefined: not known, because the export is only
   * remembered; then it stands as it was judged when it was seen.
   */
  readonly labelsOf: (e: MemberExport) => ExportSubject | undefined;
}

export interface NarrowedExports {
  /** All that came in; what a policy forbids has `notAllowed` and so contributes nothing. */
  readonly exports: readonly MemberExport[];
  /** What `Warn` and `Audit` policies found, by cluster id: for conditions, Events and counters. */
  readonly found: ReadonlyMap<string, {readonly warnings: readonly Finding[]; readonly audits: readonly Finding[]}>;
}

/**
 * The hub's ExportPolicies upon all exports of one name, at sync: what admission would have refused while a webhook was down
 * is refused here. Policies only narrow: an export that its own member forbids stays forbidden. Of an `exclusive` service the
 * oldest export counts, and the later ones are refused, so that two that arrived at once don't refuse each other.
 */
export function narrowExports(exports: readonly MemberExport[], facts: NarrowingFacts): NarrowedExports {
  const found = new Map<string, {warnings: readonly Finding[]; audits: readonly Finding[]}>();
  const narrowed = new Map<string, MemberExport>();
  const allowed: string[] = [];
  for (const e of byPrecedence(exports)) {
    const {forbidden, warnings, audits} = weighRefusals(refusalsOf(e, allowed, facts));
    if (warnings.length > 0 || audits.length > 0) found.set(e.cluster, {warnings, audits});
    const [first] = forbidden;
    const after = e.notAllowed !== undefined || first === undefined ? e : {...e, notAllowed: first.message};
    if (isValid(after)) allowed.push(e.cluster);
    narrowed.set(e.cluster, after);
  }
  return {exports: exports.map((e) => narrowed.get(e.cluster) ?? e), found};
}

function refusalsOf(e: MemberExport, older: readonly string[], facts: NarrowingFacts): ReturnType<typeof judgeExport> {
  const labels = facts.labelsOf(e);
  if (labels === undefined) return [];
  const request = {
    namespace: e.namespace,
    name: e.name,
    ...labels,
    targetClusters: e.flomesh?.targetClusters ?? [],
    otherExporters: [...older].sort(),
    cluster: {id: e.cluster, at: facts.clusters.get(e.cluster)},
  };
  return judgeExport(request, facts.policies, facts.defaultPolicy);
}
