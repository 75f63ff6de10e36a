import type {LeftOutReason, RoutedCluster} from '../../src/clusterset/decision.ts';
import {DRAIN_PARTS, drainedParts} from '../../src/clusterset/drain.ts';
import {refusedSource} from '../../src/clusterset/import-policy.ts';
import {route} from '../../src/clusterset/route.ts';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import {parseAddress} from '../wire/address.ts';
import type {WeightedAddresses} from './address-spread.ts';

/** All that DNS asks of the decision engine, so that it decides nothing about clusters by itself. */

const NOBODY: ReadonlySet<string> = new Set();

/** Everybody who may have a part in an import: its exporters, and those whose slices are here. */
export function sourcesOf({clusters, sliceClusters = [], slices}: ImportView): readonly string[] {
  if (slices.length === 0 && sliceClusters.length === 0) return clusters;
  return [...new Set([...clusters, ...sliceClusters, ...slices.map(({sourceCluster}) => sourceCluster)])];
}

/** Clusters from which the ImportPolicies of this one let nothing in for whatever consumer (design §10: before DNS). */
export function refusedClusters(service: ImportView, view: View): ReadonlySet<string> {
  if (view.importPolicies.size === 0) return NOBODY;
  return new Set(sourcesOf(service).filter((id) => refusedSource(service, id, {view}) !== undefined));
}

/**
 * Why the endpoints of a cluster are not in a Headless answer, by cluster id; who is not in it is answered (design §7).
 * Tiers don't count here: clients of a headless service choose among its pods themselves. Nor does the gateway's health, as no
 * gateway is on the way. A cluster that the hub withdraws has no endpoints here any more: the hub takes them away.
 *
 * @param refused - by ImportPolicies, see {@link refusedClusters}
 */
export function headlessLeftOut(
  service: ImportView,
  view: View,
  refused: ReadonlySet<string>,
): ReadonlyMap<string, LeftOutReason> {
  const drainedByPolicy = zeroWeights(service, view);
  const leftOut = new Map<string, LeftOutReason>();
  for (const id of sourcesOf(service)) {
    const reason = refused.has(id) ? 'ImportPolicy' : whyNotAnswered(id, service, view);
    const why = reason ?? (drainedByPolicy.has(id) ? 'WeightZero' : undefined);
    if (why !== undefined) leftOut.set(id, why);
  }
  return leftOut;
}

function whyNotAnswered(id: string, service: ImportView, view: View): LeftOutReason | undefined {
  const at = view.clusters.get(id);
  if (drainedParts(at, service) === DRAIN_PARTS) return 'Drained';
  if (id === view.clusterId) return undefined;
  if (at === undefined) return 'UnknownCluster';
  const isNear = at.network !== undefined && at.network === view.clusters.get(view.clusterId)?.network;
  return isNear ? undefined : 'NotSameNetwork';
}

/** Weight 0 drains (design §5), also where addresses are not chosen by weight. */
function zeroWeights(service: ImportView, view: View): ReadonlySet<string> {
  if (!view.trafficPolicies.has(`${service.namespace}/${service.name}`)) return NOBODY;
  const {leftOut} = route({import: service, view});
  return new Set(leftOut.filter(({reason}) => reason === 'WeightZero').map(({cluster}) => cluster));
}

/** What `--dns-answer=gateways` answers for a ClusterSetIP import. */
export interface GatewayAnswer {
  /** The one port that means the same at the gateways as in the import. */
  readonly port: number;
  readonly clusters: readonly (WeightedAddresses & {readonly cluster: string})[];
}

/**
 * The gateways of the first tier in which a healthy cluster has one that listens on a TCP port of the import: what clients
 * connect to there is what the import says (design §7). A cluster without such a gateway, as the own one may be, can't be
 * answered in this way and is passed over.
 *
 * @returns undefined: no gateway listens on a port of the import, or none of those is healthy
 */
export function gatewayAnswer(service: ImportView, view: View): GatewayAnswer | undefined {
  for (const port of service.ports) {
    if ((port.protocol ?? 'TCP') !== 'TCP' || !hasGatewayAt(service, view, port.port)) continue;
    for (const tier of route({import: service, view, port}).tiers) {
      const clusters = tier.flatMap((routed) => gatewayOf(routed, view, port.port));
      if (clusters.length > 0) return {port: port.port, clusters};
    }
  }
  return undefined;
}

function hasGatewayAt(service: ImportView, view: View, port: number): boolean {
  return service.clusters.some((id) => view.clusters.get(id)?.gateway?.port === port);
}

function gatewayOf({cluster, weight}: RoutedCluster, view: View, port: number): GatewayAnswer['clusters'] {
  const gateway = view.clusters.get(cluster)?.gateway;
  if (gateway?.port !== port) return [];
  const addresses = gateway.addresses.map((text) => parseAddress(text)).filter((address) => address !== undefined);
  return addresses.length > 0 ? [{cluster, weight, addresses}] : [];
}
