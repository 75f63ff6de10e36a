import {BlockList} from 'node:net';

import type {Service, ServiceCIDR} from '../api/kinds.ts';
import {parseCidr} from './addresses.ts';

/** Ranges of one address each: those of Service `default/kubernetes`, whatever else is known of a service range. */
export function apiServerRanges(kubernetes: Service | undefined): readonly string[] {
  const {clusterIP, clusterIPs = clusterIP === undefined ? [] : [clusterIP]} = kubernetes?.spec ?? {};
  return clusterIPs.map((address) => `${address}/${address.includes(':') ? 128 : 32}`);
}

/** What is known of the ranges that a cluster's own Services have addresses of. */
export interface ServiceRanges {
  /** Sorted. Those on their way out too: Services still have addresses of them. */
  readonly cidrs: readonly string[];
  /** How many Services can have an address of every family; undefined: the cluster doesn't say. */
  readonly size: number | undefined;
}

/** Of its ServiceCIDR objects, and what `default/kubernetes` says, which is all where the kind isn't served. */
export function serviceRanges(declared: Iterable<ServiceCIDR>, kubernetes: Service | undefined): ServiceRanges {
  const objects = [...declared];
  const lasting = objects.filter(({metadata}) => metadata.deletionTimestamp === undefined);
  const cidrs = objects.flatMap(({spec}) => spec?.cidrs ?? []);
  return {
    cidrs: [...new Set([...cidrs, ...apiServerRanges(kubernetes)])].sort(),
    size: countAddresses(lasting.flatMap(({spec}) => spec?.cidrs ?? [])),
  };
}

/**
 * How many addresses ranges have in the family that has fewer; undefined where there is no range. ServiceCIDRs may lie inside of
 * each other: addresses count once.
 */
export function countAddresses(cidrs: readonly string[]): number | undefined {
  const ranges = [...new Set(cidrs)].flatMap((cidr) => parseCidr(cidr) ?? []).sort((a, b) => a.prefix - b.prefix);
  const sizes = ([4, 6] as const).flatMap((version) => {
    const counted = new BlockList();
    let size = 0;
    for (const {network, prefix} of ranges.filter((range) => range.version === version)) {
      // Two ranges are apart, or one is inside of the other; wider ones were counted before.
      if (counted.check(network, `ipv${version}`)) continue;
      counted.addSubnet(network, prefix, `ipv${version}`);
      size += 2 ** ((version === 4 ? 32 : 128) - prefix);
    }
    return size === 0 ? [] : [size];
  });
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}
