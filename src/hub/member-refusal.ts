import type {Cluster} from '../api/kinds.ts';

/** They answer, and are written to all the same; or there is nothing to be written under that name. */
const NONE: ReadonlySet<string> = new Set(['ApplyFailed', 'Leaving', 'DuplicateCluster']);

const known = new WeakMap<Cluster, {readonly text: string | undefined}>();

/**
 * Why nothing is written into a cluster that answers, for the exports that it does not import: its name and a reason. By what its
 * Cluster says, so that a state that only passes changes no condition of an export, and every replica of the hub, and one that has just
 * started, says the same. Its words are not for everybody who reads an export; whoever may read the Cluster finds them there.
 *
 * @returns undefined: it can't be reached, or is written to
 */
export function refusalOf(cluster: Cluster): string | undefined {
  // Asked for each export that it has not got: objects of the cache are replaced, never changed.
  const before = known.get(cluster);
  if (before !== undefined) return before.text;
  const said = (wanted: string) => cluster.status?.conditions?.find(({type}) => type === wanted);
  const synced = said('Synced');
  const isRefusing = said('Reachable')?.status === 'True' && synced?.status === 'False' && !NONE.has(synced.reason);
  const text = isRefusing ? `${cluster.metadata.name} (${synced.reason})` : undefined;
  known.set(cluster, {text});
  return text;
}
