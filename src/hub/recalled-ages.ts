import type {ServiceImport} from '../api/kinds.ts';
import {keyOf} from '../api/meta.ts';
import {OLDEST_EXPORT_ANNOTATION, isManagedByHub} from '../api/names.ts';
import {exportersOf} from './remembered-export.ts';

/** By exporting cluster and name: milliseconds since the epoch, the oldest that an export may count as. */
export type RecalledAges = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * What the imports of all members tell a hub that has no records of its own, because it replaces a lost one: which export decided, and
 * how old it was. Every other exporter counted as younger, whatever its own timestamp claims (design §5), and must go on to do so, or
 * winners would change. Most members have to say so: one that rewrites its own imports decides nothing.
 *
 * @param exporters - whose ages are asked for; default: all
 */
export function recallAges(imports: Iterable<ServiceImport>, exporters?: ReadonlySet<string>): RecalledAges {
  const votes = new Map<string, Map<string, number[]>>();
  for (const object of imports) {
    if (!isManagedByHub(object)) continue;
    const [oldest, since = ''] = object.metadata.annotations?.[OLDEST_EXPORT_ANNOTATION]?.split('/') ?? [];
    const sinceMs = Date.parse(since);
    if (oldest === undefined || Number.isNaN(sinceMs)) continue;
    const key = keyOf(object.metadata);
    for (const cluster of exportersOf(object)) {
      if (exporters?.has(cluster) === false) continue;
      const ofCluster = votes.get(cluster) ?? new Map<string, number[]>();
      votes.set(cluster, ofCluster);
      const each = ofCluster.get(key) ?? [];
      each.push(cluster === oldest ? 0 : sinceMs + 1);
      ofCluster.set(key, each);
    }
  }
  return new Map(
    [...votes].map(([cluster, all]) => [cluster, new Map([...all].flatMap(([key, each]) => middle(key, each)))]),
  );
}

/** Of an even number the later one of the two: between two members that contradict each other, nobody gets older. */
function middle(key: string, votes: readonly number[]): readonly (readonly [string, number])[] {
  const ms = votes.toSorted((a, b) => a - b)[Math.floor(votes.length / 2)] ?? 0;
  return ms === 0 ? [] : [[key, ms]];
}
