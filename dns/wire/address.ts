import {isIP} from 'node:net';
import ipaddr from 'ipaddr.js';

export interface Address {
  /** 4 or 16 octets, network order. */
  readonly bytes: Uint8Array;
  /** RFC 5952 for IPv6, dotted quad for IPv4: equal addresses have equal text. */
  readonly text: string;
}

/** @returns undefined for anything but an address: octal quads, ranges, and IPv6 with a zone id, which DNS can't carry */
export function parseAddress(text: string): Address | undefined {
  const family = isIP(text);
  // It allows no leading zeros, so that there is one way to write an address, and no need for the slow library below.
  if (family === 4) return {bytes: Uint8Array.from(text.split('.'), Number), text};
  if (family === 0 || text.includes('%')) return undefined;
  const parsed = ipaddr.parse(text);
  return {bytes: Uint8Array.from(parsed.toByteArray()), text: parsed.toString()};
}
