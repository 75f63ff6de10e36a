import {randomBytes} from 'node:crypto';
import {isIP} from 'node:net';
import type {ForwardLimits} from './forward/forwarder.ts';
import type {CacheLimits} from './forward/answer-cache.ts';
import {LoopProbe} from './forward/loop-probe.ts';
import type {UpstreamAddress} from './forward/upstream.ts';
import type {ListenAddress, Listener} from './transport/bind.ts';
import type {RateLimit} from './transport/rate-limiter.ts';
import {DEFAULT_TCP_LIMITS} from './transport/tcp-limits.ts';
import type {TcpLimits} from './transport/tcp-limits.ts';
import {SIP_KEY_BYTES} from './wire/sip-hash.ts';
import type {TransportSettings} from './worker-messages.ts';

const MAX_WORKERS = 64;
const MAX_RATE = 1_000_000;

/** How queries reach the server, what they may take, and what becomes of those for other zones. */
export interface TransportOptions {
  /** For UDP and TCP: IP addresses; `::` takes IPv4 too, unless `0.0.0.0` is there as well. Port 0: any that is free for both. */
  readonly listen: ListenAddress | readonly ListenAddress[];
  /** For DNS over TLS, and for DNS over HTTPS; both are answered by a thread of their own. Default: none. */
  readonly tlsListen?: readonly ListenAddress[];
  readonly httpsListen?: readonly ListenAddress[];
  /** Answering threads; more than one share the port (`SO_REUSEPORT`). Default 1. */
  readonly workers?: number;
  readonly tcp?: Partial<TcpLimits>;
  readonly cookies?: {
    /** 16 octets each; the first signs, all are known. Default: a random one for this process, renewed every day. */
    readonly secrets?: readonly Uint8Array[];
    /** Over UDP, clients that send cookies must have one of ours (BADCOOKIE). Default false. */
    readonly required?: boolean;
  };
  /** Of UDP answers by network of the client, of all workers together. Default: no limit. */
  readonly rateLimit?: RateLimit;
  /** Resolvers for names outside the zone, asked in this order, for private sources only. Default: none, such names are REFUSED. */
  readonly upstreams?: readonly UpstreamAddress[];
  readonly forward?: {readonly limits?: Partial<ForwardLimits>; readonly cache?: Partial<CacheLimits>};
}

/** @returns what is wrong with the options, and what would be right; undefined: nothing */
export function findTransportProblem(options: TransportOptions): string | undefined {
  const {tlsListen = [], httpsListen = [], upstreams = [], workers = 1, rateLimit, cookies} = options;
  const addresses = plainAddresses(options);
  if (addresses.length === 0) return 'no address to listen on';
  for (const {host} of [...addresses, ...tlsListen, ...httpsListen]) {
    if (isIP(host) === 0) return `${host} is not an IP address; use for example 0.0.0.0 or ::`;
  }
  if (!isWithin(workers, 1, MAX_WORKERS)) return `${workers} workers; use 1 to ${MAX_WORKERS}`;
  if (rateLimit && !isWithin(rateLimit.perSecond, 1, MAX_RATE))
    return `${rateLimit.perSecond} answers a second; use 1 or more`;
  if (cookies?.secrets?.some((secret) => secret.length !== SIP_KEY_BYTES) || cookies?.secrets?.length === 0) {
    return `a secret for cookies has ${SIP_KEY_BYTES} octets`;
  }
  return upstreams.map((upstream) => findUpstreamProblem(upstream, addresses)).find((problem) => problem !== undefined);
}

/** Loops through other servers are found while running; this one would be our own mistake. */
function findUpstreamProblem({host, port}: UpstreamAddress, addresses: readonly ListenAddress[]): string | undefined {
  if (isIP(host) === 0) return `the upstream ${host} is not an IP address`;
  if (!isWithin(port, 1, 65_535)) return `the upstream ${host} has port ${port}; use 1 to 65535`;
  const isOwn = addresses.some((own) => own.host === host && own.port === port);
  return isOwn ? `the upstream ${host} port ${port} is this server itself` : undefined;
}

export function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

export function plainAddresses({listen}: TransportOptions): readonly ListenAddress[] {
  return 'host' in listen ? [listen] : listen;
}

export function plainListeners(options: TransportOptions): readonly Listener[] {
  const addresses = plainAddresses(options);
  return addresses.map(({host, port}) => {
    // Two sockets for IPv4 on one port would be one too many.
    const ipv6Only = host === '::' && addresses.some((other) => other.host === '0.0.0.0' && other.port === port);
    return {kind: 'plain', host, port, ipv6Only};
  });
}

export function secureListeners({tlsListen = [], httpsListen = []}: TransportOptions): readonly Listener[] {
  return [
    ...tlsListen.map(({host, port}): Listener => ({kind: 'tls', host, port, ipv6Only: false})),
    ...httpsListen.map(({host, port}): Listener => ({kind: 'https', host, port, ipv6Only: false})),
  ];
}

/**
 * A client's port picks the worker. Who floods a network in its name uses all ports, so each worker has its part of the limit: a client
 * that keeps to one port has no more than that part, and comes by TCP for the rest.
 */
function ofOneWorker({perSecond, burst = perSecond, ...rest}: RateLimit, workers: number): RateLimit {
  return {...rest, perSecond: perSecond / workers, burst: Math.max(1, burst / workers)};
}

/** What every worker is told. */
export function transportSettings(options: TransportOptions): TransportSettings {
  const {upstreams = [], tcp, cookies, rateLimit, forward, workers = 1} = options;
  return {
    tcp: {...DEFAULT_TCP_LIMITS, ...tcp},
    cookies: {secrets: cookies?.secrets ?? [randomBytes(SIP_KEY_BYTES)], required: cookies?.required ?? false},
    ...(rateLimit ? {rateLimit: ofOneWorker(rateLimit, workers)} : {}),
    ...(upstreams.length === 0
      ? {}
      : {
          forward: {
            ...forward,
            upstreams,
            loopToken: randomBytes(16).toString('hex'),
            loops: LoopProbe.allocate(upstreams.length),
          },
        }),
  };
}
