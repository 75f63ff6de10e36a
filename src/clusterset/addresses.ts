import {BlockList, isIP} from 'node:net';

export type AddressRefusal =
  | 'NotAnAddress'
  | 'Unspecified'
  | 'Loopback'
  | 'LinkLocal'
  | 'Multicast'
  | 'Broadcast'
  | 'Reserved'
  | 'MetadataService'
  | 'ServiceRange'
  | 'OutsidePodCIDRs';

/**
 * Ranges that no endpoint or gateway of another cluster can have (design §10; the class of CVE-2026-66788), narrower ones
 * first. IPv4 inside IPv6 is refused as a whole: it is another spelling of addresses in this list.
 */
const SPECIAL_RANGES: readonly (readonly [AddressRefusal, readonly string[]])[] = [
  ['Unspecified', ['0.0.0.0/8', '::/128']],
  ['Loopback', ['127.0.0.0/8', '::1/128']],
  // 169.254.169.254 hands out a cloud's credentials.
  ['LinkLocal', ['169.254.0.0/16', 'fe80::/10']],
  ['Multicast', ['224.0.0.0/4', 'ff00::/8']],
  ['Broadcast', ['255.255.255.255/32']],
  // Clouds' metadata services outside of the link-local range: they hand out credentials to whoever asks.
  [
    'MetadataService',
    ['fd00:ec2::254/128', 'fd20:ce::254/128', '168.63.129.16/32', '192.0.0.192/32', '100.100.100.200/32'],
  ],
  ['Reserved', ['240.0.0.0/4', '192.0.0.0/24']],
  // IPv4 inside IPv6: compatible, mapped, translated (RFC 6052, 8215), Teredo, 6to4.
  ['Reserved', ['::/96', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16']],
];

const specialRanges = SPECIAL_RANGES.map(([refusal, cidrs]) => ({refusal, ranges: toRanges(cidrs)}));

/**
 * Why an address that came from another cluster may not be used; undefined when it may.
 *
 * @param options - `development` lets loopback through. `serviceCIDRs`: of the receiving cluster, whose first address is its
 * API server. `podCIDRs`: declared by the cluster that the address is from; none declared means no check.
 */
export function refuseAddress(
  address: string,
  options: {
    readonly development: boolean;
    readonly serviceCIDRs?: readonly string[];
    readonly podCIDRs?: readonly string[];
  },
): AddressRefusal | undefined {
  // A zone ("fe80::1%eth0") has a meaning on one machine only.
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0) return 'NotAnAddress';
  const special = specialRanges.find(({ranges}) => ranges.has(address, version))?.refusal;
  if (special !== undefined && !(special === 'Loopback' && options.development)) return special;
  const {serviceCIDRs = [], podCIDRs = []} = options;
  if (serviceCIDRs.length > 0 && rangesOf(serviceCIDRs).has(address, version)) return 'ServiceRange';
  if (podCIDRs.length > 0 && !rangesOf(podCIDRs).has(address, version)) return 'OutsidePodCIDRs';
  return undefined;
}

/** Whether a text is an address range such as 10.1.0.0/16 or fd00::/48. */
export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined;
}

interface AddressRanges {
  has(address: string, version: number): boolean;
}

/** Lists are asked of thousands of endpoints each, so what was made of one is kept as long as it is. */
const known = new WeakMap<readonly string[], AddressRanges>();

function rangesOf(cidrs: readonly string[]): AddressRanges {
  const ranges = known.get(cidrs) ?? toRanges(cidrs);
  known.set(cidrs, ranges);
  return ranges;
}

/** Texts that are no ranges contain no address: a bad `podCIDRs` refuses endpoints, it doesn't open anything. */
function toRanges(cidrs: readonly string[]): AddressRanges {
  // One list a family: a shared one would find an IPv4 address in the IPv6 range of mapped addresses.
  const lists = {4: new BlockList(), 6: new BlockList()};
  for (const cidr of cidrs) {
    const range = parseCidr(cidr);
    if (range !== undefined) lists[range.version].addSubnet(range.network, range.prefix, `ipv${range.version}`);
  }
  return {has: (address, version) => (version === 4 ? lists[4].check(address) : lists[6].check(address, 'ipv6'))};
}

/** A range's parts; undefined: the text is none. The network may have bits of a host: only the prefix counts. */
export function parseCidr(text: string): {network: string; prefix: number; version: 4 | 6} | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text);
  const [, network = '', digits = ''] = match ?? [];
  const version = isIP(network);
  const prefix = Number(digits);
  if ((version !== 4 && version !== 6) || prefix > (version === 4 ? 32 : 128)) return undefined;
  return {network, prefix, version};
}
