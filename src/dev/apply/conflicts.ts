import {intersection, isEmptySet, pathsOf} from './field-set.ts';
import type {FieldSet} from './field-set.ts';
import type {ManagerEntry, Managers} from './manager-entry.ts';
import {describePath} from './path-element.ts';

/** One field that an apply would take from another manager. */
export interface FieldConflict {
  /** Its manager, as a cause's message shows it: `"m"`, or `"m" using v` for an Update entry. */
  readonly shown: string;
  /** `.spec.items[name="a"].value` */
  readonly field: string;
}

/** The fields of other managers that change, ordered by manager. */
export function findConflicts(others: Managers, changed: FieldSet): FieldConflict[] {
  return [...others]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, entry]) => {
      const taken = intersection(entry.fields, changed);
      const shown = showManager(entry);
      return isEmptySet(taken) ? [] : pathsOf(taken).map((path) => ({shown, field: describePath(path)}));
    });
}

/** The conflicts that are not about these fields. */
export function withoutFields(conflicts: readonly FieldConflict[], fields: FieldSet): FieldConflict[] {
  const spared = new Set(pathsOf(fields).map(describePath));
  return conflicts.filter(({field}) => !spared.has(field));
}

function showManager(entry: ManagerEntry): string {
  const subresource = entry.subresource === '' ? '' : ` with subresource ${JSON.stringify(entry.subresource)}`;
  const version = entry.operation === 'Update' ? ` using ${entry.apiVersion}` : '';
  return `${JSON.stringify(entry.manager)}${subresource}${version}`;
}

/** The message of the 409 (reference: apiserver §4.2). */
export function describeConflicts(conflicts: readonly FieldConflict[]): string {
  const [only, ...more] = conflicts;
  if (only !== undefined && more.length === 0)
    return `Apply failed with 1 conflict: conflict with ${only.shown}: ${only.field}`;
  const byManager = Map.groupBy(conflicts, (conflict) => conflict.shown);
  const lines = [...byManager].flatMap(([shown, those]) => [
    `conflicts with ${shown}:`,
    ...those.map(({field}) => `- ${field}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}
