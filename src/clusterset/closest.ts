import type {RoutedCluster} from './decision.ts';
import type {ClusterView, View} from './view.ts';

export type PreferClosest = 'None' | 'Zone' | 'Region';

/**
 * Splits one tier into several by distance from the asking cluster, the closest first (`preferClosest`, after KEP-5939):
 * `Zone` into its zone, its region, and the rest; `Region` into its region and the rest. A preference, never a border: the
 * next is used when none before is healthy. Without the asking cluster's own place nothing is split.
 */
export function splitByPlace(
  tier: readonly RoutedCluster[],
  view: View,
  prefer: PreferClosest,
): readonly (readonly RoutedCluster[])[] {
  const here = view.clusters.get(view.clusterId);
  if (prefer === 'None' || here === undefined) return [tier];
  const byDistance: RoutedCluster[][] = [[], [], []];
  for (const routed of tier) byDistance[distance(here, view.clusters.get(routed.cluster), prefer)]?.push(routed);
  return byDistance.filter((clusters) => clusters.length > 0);
}

function distance(here: ClusterView, there: ClusterView | undefined, prefer: 'Zone' | 'Region'): 0 | 1 | 2 {
  if (there === undefined || there.region !== here.region) return 2;
  // Two regions may use the same name for a zone, so zones are compared within a region only.
  return prefer === 'Region' || there.zone === here.zone ? 0 : 1;
}
