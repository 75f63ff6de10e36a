import type {ImportPort} from '../api/kinds.ts';
import type {LeftOutReason, Reach} from './decision.ts';
import type {ClusterView, ImportView, View} from './view.ts';

/** How a cluster's endpoints of an import are reached, or why they can't be. */
export type ReachVerdict =
  {readonly reach: Reach} | {readonly reach: undefined; readonly reason: LeftOutReason; readonly message: string};

/**
 * Clusters of one network are reached at their pods' addresses, where their slices are imported; others by their gateway,
 * which carries TCP only. Headless services, UDP and SCTP know no other way than the first (design §7, §9). A cluster without
 * a network shares it with nobody.
 *
 * @param at - undefined: not in the clusterset
 */
export function reachOf(
  cluster: string,
  at: ClusterView | undefined,
  {import: imported, view, port}: {readonly import: ImportView; readonly view: View; readonly port?: ImportPort},
): ReachVerdict {
  if (cluster === view.clusterId) return {reach: 'Local'};
  if (at === undefined) return unreached('UnknownCluster', 'no cluster of this id is in the clusterset');
  const own = view.clusters.get(view.clusterId)?.network;
  const sameNetwork = own !== undefined && own === at.network;
  if (sameNetwork && hasSlices(cluster, imported)) return {reach: 'Direct'};
  const what = whatNeedsPods(imported, port);
  if (what === undefined)
    return at.gateway === undefined ? unreached('NoGateway', 'it has no gateway') : {reach: 'Gateway'};
  if (sameNetwork && imported.refusedAddresses?.some((refused) => refused.cluster === cluster) === true)
    return unreached('AddressesRefused', `${what}, and all its pods have addresses that may not be used here`);
  return sameNetwork
    ? unreached('SlicesNotImported', `${what}, and none of its slices is imported here`)
    : unreached('NotSameNetwork', `${what}, and it is not in the network of this cluster`);
}

function unreached(reason: LeftOutReason, message: string): ReachVerdict {
  return {reach: undefined, reason, message};
}

function hasSlices(cluster: string, {sliceClusters, slices}: ImportView): boolean {
  return sliceClusters?.includes(cluster) ?? slices.some(({sourceCluster}) => sourceCluster === cluster);
}

function whatNeedsPods(imported: ImportView, port: ImportPort | undefined): string | undefined {
  if (imported.type === 'Headless') return "a headless service is reached at its pods' addresses only";
  const protocol = port?.protocol ?? 'TCP';
  return protocol === 'TCP' ? undefined : `gateways do not carry ${protocol}`;
}
