import {InvalidArgumentError, Option} from 'commander';
import {isIP} from 'node:net';

import type {DnsServerOptions} from '../dns/server.ts';
import type {ListenAddress} from './arguments.ts';
import {parseListenAddress, parseWholeNumber} from './arguments.ts';

const DNS_PORT = 53;
/** Where an agent's DNS listens if nothing else is said: no privileged port, and not mDNS' 5353. */
export const AGENT_DNS_PORT = 1053;
const MOST_ANSWERS = 1_000_000;
const MOST_WORKERS = 64;

/** How the DNS of an agent is reached, as commander reads it. */
export interface DnsTransportFlags {
  readonly dnsListen: readonly ListenAddress[];
  readonly dnsTlsListen?: readonly ListenAddress[];
  readonly dnsHttpsListen?: readonly ListenAddress[];
  readonly dnsTlsSecret?: string;
  readonly dnsUpstream?: readonly ListenAddress[];
  readonly dnsWorkers?: number;
  readonly dnsRateLimit?: number;
  readonly dnsCookieSecret?: string;
  readonly dnsRequireCookies?: boolean;
}

export const dnsTransportOptions = (): readonly Option[] => [
  new Option('--dns-listen <host:port,...>', 'where DNS listens, UDP and TCP')
    .argParser(parseListenAddresses)
    .default([{host: '0.0.0.0', port: AGENT_DNS_PORT}], `0.0.0.0:${AGENT_DNS_PORT}`),
  new Option('--dns-tls-listen <host:port,...>', 'where DNS over TLS listens').argParser(parseListenAddresses),
  new Option('--dns-https-listen <host:port,...>', 'where DNS over HTTPS listens, path /dns-query').argParser(
    parseListenAddresses,
  ),
  new Option(
    '--dns-tls-secret <folder>',
    'tls.crt and tls.key for TLS and HTTPS, read again when they change (default: a certificate of the own CA)',
  ),
  new Option(
    '--dns-upstream <address,...>',
    'resolvers for names outside the zone, for private sources only (default: such names are REFUSED)',
  ).argParser(parseUpstreams),
  new Option('--dns-workers <count>', 'threads that answer UDP and TCP').argParser(parseWholeNumber(1, MOST_WORKERS)),
  new Option(
    '--dns-rate-limit <answers>',
    'UDP answers a second for one /24 or /56, of all --dns-workers together (default: no limit)',
  ).argParser(parseWholeNumber(1, MOST_ANSWERS)),
  new Option(
    '--dns-cookie-secret <file>',
    'secrets of DNS cookies that replicas share, 32 hexadecimal digits a line; the first signs (default: one of this process)',
  ),
  new Option('--dns-require-cookies', 'answer BADCOOKIE over UDP to clients that send cookies, but none of ours'),
];

/** What of it the server is started with; secrets in files come to it later. */
export function toTransportOptions(flags: DnsTransportFlags): Omit<DnsServerOptions, 'listen' | 'logger'> {
  const {dnsTlsListen, dnsHttpsListen, dnsUpstream, dnsWorkers, dnsRateLimit, dnsRequireCookies} = flags;
  return {
    ...(dnsTlsListen && {tlsListen: dnsTlsListen}),
    ...(dnsHttpsListen && {httpsListen: dnsHttpsListen}),
    ...(dnsUpstream && {upstreams: dnsUpstream}),
    ...(dnsWorkers !== undefined && {workers: dnsWorkers}),
    ...(dnsRateLimit !== undefined && {rateLimit: {perSecond: dnsRateLimit}}),
    ...(dnsRequireCookies && {cookies: {required: true}}),
  };
}

/** Several, with commas between them; see {@link parseListenAddress}. */
function parseListenAddresses(text: string): readonly ListenAddress[] {
  return text.split(',').map(parseListenAddress);
}

/** `192.0.2.1`, `192.0.2.1:1053`, `2001:db8::1`, `[2001:db8::1]:1053`, with commas between them. */
function parseUpstreams(text: string): readonly ListenAddress[] {
  return text.split(',').map((part) => {
    const upstream = isIP(part) === 0 ? parseListenAddress(part) : {host: part, port: DNS_PORT};
    if (isIP(upstream.host) !== 0 && upstream.port > 0) return upstream;
    throw new InvalidArgumentError('expected IP addresses, each with or without a port');
  });
}
