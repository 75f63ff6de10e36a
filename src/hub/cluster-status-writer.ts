import type {Logger} from 'pino';
import type {Cluster} from '../api/kinds.ts';
import type {Condition} from '../api/meta.ts';
import {clusters} from '../api/resources.ts';
import type {KubeClient} from '../kube/client.ts';
import type {EventRecorder} from '../kube/event-recorder.ts';
import type {Store} from '../kube/reflector.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {keepCluster} from './kept-objects.ts';
import {ObjectWriter} from './object-writer.ts';
import {CLUSTER_CONDITIONS, type ClusterSituation, planClusterStatus} from './plan-cluster-status.ts';

export interface ClusterStatusWriterOptions {
  readonly client: KubeClient;
  readonly store: Store<Cluster>;
  readonly recorder: EventRecorder;
  /** What is believed of one cluster now; undefined: it is not registered, or for another replica to tell. */
  readonly situation: (name: string) => Omit<ClusterSituation, 'cluster' | 'nowMs'> | undefined;
  /** For so long a hub that starts takes over what the one before it told of a cluster, milliseconds. */
  readonly takeOverMs: number;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/** A member that comes back is at rest again within this; nobody needs the steps in between. */
const PATIENCE_MS = 1_500;
/** Two hubs that believe different things repeat themselves no oftener than this. */
const REPEAT_MS = 30_000;
const BAD_IF_TRUE: ReadonlySet<string> = new Set([
  'MassDeletion',
  'SlicesLimited',
  'EndpointsWithdrawn',
  'OverPrivileged',
]);
const TOLD: ReadonlySet<string> = new Set(['Reachable', 'Synced', 'GatewayHealthy', 'TokenRenewed', ...BAD_IF_TRUE]);

/** Keeps the conditions of Cluster objects true; writes only what changed, and tells each transition by an Event. */
export class ClusterStatusWriter {
  readonly #options: ClusterStatusWriterOptions;
  readonly #writer: ObjectWriter<Cluster>;
  readonly #queue: WorkQueue;
  /** Since when a cluster is believed something that is only passing. */
  readonly #passingSinceMs = new Map<string, number>();
  /** Clusters of which this process has believed something that was not only passing. */
  readonly #settled = new Set<string>();
  readonly #said = new Map<string, {readonly what: string; readonly uid: string | undefined; readonly atMs: number}>();

  constructor(options: ClusterStatusWriterOptions) {
    this.#options = options;
    this.#writer = new ObjectWriter(options.client, {
      resource: clusters,
      store: options.store,
      keep: keepCluster,
      comparison: {sharedLists: {'status.conditions': ['type']}},
      ownItems: {'status.conditions': CLUSTER_CONDITIONS},
    });
    this.#queue = new WorkQueue({
      concurrency: 4,
      handle: async (name, signal) => this.#handle(name, signal),
      onError: (name, err, attempt) =>
        options.logger.warn({err, cluster: name, attempt}, 'cluster status could not be written'),
    });
  }

  get closed(): Promise<void> {
    return this.#queue.closed;
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
  }

  /** Looks at this cluster again. */
  add(name: string): void {
    this.#queue.add(name);
  }

  /** From now on it is for this replica to tell: what another one wrote meanwhile may have to be taken back. */
  takeUp(name: string): void {
    this.#writer.forget(name);
    this.#queue.add(name);
  }

  /** The watch reported a change of the object. */
  noteStored(name: string): void {
    this.#writer.noteChanges([name]);
    this.#queue.add(name);
  }

  async #handle(name: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    const {situation, nowMs} = this.#options;
    const cluster = this.#writer.actual(name);
    const believed = situation(name);
    if (cluster === undefined || believed === undefined) {
      this.#passingSinceMs.delete(name);
      return undefined;
    }
    const waitMs = this.#patience(cluster, believed);
    if (waitMs > 0) return {requeueAfterMs: waitMs};
    const before = cluster.status?.conditions ?? [];
    const desired = planClusterStatus({...believed, cluster, nowMs: nowMs()});
    const now = (desired as Cluster).status?.conditions ?? [];
    const what = toText(now);
    if (toText(before) === what) return undefined;
    const said = this.#said.get(name);
    // Of the very object: one that was registered anew has been told nothing.
    const againMs =
      said?.what === what && said.uid === cluster.metadata.uid ? said.atMs + REPEAT_MS - performance.now() : 0;
    if (againMs > 0) return {requeueAfterMs: againMs};
    await this.#writer.applyStatus(desired, signal);
    this.#said.set(name, {what, uid: cluster.metadata.uid, atMs: performance.now()});
    this.#tell(cluster, before, now);
    return undefined;
  }

  /** How long to go on saying nothing, in milliseconds. */
  #patience(cluster: Cluster, {reachable, synced}: Pick<ClusterSituation, 'reachable' | 'synced'>): number {
    const {name} = cluster.metadata;
    if (reachable.passing !== true && synced.passing !== true) {
      this.#passingSinceMs.delete(name);
      this.#settled.add(name);
      return 0;
    }
    const nowMs = performance.now();
    const sinceMs = this.#passingSinceMs.get(name) ?? nowMs;
    this.#passingSinceMs.set(name, sinceMs);
    const isTakenOver = !this.#settled.has(name) && cluster.status?.conditions?.some(isOurs) === true;
    const patienceMs = isTakenOver ? Math.max(PATIENCE_MS, this.#options.takeOverMs) : PATIENCE_MS;
    return sinceMs + patienceMs - nowMs;
  }

  #tell(cluster: Cluster, before: readonly Condition[], now: readonly Condition[]): void {
    for (const {type, status, reason, message} of now) {
      const earlier = before.find((condition) => condition.type === type);
      // Unknown is what a hub believes that has just started: no news.
      if (!TOLD.has(type) || status === 'Unknown' || earlier?.status === status) continue;
      const isBad = (status === 'True') === BAD_IF_TRUE.has(type);
      this.#options.recorder.record(cluster, {
        type: isBad ? 'Warning' : 'Normal',
        reason: status === 'True' ? type : reason,
        message,
      });
    }
  }
}

/** What our conditions say, without their dates and order. */
function toText(conditions: readonly Condition[]): string {
  const ours = conditions.filter(isOurs);
  const said = ours.map((each) => [each.type, each.status, each.reason, each.message, each.observedGeneration]);
  return JSON.stringify(said.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
}

function isOurs({type}: Condition): boolean {
  return CLUSTER_CONDITIONS.includes(type);
}
