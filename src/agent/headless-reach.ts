import {reachOf} from '../clusterset/reach.ts';
import type {LeftOutReason} from '../clusterset/decision.ts';
import type {ImportView, View} from '../clusterset/view.ts';

/** How far the endpoints of a headless import can be reached from this cluster. */
export interface HeadlessReach {
  /** Exporters whose pods are reached. */
  readonly reached: readonly string[];
  readonly unreached: readonly {readonly cluster: string; readonly reason: LeftOutReason}[];
}

/** Pods are reached in the own cluster and, where their slices are imported, in clusters of the same network (design §7). */
export function headlessReach(imported: ImportView, view: View): HeadlessReach {
  const reached: string[] = [];
  const unreached: {cluster: string; reason: LeftOutReason}[] = [];
  for (const cluster of imported.clusters) {
    const verdict = reachOf(cluster, view.clusters.get(cluster), {import: imported, view});
    if (verdict.reach === undefined) unreached.push({cluster, reason: verdict.reason});
    else reached.push(cluster);
  }
  return {reached, unreached};
}
