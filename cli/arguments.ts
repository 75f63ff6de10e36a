import {isIP} from 'node:net';

import {InvalidArgumentError} from 'commander';

import {nameFromText} from '../dns/wire/name.ts';
import {isDnsLabel} from '../src/api/names.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT` or `[IPV6]:PORT`; port 0 lets the system choose, and the chosen one is logged and in the ports file. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  const port = Number(match?.groups?.['port']);
  if (host === undefined || port > 65_535) {
    throw new InvalidArgumentError('expected HOST:PORT or [IPV6]:PORT with a port from 0 to 65535');
  }
  return {host, port};
}

/** `HOST`, `HOST:PORT`, an IPv6 address, or `[IPV6]:PORT`: a server to ask. */
export function parseServer(text: string): {readonly host: string; readonly port?: number} {
  if (isIP(text) !== 0 || /^[\w.-]+$/.test(text)) return {host: text};
  const {host, port} = parseListenAddress(text);
  if (port === 0) throw new InvalidArgumentError('expected a port from 1 to 65535');
  return {host, port};
}

const MAX_ZONE_OCTETS = 128;

/** A domain name with room for the names of services below it, as the zone of DNS. */
export function parseZone(text: string): string {
  const name = nameFromText(text);
  if (name === undefined || name.length > MAX_ZONE_OCTETS || !/^[\x21-\x7e]+$/.test(text)) {
    throw new InvalidArgumentError(
      `expected a domain name of at most ${MAX_ZONE_OCTETS} octets, such as clusterset.local`,
    );
  }
  return text;
}

/** The id of a cluster or of a clusterset, which becomes a label and part of names (KEP-2149). */
export function parseId(text: string): string {
  if (!isDnsLabel(text)) {
    throw new InvalidArgumentError(
      'expected a DNS label (RFC 1123): at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends',
    );
  }
  return text;
}

/** The reverse of {@link parseListenAddress}: also the authority of a URL. */
export function shownAddress({host, port}: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A base URL for webhooks, or `auto`: https, and nothing behind the path, which API servers refuse. */
export function parseWebhookUrl(text: string): string {
  if (text === 'auto') return text;
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new InvalidArgumentError('expected `auto` or an https URL without query, such as https://192.0.2.1:9443');
  }
  return text;
}

/** A whole number within bounds, with a sentence for everything else. */
export function parseWholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`expected a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  };
}

const UNITS_MS: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000};

/** A duration such as `500ms`, `10s`, `5m`, in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(?<count>\d{1,9})(?<unit>ms|s|m|h)$/.exec(text);
  const unit = UNITS_MS[match?.groups?.['unit'] ?? ''];
  if (match === null || unit === undefined)
    throw new InvalidArgumentError('expected a duration such as 500ms, 10s or 5m');
  return Number(match.groups?.['count']) * unit;
}
