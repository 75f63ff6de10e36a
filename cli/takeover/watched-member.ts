import type {Cluster, ClusterProperty, Lease} from '../../src/api/kinds.ts';
import {HUB_LEASE} from '../../src/api/names.ts';
import {clusterProperties, leases, namespaces} from '../../src/api/resources.ts';
import {describeError} from '../../src/errors.ts';
import {resolveAccess} from '../../src/hub/cluster-access.ts';
import {refuseJoin} from '../../src/hub/plan-cluster-property.ts';
import {claimOn, type HubMark} from '../../src/hub/hub-mark.ts';
import {raisedLease} from '../../src/hub/plan-takeover.ts';
import {pause} from '../../src/kube/backoff.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {observe, type ObservedLease} from '../../src/kube/lease-decision.ts';
import type {OperatorHub} from '../operator-hub.ts';
import {CLI_MANAGER} from '../operator-hub.ts';

const CALL_MS = 5_000;
/** Several in a period of renewals. */
const LOOKS = 20;

export interface WatchOptions {
  readonly clustersetId: string;
  /** A Lease that nobody renews for so long has no hub. */
  readonly watchMs: number;
  readonly signal: AbortSignal;
}

/** One member whose Lease is watched: is there a hub that renews it? */
export class WatchedMember {
  readonly name: string;
  readonly #hub: OperatorHub;
  readonly #cluster: Cluster;
  #client: KubeClient | undefined;
  #observed: ObservedLease | undefined;
  #lease: Lease | undefined;
  #problem: string | undefined;
  /** It answered, and looking again changes nothing. */
  #isRefused = false;
  /** When its Lease was read first, or seen not to be there; of the monotonic clock. */
  #firstSeenMs: number | undefined;
  #wasRenewed = false;

  constructor(cluster: Cluster, hub: OperatorHub) {
    this.name = cluster.metadata.name;
    this.#cluster = cluster;
    this.#hub = hub;
  }

  /** Why nothing can be done with it now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** The Lease has changed while it was watched; clocks are not compared. */
  get wasRenewed(): boolean {
    return this.#wasRenewed;
  }

  /**
   * Looks again and again whether somebody renews its Lease, until that was seen or it was not for `watchMs`. A look that fails says
   * nothing: it is repeated. One that doesn't answer within that time is given up; one that did once has that time again to be seen for
   * all of it. What is in the way at the end is its {@link problem}.
   */
  async watch(options: WatchOptions): Promise<void> {
    const {watchMs, signal} = options;
    const startMs = performance.now();
    for (;;) {
      const lookedMs = performance.now();
      await this.#look(options);
      const untilMs = this.#untilMs(startMs, watchMs);
      if (signal.aborted || this.#isRefused || this.#wasRenewed || lookedMs >= untilMs) return;
      await pause(Math.max(0, Math.min(watchMs / LOOKS, untilMs - performance.now())), signal);
    }
  }

  /** @param problem - undefined: there is none */
  refuse(problem: string | undefined): void {
    this.#problem ??= problem;
  }

  /**
   * Writes the epoch, and whose it is, into the Lease as it was read last.
   *
   * @returns false: somebody has written it meanwhile, or took over before us
   * @throws KubeError
   */
  async raise(mark: HubMark, signal: AbortSignal): Promise<boolean> {
    if (this.#lease === undefined || this.#client === undefined) return false;
    if (claimOn(this.#lease, mark) !== 'Own') return false;
    try {
      const write = {fieldManager: CLI_MANAGER, signal, timeoutMs: CALL_MS};
      this.#lease = await this.#client.replace(leases, raisedLease(this.#lease, mark), write);
      return true;
    } catch (error) {
      if (!(error instanceof KubeError) || !error.isConflict) throw error;
      await this.#read(signal);
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  /** That no hub renewed it is known only of a Lease that was seen at the beginning and at the end of that time. */
  #untilMs(startMs: number, watchMs: number): number {
    if (this.#firstSeenMs === undefined) return startMs + watchMs;
    return this.#problem === undefined ? this.#firstSeenMs + watchMs : startMs + 2 * watchMs;
  }

  async #look({clustersetId, signal}: WatchOptions): Promise<void> {
    try {
      this.#problem = this.#firstSeenMs === undefined ? await this.#findRefusal(clustersetId, signal) : undefined;
      this.#isRefused = this.#problem !== undefined;
      if (!this.#isRefused) await this.#read(signal);
    } catch (error) {
      this.#problem = describeError(error).slice(0, 300);
    }
  }

  /** Connects, and looks whether it may be a member of this clusterset. @returns why not */
  async #findRefusal(clustersetId: string, signal: AbortSignal): Promise<string | undefined> {
    const {client, own, namespace, development} = this.#hub;
    const access = await resolveAccess(this.#cluster, {client, own, namespace, development, signal});
    if (!access.ok) return access.message;
    this.#client ??= new KubeClient({credentials: access.credentials, userAgent: CLI_MANAGER});
    const call = {signal, timeoutMs: CALL_MS};
    const {items} = await this.#client.list<ClusterProperty>(clusterProperties, call);
    const found = new Map(items.map((each) => [each.metadata.name, each]));
    const refusal = refuseJoin(found, {clusterId: this.name, clustersetId});
    if (refusal !== undefined) return refusal.message;
    if ((await this.#client.find(namespaces, {name: namespace}, call)) !== undefined) return undefined;
    return `namespace ${namespace} is missing there; apply manifests/install`;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const at = {namespace: this.#hub.namespace, name: HUB_LEASE};
    const lease = await this.#client?.find<Lease>(leases, at, {signal, timeoutMs: CALL_MS});
    const before = this.#observed;
    const isFirst = this.#firstSeenMs === undefined;
    this.#firstSeenMs ??= performance.now();
    this.#lease = lease;
    this.#observed = lease && observe(before, lease, performance.now());
    // One that was not there before has been made by a hub just now.
    if (!isFirst && this.#observed?.state !== before?.state) this.#wasRenewed = true;
  }
}
