import type {LeftOut} from './left-out.ts';
import {concludeSource, signalsOf} from './staleness.ts';
import type {View} from './view.ts';

/**
 * If everything is stale, the least stale is served (design §6): the cluster to try where all that might serve have a dead
 * gateway and an API server that nobody has reached for longer than the staleness bound. Then the probes may be as old as the
 * rest, and an answer that says that it is stale beats none. A gateway that is dead while its source is known stays left out.
 *
 * @param leftOut - everybody, since nobody is routed to
 */
export function leastStale(
  leftOut: readonly LeftOut[],
  {view, nowMs}: {readonly view: View; readonly nowMs?: number},
): string | undefined {
  const dead = leftOut.filter(({reason}) => reason === 'GatewayDead').map(({cluster}) => cluster);
  const known = dead.flatMap((cluster) => {
    const at = view.clusters.get(cluster);
    if (at === undefined) return [];
    const signals = signalsOf(at, view, nowMs);
    const stale = concludeSource(signals).membership === 'Stale';
    return [{cluster, stale, forMs: signals.unreachableForMs ?? Number.POSITIVE_INFINITY}];
  });
  if (!known.every(({stale}) => stale)) return undefined;
  return known.toSorted((a, b) => a.forMs - b.forMs || (a.cluster < b.cluster ? -1 : 1))[0]?.cluster;
}
