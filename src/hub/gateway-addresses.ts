import {lookup} from 'node:dns/promises';
import {isIP} from 'node:net';
import type {Logger} from 'pino';
import {refuseAddress} from '../clusterset/addresses.ts';
import {WorkQueue} from '../kube/work-queue.ts';

export interface GatewayAddressesOptions {
  readonly development: boolean;
  readonly logger: Logger;
  /** The addresses of a host name are other ones now. */
  readonly onChange: (host: string) => void;
  /** Default: the resolver of the operating system. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly refreshEveryMs?: number;
}

const MAX_ADDRESSES = 32;

async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, {all: true})).map(({address}) => address);
}

/**
 * Addresses of gateways given by name. Lookups run in the background and again from time to time (a load balancer's address
 * changes: FSM resolved once, at join); a lookup that fails keeps the last answer. Whatever a name says, an address that no
 * gateway may have is dropped (design §10).
 */
export class GatewayAddresses {
  readonly #options: GatewayAddressesOptions;
  readonly #found = new Map<string, readonly string[]>();
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
      this.#queue.forget(host);
    }
  }

  /** Sorted; of an address itself. Empty: not resolved yet, or none that is allowed. Never waits. */
  of(host: string | undefined): readonly string[] {
    if (host === undefined) return [];
    return isIP(host) === 0 ? (this.#found.get(host) ?? []) : this.#allowed([host]);
  }

  /** True where the host is itself an address that no gateway may have. */
  isRefused(host: string | undefined): boolean {
    return host !== undefined && isIP(host) !== 0 && this.#allowed([host]).length === 0;
  }

  #allowed(addresses: readonly string[]): readonly string[] {
    const {development} = this.#options;
    const allowed = addresses.filter((address) => refuseAddress(address, {development}) === undefined);
    return [...new Set(allowed)].sort().slice(0, MAX_ADDRESSES);
  }

  async #lookUp(host: string): Promise<void | {requeueAfterMs: number}> {
    if (!this.#wanted.has(host)) return;
    const addresses = this.#allowed(await (this.#options.resolve ?? resolveBySystem)(host));
    const before = this.#found.get(host);
    if (this.#wanted.has(host)) this.#found.set(host, addresses);
    if (before?.join() !== addresses.join()) this.#options.onChange(host);
    return {requeueAfterMs: this.#options.refreshEveryMs ?? 30_000};
  }
}
