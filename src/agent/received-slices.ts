import type {EndpointSlice} from '../api/kinds.ts';
import {MCS_SOURCE_CLUSTER_LABEL} from '../api/names.ts';
import type {RefusedAddresses, SliceView} from '../clusterset/view.ts';
import type {AddressRefusal} from '../clusterset/addresses.ts';

/** Why an address from that cluster may not be used here; undefined when it may. */
export type RefuseAddress = (address: string, cluster: string) => AddressRefusal | undefined;

export interface ReceivedSlices {
  readonly slices: readonly SliceView[];
  /** Where slices of a cluster are imported, its pods can be reached at their own addresses, unless all of them are refused. */
  readonly clusters: readonly string[];
  readonly refused: readonly RefusedAddresses[];
}

const MAX_NAMED = 3;

/**
 * The imported slices of one name with nothing in them that may not be used in this cluster: the hub's word for it isn't taken
 * (design §10).
 */
export function receiveImportedSlices(imported: readonly EndpointSlice[], refuse: RefuseAddress): ReceivedSlices {
  const refusals = new Refusals();
  const slices = imported.flatMap((slice): readonly SliceView[] => {
    const cluster = slice.metadata.labels?.[MCS_SOURCE_CLUSTER_LABEL];
    if (cluster === undefined || slice.addressType === 'FQDN') return [];
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const addresses = endpoint.addresses.filter((address) => {
        const reason = refuse(address, cluster);
        if (reason !== undefined) refusals.add(cluster, reason, address);
        return reason === undefined;
      });
      return addresses.length > 0 ? [{...endpoint, addresses}] : [];
    });
    return [{sourceCluster: cluster, addressType: slice.addressType, endpoints, ports: toPorts(slice)}];
  });
  const usable = new Set(slices.flatMap(({sourceCluster, endpoints}) => (endpoints.length > 0 ? [sourceCluster] : [])));
  return {
    slices,
    clusters: sourcesOf(imported).filter((cluster) => usable.has(cluster) || !refusals.isAbout(cluster)),
    refused: refusals.all(),
  };
}

/**
 * The same where only whether pods can be reached is asked: each cluster is looked at up to the first address that may be used,
 * for thousands of endpoints take a while.
 */
export function receiveSources(imported: readonly EndpointSlice[], refuse: RefuseAddress): ReceivedSlices {
  const refusals = new Refusals();
  const clusters: string[] = [];
  for (const cluster of sourcesOf(imported)) {
    const own = new Refusals();
    const isUsable = (address: string): boolean => {
      const reason = refuse(address, cluster);
      if (reason !== undefined) own.add(cluster, reason, address);
      return reason === undefined;
    };
    const endpoints = imported
      .filter((slice) => slice.metadata.labels?.[MCS_SOURCE_CLUSTER_LABEL] === cluster && slice.addressType !== 'FQDN')
      .flatMap((slice) => slice.endpoints ?? []);
    if (endpoints.some(({addresses}) => addresses.some(isUsable)) || !own.isAbout(cluster)) clusters.push(cluster);
    else refusals.addAll(own);
  }
  return {slices: [], clusters, refused: refusals.all()};
}

function sourcesOf(imported: readonly EndpointSlice[]): readonly string[] {
  const sources = imported.flatMap(({metadata}) => metadata.labels?.[MCS_SOURCE_CLUSTER_LABEL] ?? []);
  return [...new Set(sources)].sort();
}

function toPorts({ports}: EndpointSlice): SliceView['ports'] {
  return (ports ?? []).flatMap(({name = '', port, protocol = 'TCP'}) =>
    port === undefined ? [] : [{name, port, protocol}],
  );
}

/** Thousands of refused addresses are told by their number and some of them. */
class Refusals {
  readonly #byCluster = new Map<string, Map<AddressRefusal, Set<string>>>();

  add(cluster: string, reason: AddressRefusal, address: string): void {
    const reasons = this.#byCluster.get(cluster) ?? new Map<AddressRefusal, Set<string>>();
    this.#byCluster.set(cluster, reasons.set(reason, (reasons.get(reason) ?? new Set()).add(address)));
  }

  addAll(other: Refusals): void {
    for (const [cluster, reasons] of other.#byCluster) this.#byCluster.set(cluster, reasons);
  }

  isAbout(cluster: string): boolean {
    return this.#byCluster.has(cluster);
  }

  /** Sorted, so that a condition made of it stays the same as long as nothing changes. */
  all(): readonly RefusedAddresses[] {
    return [...this.#byCluster].sort(byFirst).flatMap(([cluster, reasons]) =>
      [...reasons].sort(byFirst).map(([reason, addresses]) => {
        const some = [...addresses].sort().slice(0, MAX_NAMED);
        return {cluster, reason, count: addresses.size, some};
      }),
    );
  }
}

function byFirst([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
