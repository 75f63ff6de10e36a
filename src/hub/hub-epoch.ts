import type {Logger} from 'pino';
import type {KubeObject} from '../api/meta.ts';
import {HUB_EPOCH_CONFIG_MAP, HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../api/names.ts';
import {apiVersionOf, configMaps} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import {pause} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';

interface EpochConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface EpochAt {
  readonly client: Pick<KubeClient, 'find' | 'apply'>;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

const FIRST_EPOCH = 1;
const AGAIN_MS = 10_000;
const RETRY_MS = 500;

/** The epoch of the hub whose API this is; undefined: it never took over from another one. @throws KubeError */
export async function readHubEpoch({client, namespace, signal}: EpochAt): Promise<number | undefined> {
  const at = {namespace, name: HUB_EPOCH_CONFIG_MAP};
  const found = await client.find<EpochConfigMap>(configMaps, at, {signal});
  const epoch = Number(found?.data?.['epoch']);
  return isEpoch(epoch) ? epoch : undefined;
}

function isEpoch(epoch: number): boolean {
  return Number.isSafeInteger(epoch) && epoch > 0;
}

/** @throws KubeError; IsthmusError ISTHMUS_COMMAND_REFUSED for what no hub could read again */
export async function writeHubEpoch(
  epoch: number,
  {client, namespace, signal}: EpochAt,
  manager: string,
): Promise<void> {
  if (!isEpoch(epoch)) throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', `${epoch} can't be the epoch of a hub`);
  const metadata = {namespace, name: HUB_EPOCH_CONFIG_MAP, labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY}};
  const object = {apiVersion: apiVersionOf(configMaps), kind: configMaps.kind, metadata, data: {epoch: String(epoch)}};
  await client.apply(configMaps, object, {fieldManager: manager, force: true, signal});
}

/**
 * Which epoch this hub is in (design §3): a hub that takes over from a lost one has a higher one, and a member that has seen a higher
 * one is not written to. It is in the hub's own API, so that all replicas know it, and looked at now and then, since
 * `isthmus hub takeover` may be run beside a hub.
 */
export class HubEpoch {
  readonly #at: Omit<EpochAt, 'signal'>;
  readonly #logger: Logger;
  readonly #known = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<void>();
  #current: number;

  /** @param least - it is never taken for lower */
  constructor(at: Omit<EpochAt, 'signal'>, least: number | undefined, logger: Logger) {
    this.#at = at;
    this.#current = least ?? FIRST_EPOCH;
    this.#logger = logger;
  }

  /** It never falls while a hub runs. */
  get current(): number {
    return this.#current;
  }

  /** Resolves when it was read: nothing may be written into a member before. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  start(signal: AbortSignal): void {
    void this.#follow(signal).then(this.#closing.resolve, this.#closing.reject);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let isKnown = false;
    while (!signal.aborted) {
      try {
        const read = (await readHubEpoch({...this.#at, signal})) ?? FIRST_EPOCH;
        if (read > this.#current) this.#logger.info({epoch: read}, 'epoch of this hub');
        this.#current = Math.max(this.#current, read);
        isKnown = true;
        this.#known.resolve();
      } catch (err) {
        if (!signal.aborted && !isKnown) this.#logger.warn({err}, 'epoch of this hub could not be read');
      }
      await pause(isKnown ? AGAIN_MS : RETRY_MS, signal);
    }
    this.#known.resolve();
  }
}
