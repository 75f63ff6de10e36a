import type {ImportView, View} from '../../src/clusterset/view.ts';

/** Unreachable for longer than this, a source counts as stale: still served, and marked (design §6). */
const STALENESS_BOUND_MS = 15 * 60_000;

/** What the answers for an import depend on beside the import itself. */
export interface ClusterFact {
  /** Its endpoints may be answered here (design §7). */
  readonly reaches: boolean;
  /** When it turns stale, ms since the epoch; 0: it does not. */
  readonly staleAtMs: number;
}

/**
 * The facts of all clusters for the asking one. Pod addresses mean something only within one network, so a cluster without a
 * network shares it with nobody; the asking cluster's own endpoints are always good.
 */
export function clusterFacts(view: View): ReadonlyMap<string, ClusterFact> {
  const network = view.clusters.get(view.clusterId)?.network;
  const facts = new Map<string, ClusterFact>([[view.clusterId, {reaches: true, staleAtMs: 0}]]);
  for (const cluster of view.clusters.values()) {
    if (cluster.id === view.clusterId) continue;
    // No staleness clock runs while nobody knows whether the hub still sees the cluster (design §6, heartbeat expired).
    const since = view.hub.state === 'Alive' && cluster.api.state === 'Unreachable' ? cluster.api.sinceMs : undefined;
    facts.set(cluster.id, {
      reaches: network !== undefined && cluster.network === network,
      staleAtMs: since === undefined ? 0 : since + STALENESS_BOUND_MS,
    });
  }
  return facts;
}

/** Ids whose facts differ between the two. */
export function changedFacts(
  before: ReadonlyMap<string, ClusterFact>,
  after: ReadonlyMap<string, ClusterFact>,
): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const a = before.get(id);
    const b = after.get(id);
    if (a?.reaches !== b?.reaches || a?.staleAtMs !== b?.staleAtMs) changed.add(id);
  }
  return changed;
}

/** Whether answers for the import depend on any of these clusters. */
export function dependsOn(service: ImportView, clusters: ReadonlySet<string>): boolean {
  return (
    service.clusters.some((id) => clusters.has(id)) || service.slices.some((slice) => clusters.has(slice.sourceCluster))
  );
}

/**
 * When answers for an import turn stale, 0: never. A Headless answer is as stale as the stalest cluster in it; a ClusterSetIP
 * is carried by whoever is left, so it is stale only when every exporter is.
 */
export function staleAtMs(service: ImportView, facts: ReadonlyMap<string, ClusterFact>): number {
  if (service.type === 'Headless') {
    const times = service.slices
      .map((slice) => facts.get(slice.sourceCluster))
      .filter((fact) => fact?.reaches === true)
      .map((fact) => fact?.staleAtMs ?? 0)
      .filter((at) => at > 0);
    return times.length > 0 ? Math.min(...times) : 0;
  }
  const times = service.clusters.map((id) => facts.get(id)?.staleAtMs ?? 0);
  return times.length > 0 && times.every((at) => at > 0) ? Math.max(...times) : 0;
}
