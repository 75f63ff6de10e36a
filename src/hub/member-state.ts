import type {ServiceImport} from '../api/kinds.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import type {MemberContext} from './member-context.ts';
import type {NamespaceState} from './plan-import.ts';
import {exportersOf, rememberExports} from './remembered-export.ts';

export function namespaceState({watches}: MemberContext, name: string): NamespaceState {
  const found = watches.namespaces.store.get(name);
  if (found === undefined) return 'Absent';
  return found.terminating ? 'Terminating' : 'Present';
}

/** The exports that this member's own import remembers of clusters that cannot be asked (design §5: unknown is not absent). */
export function memoriesOf(
  {facts}: Pick<MemberContext, 'facts'>,
  key: string,
  actual: ServiceImport | undefined,
): readonly MemberExport[] {
  if (actual === undefined) return [];
  const clusters = unknownExporters(facts, key, actual);
  return clusters.length === 0 ? [] : rememberExports(actual, clusters);
}

/** True where the member's own import names a cluster that cannot be asked. */
export function hasUnknown({facts, writers}: Pick<MemberContext, 'facts' | 'writers'>, key: string): boolean {
  const actual = writers.imports.actual(key);
  return actual !== undefined && unknownExporters(facts, key, actual).length > 0;
}

/** True where an import that this member seems not to have would say what is not known otherwise: some cluster can't be asked. */
export function mayBeUnseen({facts, writers}: Pick<MemberContext, 'facts' | 'writers'>, key: string): boolean {
  return writers.imports.actual(key) === undefined && facts.anyUnknown(key);
}

function unknownExporters(facts: MemberContext['facts'], key: string, actual: ServiceImport): readonly string[] {
  // Of almost all of them there is a verdict: the cheapest question first, it is asked of each exporter for each object.
  const {verdicts} = facts.merged(key);
  return exportersOf(actual).filter(
    (cluster) => !verdicts.has(cluster) && facts.isUnknown(cluster, key) && facts.accepted(cluster, key) === undefined,
  );
}
