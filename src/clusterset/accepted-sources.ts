import {refusedSource} from './import-policy.ts';
import type {ImportView, RefusedSource, View} from './view.ts';

export interface AcceptedSources {
  /** Exporters that this cluster lets in, itself always among them where it exports. */
  readonly accepted: readonly string[];
  readonly refused: readonly RefusedSource[];
}

/**
 * Which exporters of an import the ImportPolicies let in, the hub's and the cluster's own: they combine by narrowing, so one
 * that refuses is enough. The agent asks before DNS, VIP and Envoy: a taken hub can't speak for a cluster that says no
 * (design §10).
 *
 * @param consumerNamespace - undefined: for whichever namespace
 */
export function acceptedSources(imported: ImportView, view: View, consumerNamespace?: string): AcceptedSources {
  const judged = imported.clusters.map((cluster) => {
    const consumer = consumerNamespace === undefined ? {} : {consumerNamespace};
    return {cluster, message: refusedSource(imported, cluster, {view, ...consumer})};
  });
  return {
    accepted: judged.filter(({message}) => message === undefined).map(({cluster}) => cluster),
    refused: judged.flatMap(({cluster, message}) => (message === undefined ? [] : [{cluster, message}])),
  };
}

/** The import with nothing left of refused exporters but the reason: what DNS, Envoy and status may be made of. */
export function withAcceptedOnly(imported: ImportView, view: View): ImportView {
  const {accepted, refused} = acceptedSources(imported, view);
  if (refused.length === 0) return imported;
  const isIn = (cluster: string): boolean => accepted.includes(cluster);
  const served = Object.entries(imported.portClusters).map(
    ([port, clusters]) => [port, clusters.filter(isIn)] as const,
  );
  return {
    ...imported,
    clusters: accepted,
    refused,
    // It would lead to a gateway that may send nowhere.
    ips: accepted.length === 0 ? [] : imported.ips,
    readyClusters: imported.readyClusters?.filter(isIn),
    // A port that no accepted exporter serves stays, served by nobody: without an entry everybody would.
    portClusters: Object.fromEntries(served),
    slices: imported.slices.filter(({sourceCluster}) => isIn(sourceCluster)),
    ...(imported.sliceClusters === undefined ? {} : {sliceClusters: imported.sliceClusters.filter(isIn)}),
  };
}
