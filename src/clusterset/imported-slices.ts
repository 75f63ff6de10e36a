import type {KubeObject} from '../api/meta.ts';
import type {Endpoint, EndpointSlice, IPFamily} from '../api/kinds.ts';
import {
  HUB_MANAGED_BY,
  importedSliceName,
  MCS_SERVICE_NAME_LABEL,
  MCS_SOURCE_CLUSTER_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../api/names.ts';
import {apiVersionOf, endpointSlices, serviceImports} from '../api/resources.ts';
import {refuseAddress} from './addresses.ts';
import type {ReadSlice} from './intake/read-slices.ts';

/** An import in one receiving cluster that slices are made for. */
export interface ReceivingImport {
  readonly namespace: string;
  readonly name: string;
  /** The slices go with it, also where no hub is left to see to that. */
  readonly uid: string;
}

/** What of a source's slices a receiving cluster can use. */
export interface ReceivedSlices {
  readonly slices: readonly ReadSlice[];
  /** Addresses inside of those ranges, sorted. */
  readonly refused: readonly string[];
}

/** What was made of a source's slices for one set of ranges, for as long as they are kept: most members have the same ranges. */
const known = new WeakMap<readonly ReadSlice[], Map<string, ReceivedSlices>>();

/**
 * Takes out of one source's slices what is inside ranges of the receiving cluster's own (design §10). Everything that does not
 * depend on the receiver was refused when they were read.
 *
 * @param ownCIDRs - as far as whoever asks may know: the hub knows the address of the API server alone
 */
export function receiveSlices(slices: readonly ReadSlice[], ownCIDRs: readonly string[]): ReceivedSlices {
  const byRanges = known.get(slices) ?? new Map<string, ReceivedSlices>();
  known.set(slices, byRanges);
  const ranges = ownCIDRs.join();
  const received = byRanges.get(ranges) ?? receive(slices, ownCIDRs);
  byRanges.set(ranges, received);
  return received;
}

function receive(slices: readonly ReadSlice[], ownCIDRs: readonly string[]): ReceivedSlices {
  const refused = new Set<string>();
  const isUsable = (address: string): boolean => {
    const isInside = refuseAddress(address, {development: true, serviceCIDRs: ownCIDRs}) === 'ServiceRange';
    if (isInside) refused.add(address);
    return !isInside;
  };
  const kept = slices.map((slice) => ({
    ...slice,
    endpoints: slice.endpoints.flatMap((endpoint) => {
      const addresses = endpoint.addresses.filter(isUsable);
      return addresses.length === 0 ? [] : [{...endpoint, addresses}];
    }),
  }));
  return {slices: refused.size === 0 ? slices : kept, refused: [...refused].sort()};
}

/**
 * The object that stands for one source slice in a receiving cluster (MCS §2, 40-44): one for each, also where no endpoint is
 * left, with both labels, conditions word for word, and never `kubernetes.io/service-name`, by which it would send the traffic
 * of a local Service elsewhere.
 */
export function importedSlice(slice: ReadSlice, of: ReceivingImport): EndpointSlice {
  const {sourceCluster, addressType, endpoints, ports} = slice;
  const source = {cluster: sourceCluster, slice: slice.name, addressType};
  const {namespace, name, uid} = of;
  return {
    apiVersion: apiVersionOf(endpointSlices),
    kind: endpointSlices.kind,
    metadata: {
      namespace,
      name: importedSliceName({namespace, service: name}, source),
      labels: {
        [SLICE_MANAGED_BY_LABEL]: HUB_MANAGED_BY,
        [MCS_SERVICE_NAME_LABEL]: name,
        [MCS_SOURCE_CLUSTER_LABEL]: sourceCluster,
      },
      ownerReferences: [{apiVersion: apiVersionOf(serviceImports), kind: serviceImports.kind, name, uid}],
    },
    addressType: addressType satisfies IPFamily,
    endpoints: endpoints.map(toEndpoint),
    ports: ports.map(({name: portName, port, protocol}) => ({name: portName, port, protocol})),
  };
}

/** With the fields in which API servers answer them, so that what was written compares equal to what is wanted. */
function toEndpoint({addresses, conditions = {}, hostname, nodeName, zone}: Endpoint): Endpoint {
  return {
    addresses,
    conditions,
    ...(hostname === undefined ? {} : {hostname}),
    ...(nodeName === undefined ? {} : {nodeName}),
    ...(zone === undefined ? {} : {zone}),
  };
}

/** The cluster that an imported slice says to be from. */
export function sourceOf({metadata}: KubeObject): string | undefined {
  return metadata.labels?.[MCS_SOURCE_CLUSTER_LABEL];
}
