import type {Logger} from 'pino';
import type {Cluster} from '../api/kinds.ts';
import {clusters} from '../api/resources.ts';
import type {KubeClient} from '../kube/client.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import {Reflector, type ReflectorStatus, type Store} from '../kube/reflector.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {type ClusterAccess, resolveAccess} from './cluster-access.ts';
import type {ClusterKeeper} from './cluster-keeper.ts';
import {keepCluster} from './kept-objects.ts';

export interface ClusterRegistryOptions {
  /** Of the hub's own API server. */
  readonly client: KubeClient;
  readonly own: ClusterCredentials;
  readonly keeper: ClusterKeeper;
  /** False: another replica of this hub moves its inline kubeconfig. */
  readonly isResponsible: (name: string) => boolean;
  /** True while another cluster's kubeconfig is kept under the same name. */
  readonly isSecretInUse: (name: string) => boolean;
  readonly namespace: string;
  readonly development: boolean;
  readonly nowMs: () => number;
  /** It is registered; called again after each change of the object or of its credentials. */
  readonly onCluster: (cluster: Cluster, access: ClusterAccess, signal: AbortSignal) => Promise<void>;
  /** It is registered no more, which the API server confirmed for this very name. */
  readonly onGone: (name: string) => void;
  /** The stored object changed in whatever way. */
  readonly onStored: (name: string) => void;
  readonly logger: Logger;
}

/** A list that lacks what is there is asked for again so often. */
const LIST_AGAIN_MS = 1_000;
/** A rotated Secret is picked up after at most so long. */
const SECRET_AGAIN_MS = 15_000;

/** The Cluster objects of the hub's own API, and for each of them how to get in. */
export class ClusterRegistry {
  readonly #options: ClusterRegistryOptions;
  readonly #reflector: Reflector<Cluster>;
  readonly #queue: WorkQueue;
  readonly #announced = new Set<string>();
  /** They are there, as the API server said when it was asked for them by name, and its list lacks them. */
  readonly #overlooked = new Set<string>();

  constructor(options: ClusterRegistryOptions) {
    this.#options = options;
    const {client, logger, nowMs} = options;
    this.#reflector = new Reflector<Cluster>({
      client,
      resource: clusters,
      keep: keepCluster,
      logger,
      nowMs,
      onChange: (changes) => {
        for (const {key} of changes) {
          options.onStored(key);
          this.#queue.add(key);
        }
      },
    });
    this.#queue = new WorkQueue({
      concurrency: 8,
      handle: async (name, signal) => this.#handle(name, signal),
      onError: (name, err, attempt) => logger.warn({err, cluster: name, attempt}, 'cluster could not be taken up'),
    });
  }

  get store(): Store<Cluster> {
    return this.#reflector.store;
  }

  status(): ReflectorStatus {
    return this.#reflector.status();
  }

  /** Resolves when the first complete list has been worked through. */
  get synced(): Promise<void> {
    return this.#reflector.synced.then(async () => this.#queue.idle());
  }

  get closed(): Promise<unknown> {
    return Promise.all([this.#reflector.closed, this.#queue.closed]);
  }

  start(signal: AbortSignal): void {
    this.#reflector.start(signal);
    this.#queue.start(signal);
  }

  /** Announces it once more, if it is still registered. */
  again(name: string, afterMs = 0): void {
    this.#queue.addAfter(name, afterMs);
  }

  /** True where it is registered although the last list lacks it. */
  isOverlooked(name: string): boolean {
    return this.#overlooked.has(name) && !this.store.has(name);
  }

  get overlooked(): Iterable<string> {
    return this.#overlooked;
  }

  /** It was found by its name, not in the list: until a list has it, it is registered and not known. */
  overlook(name: string): void {
    this.#overlooked.add(name);
    this.#queue.add(name);
  }

  async #handle(name: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    const {client, own, keeper, namespace, development, isSecretInUse, isResponsible, onCluster} = this.#options;
    const cluster = this.store.get(name);
    if (cluster === undefined) return this.#confirmGone(name, signal);
    this.#overlooked.delete(name);
    const access = await resolveAccess(cluster, {client, own, namespace, development, signal});
    // What there is no way into is never written to, and needs nothing to remember it by.
    const held = access.ok ? await keeper.hold(cluster, signal) : undefined;
    this.#announced.add(name);
    await onCluster(cluster, access, signal);
    if (cluster.metadata.deletionTimestamp !== undefined) return undefined;
    if (access.ok && isSecretInUse(name)) return {requeueAfterMs: SECRET_AGAIN_MS};
    const moved = access.ok && isResponsible(name) ? await keeper.moveKubeconfig(cluster, signal) : undefined;
    const secret = cluster.spec?.kubeconfigSecretRef && {requeueAfterMs: SECRET_AGAIN_MS};
    return held ?? moved ?? secret;
  }

  /** A list that lacks Clusters by fault must not make members leave: each one is asked for by name first. */
  async #confirmGone(name: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    if (!this.#announced.has(name) && !this.#overlooked.has(name)) return undefined;
    const found = await this.#options.client.find<Cluster>(clusters, {name}, {signal});
    if (found !== undefined && !this.store.has(name)) {
      this.#overlooked.add(name);
      this.#reflector.relist();
    }
    if (found !== undefined || this.store.has(name)) return {requeueAfterMs: LIST_AGAIN_MS};
    this.#overlooked.delete(name);
    this.#announced.delete(name);
    this.#options.onGone(name);
    return undefined;
  }
}
