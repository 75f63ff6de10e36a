import type {Logger} from 'pino';
import type {Service} from '../api/kinds.ts';
import {services} from '../api/resources.ts';
import {apiServerRanges} from '../clusterset/service-ranges.ts';
import {pause} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';

export interface ApiServerAddressesOptions {
  readonly client: Pick<KubeClient, 'find'>;
  /** Called when they are known for the first time, and when they are others. */
  readonly onChange: () => void;
  readonly logger: Logger;
  /** Default a minute: they change once in the life of a cluster, if ever. */
  readonly againMs?: number;
}

const AGAIN_MS = 60_000;
const AFTER_FAILURE_MS = 1_000;

/**
 * The addresses of a member's own API server, as its Services reach it: another cluster's endpoint of such an address would lead
 * there (design §10), so no slice is imported before they are known. The rest of the service range is not the hub's to read: the
 * member's agent refuses what is in there.
 */
export class ApiServerAddresses {
  readonly #options: ApiServerAddressesOptions;
  #cidrs: readonly string[] | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ApiServerAddressesOptions) {
    this.#options = options;
  }

  /** As ranges of one address each. Undefined: not known yet. */
  get cidrs(): readonly string[] | undefined {
    return this.#cidrs;
  }

  get closed(): Promise<void> {
    return this.#running;
  }

  start(signal: AbortSignal): void {
    this.#running = this.#run(signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const {logger, againMs = AGAIN_MS} = this.#options;
    while (!signal.aborted) {
      try {
        this.#take(await this.#read(signal));
        await pause(againMs, signal);
      } catch (err) {
        if (!signal.aborted) logger.warn({err}, 'addresses of the api server could not be read');
        await pause(this.#cidrs === undefined ? AFTER_FAILURE_MS : againMs, signal);
      }
    }
  }

  #take(found: readonly string[]): void {
    const sorted = [...new Set(found)].sort();
    if (this.#cidrs?.join() === sorted.join()) return;
    this.#cidrs = sorted;
    this.#options.onChange();
  }

  async #read(signal: AbortSignal): Promise<readonly string[]> {
    const at = {namespace: 'default', name: 'kubernetes'};
    return apiServerRanges(await this.#options.client.find<Service>(services, at, {signal}));
  }
}
