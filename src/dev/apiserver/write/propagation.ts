import type {ResourceType} from '../resource-type.ts';
import type {DeleteOptions} from './delete-options.ts';

/** What holds an owner until the garbage collector has dealt with its dependents (apiserver-errors.md §2.4). */
export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/**
 * `metadata.finalizers` once a deletion has begun. What the request says replaces what the object carries: a second DELETE with
 * `Background` ends an orphaning one. Where it says nothing, the first of the two finalizers on the object decides.
 */
export function deletionFinalizers(
  type: ResourceType,
  finalizers: readonly string[],
  options: Pick<DeleteOptions, 'propagationPolicy' | 'orphanDependents'>,
): readonly string[] {
  const others = finalizers.filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
  const wanted = wantedFinalizer(type, finalizers, options);
  if (wanted === undefined) return others;
  // As it stands where nothing changes: the order is what a client compares.
  return finalizers.includes(wanted) && finalizers.length === others.length + 1 ? finalizers : [...others, wanted];
}

function wantedFinalizer(
  type: ResourceType,
  finalizers: readonly string[],
  {propagationPolicy, orphanDependents}: Pick<DeleteOptions, 'propagationPolicy' | 'orphanDependents'>,
): string | undefined {
  if (type.strategy.ownsNothing === true) return undefined;
  if (orphanDependents !== undefined) return orphanDependents ? ORPHAN : undefined;
  switch (propagationPolicy) {
    case 'Orphan':
      return ORPHAN;
    case 'Foreground':
      return FOREGROUND;
    case 'Background':
      return undefined;
    case undefined:
      return finalizers.find((finalizer) => finalizer === FOREGROUND || finalizer === ORPHAN);
  }
}
