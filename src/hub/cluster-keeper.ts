import type {Logger} from 'pino';
import type {Cluster} from '../api/kinds.ts';
import {HUB_MANAGER, LEAVE_FINALIZER} from '../api/names.ts';
import {clusters} from '../api/resources.ts';
import {describeError, IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {MemberSecrets} from './member-secrets.ts';
import type {Opinion} from './plan-cluster-status.ts';
import {planKubeconfigMove, redactKubeconfig} from './plan-kubeconfig-move.ts';

export interface ClusterKeeperOptions {
  readonly client: KubeClient;
  readonly secrets: MemberSecrets;
  readonly nowMs: () => number;
  /** What is said about the inline kubeconfig of this Cluster changed. */
  readonly onOpinion: (name: string) => void;
  readonly logger: Logger;
}

const AGAIN_MS = 15_000;

/**
 * The two things that the hub changes on a Cluster itself: the finalizer, without which nothing would be cleared when it is
 * deleted while no hub runs, and the inline kubeconfig, which moves to a Secret (design §10). Neither is a condition for
 * membership: where it fails it is said, and tried again.
 */
export class ClusterKeeper {
  readonly #options: ClusterKeeperOptions;
  readonly #inline = new Map<string, Opinion>();

  constructor(options: ClusterKeeperOptions) {
    this.#options = options;
  }

  /** About a kubeconfig that is still in the Cluster; undefined: there is none, or it is about to move. */
  inlineOpinion(name: string): Opinion | undefined {
    return this.#inline.get(name);
  }

  /** Sees to the finalizer. Call it before anything is written into the member. @returns what failed is tried again after */
  async hold(cluster: Cluster, signal: AbortSignal): Promise<{requeueAfterMs: number} | undefined> {
    if (cluster.metadata.deletionTimestamp !== undefined || hasFinalizer(cluster)) return undefined;
    return this.#attempt(cluster, {what: 'finalizer could not be set', signal}, async () => {
      const raw = await this.#find(cluster, signal);
      if (raw === undefined || raw.metadata.deletionTimestamp !== undefined || hasFinalizer(raw)) return;
      await this.#setFinalizers(raw, [...(raw.metadata.finalizers ?? []), LEAVE_FINALIZER], signal);
    });
  }

  /** Lets a Cluster go that is being deleted. @throws KubeError */
  async release(cluster: Cluster, signal: AbortSignal): Promise<void> {
    this.#inline.delete(cluster.metadata.name);
    const raw = await this.#find(cluster, signal);
    if (raw === undefined || !hasFinalizer(raw)) return;
    const others = (raw.metadata.finalizers ?? []).filter((each) => each !== LEAVE_FINALIZER);
    await this.#setFinalizers(raw, others, signal);
  }

  /** Moves an inline kubeconfig that can be used to the Secret of the member. */
  async moveKubeconfig(cluster: Cluster, signal: AbortSignal): Promise<{requeueAfterMs: number} | undefined> {
    const {name} = cluster.metadata;
    if (cluster.spec?.kubeconfig === undefined) {
      this.#say(name, undefined);
      return this.#forgetPutBack(cluster, signal);
    }
    return this.#attempt(cluster, {what: 'inline kubeconfig could not be moved', signal}, async () => {
      const raw = await this.#find(cluster, signal);
      if (raw?.spec?.kubeconfig !== undefined) await this.#move(raw, raw.spec.kubeconfig, signal);
    });
  }

  async #move(raw: Cluster, kubeconfig: string, signal: AbortSignal): Promise<void> {
    const {client, secrets, nowMs, logger} = this.#options;
    const {name} = raw.metadata;
    const ref = secrets.refOf(name);
    const named = raw.spec?.kubeconfigSecretRef;
    if (named !== undefined && named.name !== ref.name) {
      const message = `spec.kubeconfig counts, and ${named.name} of spec.kubeconfigSecretRef doesn't. Leave one of the two out.`;
      this.#say(name, {status: 'True', reason: 'TwoSources', message});
      return;
    }
    const kept = await secrets.read(name, signal);
    const move = planKubeconfigMove(kept, nowMs());
    if (move.do === 'move') {
      // It is in the Secret before it leaves the Cluster, and counts as moved only once it has left.
      await secrets.write(name, {kubeconfig, movedAtMs: kept?.movedAtMs ?? [], isPutBack: false}, signal);
      await client.patch(
        clusters,
        {name},
        {type: 'merge', body: redactKubeconfig(raw, ref)},
        {
          fieldManager: HUB_MANAGER,
          signal,
        },
      );
      await secrets.write(name, {kubeconfig, movedAtMs: move.movedAtMs, isPutBack: false}, signal);
      logger.info({cluster: name}, 'inline kubeconfig moved to a Secret');
      this.#say(name, undefined);
      return;
    }
    if (move.isNews) await secrets.write(name, {kubeconfig, movedAtMs: [], isPutBack: true}, signal);
    const message =
      `It was moved to Secret ${ref.name} and put back twice within 10 minutes, so it is left here, readable by whoever may ` +
      `read Clusters. Put it into a Secret and name that in spec.kubeconfigSecretRef.`;
    this.#say(name, {status: 'True', reason: 'PutBack', message});
  }

  /** It is gone from the Cluster by somebody else's hand: the next one moves again. */
  async #forgetPutBack(cluster: Cluster, signal: AbortSignal): Promise<{requeueAfterMs: number} | undefined> {
    const {secrets} = this.#options;
    const {name} = cluster.metadata;
    if (cluster.spec?.kubeconfigSecretRef?.name !== secrets.refOf(name).name) return undefined;
    return this.#attempt(cluster, {what: 'Secret could not be read', signal}, async () => {
      const kept = await secrets.read(name, signal);
      if (kept?.isPutBack !== true || kept.kubeconfig === undefined) return;
      await secrets.write(name, {kubeconfig: kept.kubeconfig, movedAtMs: [], isPutBack: false}, signal);
    });
  }

  async #attempt(
    cluster: Cluster,
    {what, signal}: {what: string; signal: AbortSignal},
    work: () => Promise<void>,
  ): Promise<{requeueAfterMs: number} | undefined> {
    const {name} = cluster.metadata;
    try {
      await work();
      return undefined;
    } catch (err) {
      if (!(err instanceof IsthmusError)) throw err;
      // Once it is being stopped, a failure is what stopping looks like.
      if (signal.aborted) return undefined;
      // Somebody else changed it meanwhile: the watch brings the new state.
      if (err instanceof KubeError && err.isConflict) return {requeueAfterMs: 100};
      this.#options.logger.warn({err, cluster: name}, what);
      if (cluster.spec?.kubeconfig !== undefined) {
        const message = `${what}: ${describeError(err).slice(0, 400)}. It stays readable by whoever may read Clusters.`;
        this.#say(name, {status: 'True', reason: 'NotMoved', message});
      }
      return {requeueAfterMs: AGAIN_MS};
    }
  }

  #say(name: string, opinion: Opinion | undefined): void {
    const before = this.#inline.get(name);
    if (before?.reason === opinion?.reason && before?.message === opinion?.message) return;
    if (opinion === undefined) this.#inline.delete(name);
    else this.#inline.set(name, opinion);
    this.#options.onOpinion(name);
  }

  /** This very object: one that was registered anew under the name is another one. */
  async #find({metadata: {name, uid}}: Cluster, signal: AbortSignal): Promise<Cluster | undefined> {
    const found = await this.#options.client.find<Cluster>(clusters, {name}, {signal});
    return found?.metadata.uid === uid ? found : undefined;
  }

  async #setFinalizers(raw: Cluster, finalizers: readonly string[], signal: AbortSignal): Promise<void> {
    const {name, uid, resourceVersion} = raw.metadata;
    const body = {metadata: {uid, resourceVersion, finalizers}};
    await this.#options.client.patch(clusters, {name}, {type: 'merge', body}, {fieldManager: HUB_MANAGER, signal});
  }
}

function hasFinalizer({metadata}: Cluster): boolean {
  return metadata.finalizers?.includes(LEAVE_FINALIZER) === true;
}
