import type {Logger} from 'pino';
import type {Namespace} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {HUB_EPOCH_CONFIG_MAP, HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../api/names.ts';
import {apiVersionOf, configMaps, namespaces} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import {pause} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {RepeatedFailure} from '../kube/repeated-failure.ts';
import type {HubMark} from './hub-mark.ts';

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
const KUBE_SYSTEM = 'kube-system';
/** An API server that has just started refuses some things, for a moment. */
const REFUSED_AFTER = 3;
/** One that has just been made has no `kube-system` for a moment; one that is none of Kubernetes' own (kcp) never has. */
const ABSENT_AFTER = 20;

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
 * uid of `kube-system` of the hub's own cluster: replicas share it, and a hub in another cluster has another one.
 *
 * @throws KubeError; IsthmusError ISTHMUS_NOT_OBSERVED where there is no such namespace, which API servers of Kubernetes never say for long
 */
export async function readHubUid({client, signal}: Omit<EpochAt, 'namespace'>): Promise<string> {
  const uid = (await client.find<Namespace>(namespaces, {name: KUBE_SYSTEM}, {signal}))?.metadata.uid;
  if (uid !== undefined && uid !== '') return uid;
  throw new IsthmusError('ISTHMUS_NOT_OBSERVED', `the hub's own API server has no namespace ${KUBE_SYSTEM}`);
}

const HINTS = {
  refused:
    'without the right to get namespace kube-system (manifests/install/hub.yaml) nothing tells this hub from one in another cluster',
  absent: 'without a namespace kube-system beside it nothing tells this hub from one in another cluster',
  unknown: 'uid of kube-system of this hub could not be read',
} as const;

function whyNot(error: unknown): keyof typeof HINTS {
  if (error instanceof KubeError) return error.isForbidden ? 'refused' : 'unknown';
  return error instanceof IsthmusError && error.code === 'ISTHMUS_NOT_OBSERVED' ? 'absent' : 'unknown';
}

/**
 * Which hub this is (design §3), as its own API says it, so that all replicas know it: its epoch, and the cluster that it is in. A hub
 * that takes over from a lost one has a higher epoch; a member that has seen a higher one, or another hub in the same, is not written
 * to. The epoch is looked at now and then, since `isthmus hub takeover` may be run beside a hub.
 */
export class HubEpoch {
  readonly #at: Omit<EpochAt, 'signal'>;
  readonly #logger: Logger;
  readonly #known = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<void>();
  readonly #epochFailing = new RepeatedFailure();
  readonly #uidFailing = new RepeatedFailure();
  #epoch: number;
  #uid: string | undefined;
  /** Answers in a row that say nothing: that it may not be read, or that there is none. */
  #silences = {refused: 0, absent: 0};

  /** @param least - it is never taken for lower */
  constructor(at: Omit<EpochAt, 'signal'>, least: number | undefined, logger: Logger) {
    this.#at = at;
    this.#epoch = least ?? FIRST_EPOCH;
    this.#logger = logger;
  }

  /** The epoch never falls while a hub runs. */
  get mark(): HubMark {
    return {epoch: this.#epoch, uid: this.#uid};
  }

  /** Resolves when it was read, or can't be (for want of a right, or of the namespace): nothing may be written into a member before. */
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
      const isRead = await this.#readEpoch(signal);
      // After it, and not beside it: that the other question is answered tells a refusal from an API server that refuses everything.
      if (isRead) isKnown = (await this.#isUidSettled(signal)) || isKnown;
      if (isKnown) this.#known.resolve();
      await pause(isKnown ? AGAIN_MS : RETRY_MS, signal);
    }
    this.#known.resolve();
  }

  async #readEpoch(signal: AbortSignal): Promise<boolean> {
    try {
      const read = (await readHubEpoch({...this.#at, signal})) ?? FIRST_EPOCH;
      if (read > this.#epoch) this.#logger.info({epoch: read}, 'epoch of this hub');
      this.#epoch = Math.max(this.#epoch, read);
      this.#epochFailing.end();
      return true;
    } catch (err) {
      const level = this.#epochFailing.levelOf(err);
      if (!signal.aborted) this.#logger[level]({err}, 'epoch of this hub could not be read');
      return false;
    }
  }

  /** @returns true where it is known, or can't be for good as far as can be told; it is asked for again all the same */
  async #isUidSettled(signal: AbortSignal): Promise<boolean> {
    if (this.#uid !== undefined) return true;
    try {
      this.#uid = await readHubUid({...this.#at, signal});
      this.#logger.info({uid: this.#uid}, 'cluster of this hub');
      return true;
    } catch (err) {
      const why = whyNot(err);
      const {refused, absent} = this.#silences;
      this.#silences = {refused: why === 'refused' ? refused + 1 : 0, absent: why === 'absent' ? absent + 1 : 0};
      const level = this.#uidFailing.levelOf(err);
      if (!signal.aborted) this.#logger[level]({err}, HINTS[why]);
      return this.#silences.refused >= REFUSED_AFTER || this.#silences.absent >= ABSENT_AFTER;
    }
  }
}
