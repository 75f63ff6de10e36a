import {isIP} from 'node:net';
import type {Logger} from 'pino';
import {refuseAddress} from '../clusterset/addresses.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {type ResolvedHost, resolveGateway} from './resolve-gateway.ts';

export interface GatewayAddressesOptions {
  readonly development: boolean;
  readonly logger: Logger;
  /** The addresses of a host name are other ones now. */
  readonly onChange: (host: string) => void;
  /** Default: the resolver of the operating system. */
  readonly resolve?: (host: string) => Promise<ResolvedHost>;
  /** Default: after the TTL of the answer, 5 s to 5 min; 30 s where there is none. */
  readonly refreshEveryMs?: number;
}

const MAX_ADDRESSES = 32;

const REFRESH_MS = 30_000;
/** Whatever a TTL says: the answer to a name is no reason for more than 12 lookups a minute, and a gateway that moved is found. */
const MIN_REFRESH_MS = 5_000;
const MAX_REFRESH_MS = 300_000;

/** How long after an answer the name is looked up again, milliseconds. */
export function refreshAfterMs(ttlMs: number | undefined): number {
  return Math.min(MAX_REFRESH_MS, Math.max(MIN_REFRESH_MS, ttlMs ?? REFRESH_MS));
}

/**
 * Addresses of gateways given by name. Lookups run in the background and again when the answer's TTL is over (a load
 * balancer's address changes: FSM resolved once, at join); a lookup that fails keeps the last answer. Whatever a name says, an address that no
 * gateway may have is dropped (design §10).
 */
export class GatewayAddresses {
  readonly #options: GatewayAddressesOptions;
  readonly #found = new Map<string, readonly string[]>();
  /** Of hosts that are addresses themselves: asked for by every object that is compared. */
  readonly #literal = new Map<string, readonly string[]>();
  readonly #queue: WorkQueue;
  #wanted: ReadonlySet<string> = new Set();

  constructor(options: GatewayAddressesOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      // Each lookup holds one of the four threads that files and keys need too.
      concurrency: 2,
      handle: async (host) => this.#lookUp(host),
      onError: (host, err, attempt) => options.logger.warn({err, host, attempt}, 'gateway name could not be resolved'),
      backoff: {minMs: 1_000, maxMs: 30_000},
    });
  }

  get closed(): Promise<void> {
    return this.#queue.closed;
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
  }

  /** The names that matter from now on; others are forgotten. */
  want(hosts: ReadonlySet<string>): void {
    const before = this.#wanted;
    this.#wanted = hosts;
    for (const host of hosts) if (isIP(host) === 0 && !before.has(host)) this.#queue.add(host);
    for (const host of before) {
      if (hosts.has(host)) continue;
      this.#found.delete(host);
      this.#literal.delete(host);
      this.#queue.forget(host);
    }
  }

  /** Sorted; of an address itself. Empty: not resolved yet, or none that is allowed. Never waits. */
  of(host: string | undefined): readonly string[] {
    if (host === undefined) return [];
    return isIP(host) === 0 ? (this.#found.get(host) ?? []) : this.#ofAddress(host);
  }

  /** False: its name has not been resolved since this process began. */
  isKnown(host: string | undefined): boolean {
    return host === undefined || isIP(host) !== 0 || this.#found.has(host);
  }

  /** True where the host is itself an address that no gateway may have. */
  isRefused(host: string | undefined): boolean {
    return host !== undefined && isIP(host) !== 0 && this.#ofAddress(host).length === 0;
  }

  #ofAddress(host: string): readonly string[] {
    const known = this.#literal.get(host) ?? this.#allowed([host]);
    if (this.#wanted.has(host)) this.#literal.set(host, known);
    return known;
  }

  #allowed(addresses: readonly string[]): readonly string[] {
    const {development} = this.#options;
    const allowed = addresses.filter((address) => refuseAddress(address, {development}) === undefined);
    return [...new Set(allowed)].sort().slice(0, MAX_ADDRESSES);
  }

  async #lookUp(host: string): Promise<void | {requeueAfterMs: number}> {
    if (!this.#wanted.has(host)) return;
    const resolved = await (this.#options.resolve ?? resolveGateway)(host);
    const addresses = this.#allowed(resolved.addresses);
    const before = this.#found.get(host);
    if (this.#wanted.has(host)) this.#found.set(host, addresses);
    if (before?.join() !== addresses.join()) this.#options.onChange(host);
    return {requeueAfterMs: this.#options.refreshEveryMs ?? refreshAfterMs(resolved.ttlMs)};
  }
}
