import {keyOf, parseKey} from '../api/meta.ts';
import {isManagedByHub, isProtectedNamespace} from '../api/names.ts';
import type {EndpointSlice} from '../api/kinds.ts';
import type {MemberContext} from './member-context.ts';
import {memoriesOf, namespaceState} from './member-state.ts';
import {arePresent, planSlices, type SlicesSituation} from './plan-slices.ts';

/**
 * Makes the imported slices of one import in one member what its exporters have. @throws KubeError
 *
 * @returns when to look again, where a slice was written to a moment ago
 */
export async function syncSlices(
  context: MemberContext,
  key: string,
  signal: AbortSignal,
): Promise<{requeueAfterMs: number} | undefined> {
  const {facts, writers} = context;
  const {namespace = ''} = parseKey(key);
  if (isProtectedNamespace(namespace, facts.namespace)) return undefined;
  if (namespaceState(context, namespace) !== 'Present') return undefined;
  const {writes, deletes} = planSlices(slicesSituation(context, key));
  for (const gone of deletes) {
    await writers.slices.delete(gone.key, gone.uid, signal);
    context.slicePace.noteWrite(gone.key);
  }
  return write(context, writes, signal);
}

async function write(
  {writers, slicePace}: MemberContext,
  slices: readonly EndpointSlice[],
  signal: AbortSignal,
): Promise<{requeueAfterMs: number} | undefined> {
  const waits: number[] = [];
  for (const slice of slices) {
    const key = keyOf(slice.metadata);
    const uid = writers.slices.actual(key)?.metadata.uid;
    const desired = uid === undefined ? slice : {...slice, metadata: {...slice.metadata, uid}};
    if (writers.slices.isCurrent(desired)) continue;
    const waitMs = slicePace.waitMs(key);
    if (waitMs > 0) {
      waits.push(waitMs);
      continue;
    }
    await writers.slices.apply(desired, undefined, signal);
    slicePace.noteWrite(key);
  }
  return waits.length === 0 ? undefined : {requeueAfterMs: Math.min(...waits)};
}

/** Whether slices are imported beside the import, for its status. */
export function hasSlices(context: MemberContext, key: string): boolean {
  return arePresent(slicesSituation(context, key));
}

function slicesSituation(context: MemberContext, key: string): SlicesSituation {
  const {facts, writers, watches, consumer, apiServerCIDRs} = context;
  const {namespace = '', name} = parseKey(key);
  const object = writers.imports.actual(key);
  const merged = facts.mergedFor(key, consumer, memoriesOf(context, key, object)).result.import;
  const isOurs = isManagedByHub(object);
  // Beside another controller's import nothing of ours belongs.
  const isWanted = merged !== undefined && (object === undefined || isOurs);
  const withdrawn = facts.withdrawnOf(merged?.clusters ?? []);
  const use = isWanted ? facts.sliceUse(consumer, merged.type) : 'NotImported';
  const clusters =
    isWanted && use !== 'NotImported' ? merged.clusters.filter((cluster) => !withdrawn.has(cluster)) : [];
  return {
    namespace,
    name,
    importUid: object?.metadata.uid,
    sources: clusters.map((cluster) => ({cluster, slices: facts.slicesOf(cluster, key)})),
    use,
    apiServerCIDRs,
    actual: watches.slicesOfImport(key).map((slice) => writers.slices.actual(keyOf(slice.metadata)) ?? slice),
  };
}
