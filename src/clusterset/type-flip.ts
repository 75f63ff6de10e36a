import type {ImportType} from '../api/kinds.ts';
import {ALLOW_TYPE_CHANGE_ANNOTATION} from '../api/names.ts';
import type {ExportVerdict, MergedImport, MergeResult} from './merged-import.ts';

/** What the type of one import would do, and what may keep it from that. */
export interface TypeFlip {
  /** The type of the import that exists. Undefined: there is none yet. */
  readonly before: ImportType | undefined;
  /** What the oldest export says (KEP-1645, conflict resolution). */
  readonly after: ImportType;
  /** Whether anybody uses the import. Undefined: not known, which is not the same as nobody. */
  readonly consumed: boolean | undefined;
  /** The value of `isthmus.dev/allow-type-change` on the export that decides. */
  readonly allowed: string | undefined;
}

export interface TypeVerdict {
  readonly verdict: 'Unchanged' | 'Kept' | 'Flipped';
  readonly type: ImportType;
  readonly reason: 'Same' | 'New' | 'NotConsumed' | 'Allowed' | 'Consumed';
  readonly message: string;
}

/**
 * Whether an import may turn from ClusterSetIP into Headless or back. The KEP lets the oldest export decide, and lets an
 * implementation keep an import as it is when a conflict ends. A flip takes the address away from clients that hold it (or
 * gives pods' addresses a meaning they had not), so that of a consumed import is refused, with a conflict that says so on every
 * export, until the annotation on the deciding export names the new type. It names the type so that it allows one flip, and
 * not the way back some day.
 */
export function judgeTypeFlip({before, after, consumed, allowed}: TypeFlip): TypeVerdict {
  if (before === undefined) return verdictOf('Unchanged', after, 'New');
  if (before === after) return verdictOf('Unchanged', after, 'Same');
  if (consumed === false) return verdictOf('Flipped', after, 'NotConsumed');
  if (allowed === after) return verdictOf('Flipped', after, 'Allowed');
  const known = consumed === undefined ? 'may be in use (that is not known)' : 'is in use';
  const message = `Conflicting type. Keeping "${before}" of the import, which ${known}; the oldest service export says "${after}". To change it, annotate that export with ${ALLOW_TYPE_CHANGE_ANNOTATION}: ${after}.`;
  return {verdict: 'Kept', type: before, reason: 'Consumed', message};
}

function verdictOf(verdict: TypeVerdict['verdict'], type: ImportType, reason: TypeVerdict['reason']): TypeVerdict {
  const message = {
    New: `the import is new: ${type}`,
    Same: `the import stays ${type}`,
    NotConsumed: `the import turns into ${type}: nobody uses it`,
    Allowed: `the import turns into ${type}: the annotation allows it`,
    Consumed: '',
  }[reason];
  return {verdict, type, reason, message};
}

/** What the hub knows of the import that exists, beside the exports. */
export interface ExistingImport {
  readonly type: ImportType;
  readonly consumed: boolean | undefined;
}

/**
 * The result of {@link merge} under the guard: where the type is kept, the import keeps it, and every export hears of a
 * `TypeConflict` that says how to go on. Everything else of the result is untouched.
 *
 * @param existing - undefined: there is no import yet
 */
export function guardTypeFlip(result: MergeResult, existing: ExistingImport | undefined): MergeResult {
  const merged = result.import;
  if (merged === undefined || existing === undefined) return result;
  const flip = {
    before: existing.type,
    after: merged.type,
    consumed: existing.consumed,
    allowed: merged.allowTypeChange,
  };
  const {verdict, type, message} = judgeTypeFlip(flip);
  if (verdict !== 'Kept') return result;
  const verdicts = [...result.verdicts].map(([cluster, each]) => {
    return [cluster, {...each, conflicts: withTypeConflict(each.conflicts, message)}] as const;
  });
  return {import: withType(merged, type), verdicts: new Map(verdicts)};
}

type Conflicts = ExportVerdict['conflicts'];

/** In place of the one that there is, for the order of the standard's table; after the ports' where there is none. */
function withTypeConflict(conflicts: Conflicts, message: string): Conflicts {
  const ports = conflicts.filter(({reason}) => reason === 'PortConflict');
  const others = conflicts.filter(({reason}) => reason !== 'PortConflict' && reason !== 'TypeConflict');
  return [...ports, {reason: 'TypeConflict', message}, ...others];
}

/** A headless import has no session affinity ("ignored for Headless"); one with an address has at least None. */
function withType(merged: MergedImport, type: ImportType): MergedImport {
  const {sessionAffinity: _, sessionAffinityConfig: __, ...rest} = merged;
  return type === 'Headless' ? {...rest, type} : {...rest, type, sessionAffinity: 'None'};
}
