import type {ServiceImport} from '../api/kinds.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import type {MemberContext} from './member-context.ts';
import type {NamespaceState} from './plan-import.ts';
import {exportersOf, rememberExport} from './remembered-export.ts';

export function namespaceState({watches}: MemberContext, name: string): NamespaceState {
  const found = watches.namespaces.store.get(name);
  if (found === undefined) return 'Absent';
  return found.terminating ? 'Terminating' : 'Present';
}

/** The exports that this member's own import remembers of clusters that cannot be asked (design §5: unknown is not absent). */
export function memoriesOf(
  {facts}: MemberContext,
  key: string,
  actual: ServiceImport | undefined,
): readonly MemberExport[] {
  if (actual === undefined) return [];
  return exportersOf(actual)
    .filter((cluster) => facts.isUnknown(cluster, key) && facts.accepted(cluster, key) === undefined)
    .map((cluster) => rememberExport(actual, cluster));
}
