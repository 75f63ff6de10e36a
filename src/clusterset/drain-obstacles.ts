import type {Route} from './decision.ts';
import {portKey} from './merge-ports.ts';
import {route} from './route.ts';
import type {ImportView, View} from './view.ts';

/** What a drain needs to know of one imported service. */
export interface DrainedService {
  readonly namespace: string;
  readonly name: string;
  readonly clusters: readonly string[];
  /** Exporters with a ready endpoint; undefined: not known. */
  readonly readyClusters: readonly string[] | undefined;
  /** Undefined: not known, which counts as consumed. */
  readonly consumed: boolean | undefined;
  readonly ignoreDrain?: readonly string[];
}

export interface DrainObstacle {
  readonly namespace: string;
  readonly name: string;
  readonly reason: 'NoOtherExporter' | 'NoReadySurvivor' | 'ReadinessUnknown' | 'NoRoute';
  readonly message: string;
}

/**
 * Consumed services that would be left without a ready endpoint if a cluster were drained: why `isthmus drain` refuses unless
 * it is forced (design §6: nothing claims more than was observed, so a readiness that is not known is no survivor).
 *
 * @param usable - whether traffic may go to a cluster: not drained itself, gateway not dead
 */
export function drainObstacles(
  cluster: string,
  services: readonly DrainedService[],
  usable: (cluster: string) => boolean,
): readonly DrainObstacle[] {
  return services.flatMap((service): DrainObstacle[] => {
    const {namespace, name, clusters, readyClusters, consumed, ignoreDrain = []} = service;
    if (consumed === false || !clusters.includes(cluster) || ignoreDrain.includes(cluster)) return [];
    const survivors = clusters.filter((other) => other !== cluster && usable(other));
    const at = `Service ${namespace}/${name}`;
    if (survivors.length === 0) {
      return [{namespace, name, reason: 'NoOtherExporter', message: `${at} is exported by no other usable cluster`}];
    }
    const others = survivors.join(', ');
    if (readyClusters === undefined) {
      const message = `whether ${at} has ready endpoints in ${others} is not known`;
      return [{namespace, name, reason: 'ReadinessUnknown', message}];
    }
    if (survivors.some((other) => readyClusters.includes(other))) return [];
    return [{namespace, name, reason: 'NoReadySurvivor', message: `${at} has no ready endpoint in ${others}`}];
  });
}

/**
 * Ports of one import that have somewhere to go from the cluster of the view, and would have nowhere once a cluster is drained:
 * a policy that names it alone, a port that nobody else serves, pods that only it lets this cluster reach, an exporter that is
 * not accepted here. By {@link route} itself, so that a drain is refused for what would happen and nothing else.
 *
 * @param imported - of `view`, the asking cluster's
 */
export function lostRoutes(cluster: string, imported: ImportView, view: View): readonly DrainObstacle[] {
  const at = view.clusters.get(cluster);
  if (at === undefined || !imported.clusters.includes(cluster)) return [];
  const drained: View = {...view, clusters: new Map([...view.clusters, [cluster, {...at, drain: true}]])};
  const {namespace, name} = imported;
  // One without ports is reached as a whole.
  const ports = imported.ports.length === 0 ? [undefined] : imported.ports;
  const lost = ports.flatMap((port) => {
    const asked = {import: imported, ...(port === undefined ? {} : {port})};
    if (route({...asked, view}).tiers.length === 0) return [];
    const left = route({...asked, view: drained});
    if (left.tiers.length > 0) return [];
    return [{port: port === undefined ? 'any port' : portKey(port), because: whyNobodyElse(cluster, left)}];
  });
  const byReason = new Map<string, readonly string[]>();
  for (const {port, because} of lost) byReason.set(because, [...(byReason.get(because) ?? []), port]);
  return [...byReason].map(([because, which]) => {
    const message = `Service ${namespace}/${name} would have no route for ${which.join(', ')}: ${because}`;
    return {namespace, name, reason: 'NoRoute', message};
  });
}

function whyNobodyElse(cluster: string, {leftOut}: Route): string {
  const others = leftOut.filter((out) => out.cluster !== cluster);
  if (others.length === 0) return 'no other cluster exports it';
  return others.map((out) => `${out.cluster} is left out because ${out.message} (${out.reason})`).join('; ');
}
