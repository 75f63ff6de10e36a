import {BlockList, isIP} from 'node:net';

/**
 * Loopback, private use (RFC 1918, 4193), link-local, and the shared space of RFC 6598, which clouds give to pods. IPv4 inside
 * IPv6 (`::ffff:10.0.0.1`), as a socket for both families shows it, counts as IPv4.
 */
const RANGES: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['127.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
];

const ranges = new BlockList();
for (const range of RANGES) ranges.addSubnet(...range);

/** What was said of addresses before: finding out costs as much as a whole answer. Forgotten when full. */
const known = new Map<string, boolean>();
const MAX_KNOWN = 4096;

/** Whether who asks from there may be told how the clusterset is built (design §7). An address that is not known is nobody's. */
export function isPrivateSource(address: string | undefined): boolean {
  if (address === undefined) return false;
  const before = known.get(address);
  if (before !== undefined) return before;
  if (known.size >= MAX_KNOWN) known.clear();
  const isPrivate = isInRanges(address);
  known.set(address, isPrivate);
  return isPrivate;
}

function isInRanges(address: string): boolean {
  const bare = address.split('%')[0] ?? '';
  const version = isIP(bare);
  return version !== 0 && ranges.check(bare, version === 4 ? 'ipv4' : 'ipv6');
}
