import {concludeSource, isReadinessOutdated, signalsOf, STALENESS_BOUND_MS} from '../../src/clusterset/staleness.ts';
import type {ClusterView, ImportView, View} from '../../src/clusterset/view.ts';

/** What the answers for an import depend on beside the import itself. */
export interface ClusterFact {
  /** Its endpoints may be answered here, as far as networks go (design §7). */
  readonly reaches: boolean;
  /** When it turns stale, ms since the epoch; 0: it does not. */
  readonly staleAtMs: number;
  /** Changes with how far it is drained. */
  readonly drain: string;
  /** Changes with everything else that a route may depend on; empty while no answer is made of routes. */
  readonly routing: string;
}

/**
 * The facts of all clusters for the asking one. Pod addresses mean something only within one network, so a cluster without a
 * network shares it with nobody; the asking cluster's own endpoints are always good.
 *
 * @param routed - whether answers depend on routes: gateway addresses, or ImportPolicies that may look at clusters
 */
export function clusterFacts(view: View, routed: boolean): ReadonlyMap<string, ClusterFact> {
  const network = view.clusters.get(view.clusterId)?.network;
  const facts = new Map<string, ClusterFact>([[view.clusterId, ownFact(view, routed)]]);
  for (const cluster of view.clusters.values()) {
    if (cluster.id === view.clusterId) continue;
    facts.set(cluster.id, {
      ...changing(cluster, view, routed),
      reaches: network !== undefined && cluster.network === network,
      staleAtMs: turnsStaleAtMs(cluster, view),
    });
  }
  return facts;
}

function ownFact(view: View, routed: boolean): ClusterFact {
  return {...changing(view.clusters.get(view.clusterId), view, routed), reaches: true, staleAtMs: 0};
}

function changing(cluster: ClusterView | undefined, view: View, routed: boolean): {drain: string; routing: string} {
  return {
    drain: `${cluster?.drain} ${cluster?.drainShare}`,
    routing: routed ? `${JSON.stringify(cluster ?? null)} ${concluded(cluster, view)}` : '',
  };
}

/** What passing time alone changes: whether what is known of it is too old. */
function concluded(cluster: ClusterView | undefined, view: View): string {
  if (cluster === undefined) return '';
  return `${concludeSource(signalsOf(cluster, view)).state} ${isReadinessOutdated(cluster.id, view)}`;
}

/** No staleness clock runs while nobody knows whether the hub still sees the cluster; it starts anew when the hub is back (design §6). */
function turnsStaleAtMs({api}: ClusterView, {hub}: View): number {
  if (hub.state !== 'Alive' || api.state !== 'Unreachable' || api.sinceMs === undefined) return 0;
  return Math.max(api.sinceMs, hub.sinceMs ?? 0) + STALENESS_BOUND_MS;
}

export interface ChangedFacts {
  /** Clusters of which anything differs. */
  readonly any: ReadonlySet<string>;
  /** Those of which something differs that an answer made of `ips` depends on. */
  readonly ofAddresses: ReadonlySet<string>;
}

export function changedFacts(
  before: ReadonlyMap<string, ClusterFact>,
  after: ReadonlyMap<string, ClusterFact>,
): ChangedFacts {
  const any = new Set<string>();
  const ofAddresses = new Set<string>();
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const a = before.get(id);
    const b = after.get(id);
    const isStalenessNew = a?.staleAtMs !== b?.staleAtMs || a?.routing !== b?.routing;
    if (isStalenessNew) ofAddresses.add(id);
    if (isStalenessNew || a?.reaches !== b?.reaches || a?.drain !== b?.drain) any.add(id);
  }
  return {any, ofAddresses};
}

/** Whether answers for the import depend on any of these clusters. */
export function dependsOn(service: ImportView, clusters: ReadonlySet<string>): boolean {
  return (
    service.clusters.some((id) => clusters.has(id)) || service.slices.some((slice) => clusters.has(slice.sourceCluster))
  );
}

/**
 * When answers for an import turn stale, 0: never. A Headless answer is as stale as the stalest cluster in it; a ClusterSetIP
 * is carried by whoever is left, so it is stale only when everybody is who may carry it.
 *
 * @param answered - Headless: whose endpoints are answered; ClusterSetIP: who may carry it
 */
export function staleAtMs(
  type: ImportView['type'],
  answered: readonly string[],
  facts: ReadonlyMap<string, ClusterFact>,
): number {
  const times = answered.map((id) => facts.get(id)?.staleAtMs ?? 0);
  if (type === 'Headless') {
    const stale = times.filter((at) => at > 0);
    return stale.length > 0 ? Math.min(...stale) : 0;
  }
  return times.length > 0 && times.every((at) => at > 0) ? Math.max(...times) : 0;
}
