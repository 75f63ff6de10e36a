import {isIPv4, isIPv6} from 'node:net';
import ipaddr from 'ipaddr.js';

export type IpFamily = 'IPv4' | 'IPv6';

export function familyOfIp(address: string): IpFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** What is wrong with the way an IP address is written, in the words of a kube-apiserver; empty for a good one. */
export function wrongIpAddress(address: string): string[] {
  if (isIPv4(address)) return [];
  if (/^\d+(\.\d+){3}$/.test(address) && isIPv4(address.replace(/\b0+(?=\d)/g, '')))
    return ['must not have leading 0s'];
  if (!isIPv6(address) || address.includes('%')) {
    return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  }
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return ['must not be an IPv4-mapped IPv6 address'];
  const canonical = parsed.toString();
  return canonical === address ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

interface SpecialRange {
  readonly cidrs: readonly string[];
  readonly text: string;
}

const SPECIAL_RANGES: readonly SpecialRange[] = [
  {cidrs: ['0.0.0.0/32'], text: 'may not be unspecified (0.0.0.0)'},
  {cidrs: ['::/128'], text: 'may not be unspecified (::)'},
  {cidrs: ['127.0.0.0/8', '::1/128'], text: 'may not be in the loopback range (127.0.0.0/8, ::1/128)'},
  {cidrs: ['169.254.0.0/16', 'fe80::/10'], text: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'},
  {
    cidrs: ['224.0.0.0/24', 'ff02::/16'],
    text: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
  },
];

/**
 * Addresses that may not stand in an EndpointSlice or in `externalIPs` (apiserver.md §6). A real API server takes much that is no
 * endpoint either: other multicast, 240.0.0.0/4, Service IPs.
 *
 * @param address - one without a fault of {@link wrongIpAddress}
 */
export function specialIp(address: string): string[] {
  const parsed = ipaddr.parse(address);
  const isIn = (cidr: string): boolean => {
    const [range, bits] = ipaddr.parseCIDR(cidr);
    return range.kind() === parsed.kind() && parsed.match(range, bits);
  };
  return SPECIAL_RANGES.filter((special) => special.cidrs.some(isIn)).map((special) => special.text);
}
