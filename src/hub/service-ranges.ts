import type {Logger} from 'pino';
import type {KubeObject} from '../api/meta.ts';
import type {Service} from '../api/kinds.ts';
import {serviceCIDRs, services} from '../api/resources.ts';
import {pause} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';

export interface ServiceRangesOptions {
  readonly client: Pick<KubeClient, 'list' | 'find'>;
  /** Called when they are known for the first time, and when they are others. */
  readonly onChange: () => void;
  readonly logger: Logger;
  /** Default a minute: they change once in the life of a cluster, if ever. */
  readonly againMs?: number;
}

interface ServiceCIDR extends KubeObject {
  readonly spec?: {readonly cidrs?: readonly string[]};
}

const AGAIN_MS = 60_000;
const AFTER_FAILURE_MS = 1_000;

/**
 * The ranges that a member's own Services have addresses of. Another cluster's endpoint in there would lead to one of them, its
 * API server first of all (design §10), so nothing is imported before they are known.
 *
 * Where the kind is not served (before Kubernetes 1.33) or may not be read, only the addresses of the API server itself are known.
 */
export class ServiceRanges {
  readonly #options: ServiceRangesOptions;
  #cidrs: readonly string[] | undefined;
  #isPartial = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ServiceRangesOptions) {
    this.#options = options;
  }

  /** Undefined: not known yet. */
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
        if (!signal.aborted) logger.warn({err}, 'service ranges could not be read');
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
    const declared = await this.#readDeclared(signal);
    if (declared.length > 0) return declared;
    const at = {namespace: 'default', name: 'kubernetes'};
    const {spec} = (await this.#options.client.find<Service>(services, at, {signal})) ?? {};
    const addresses = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
    return addresses.map((address) => `${address}/${address.includes(':') ? 128 : 32}`);
  }

  /** Empty: the cluster doesn't say. */
  async #readDeclared(signal: AbortSignal): Promise<readonly string[]> {
    try {
      const {items} = await this.#options.client.list<ServiceCIDR>(serviceCIDRs, {signal});
      this.#isPartial = false;
      return items.flatMap(({spec}) => spec?.cidrs ?? []);
    } catch (error) {
      if (!(error instanceof KubeError && (error.isKindMissing || error.isForbidden || error.isNotFound))) throw error;
      const why = error.message;
      if (!this.#isPartial) this.#options.logger.warn({why}, 'service range unknown: only the API server is protected');
      this.#isPartial = true;
      return [];
    }
  }
}
