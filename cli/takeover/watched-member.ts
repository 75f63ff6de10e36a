import type {Cluster, ClusterProperty, Lease} from '../../src/api/kinds.ts';
import {HUB_LEASE} from '../../src/api/names.ts';
import {clusterProperties, leases, namespaces} from '../../src/api/resources.ts';
import {describeError} from '../../src/errors.ts';
import {resolveAccess} from '../../src/hub/cluster-access.ts';
import {refuseJoin} from '../../src/hub/plan-cluster-property.ts';
import {raisedLease} from '../../src/hub/plan-takeover.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {observe, type ObservedLease} from '../../src/kube/lease-decision.ts';
import type {OperatorHub} from '../operator-hub.ts';
import {CLI_MANAGER} from '../operator-hub.ts';

const CALL_MS = 5_000;

/** One member whose Lease is watched: is there a hub that renews it? */
export class WatchedMember {
  readonly name: string;
  readonly #hub: OperatorHub;
  readonly #cluster: Cluster;
  #client: KubeClient | undefined;
  #observed: ObservedLease | undefined;
  #lease: Lease | undefined;
  #problem: string | undefined;
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

  /** Connects, and looks whether it may be a member of this clusterset. What is in the way becomes its {@link problem}. */
  async begin(clustersetId: string, signal: AbortSignal): Promise<void> {
    const {client, own, namespace, development} = this.#hub;
    await this.#attempt(async () => {
      const access = await resolveAccess(this.#cluster, {client, own, namespace, development, signal});
      if (!access.ok) return access.message;
      this.#client = new KubeClient({credentials: access.credentials, userAgent: CLI_MANAGER});
      const call = {signal, timeoutMs: CALL_MS};
      const {items} = await this.#client.list<ClusterProperty>(clusterProperties, call);
      const found = new Map(items.map((each) => [each.metadata.name, each]));
      const refusal = refuseJoin(found, {clusterId: this.name, clustersetId});
      if (refusal !== undefined) return refusal.message;
      if ((await this.#client.find(namespaces, {name: namespace}, call)) === undefined) {
        return `namespace ${namespace} is missing there; apply manifests/install`;
      }
      return this.#read(signal);
    });
  }

  /** @param problem - undefined: there is none */
  refuse(problem: string | undefined): void {
    this.#problem ??= problem;
  }

  /** Looks at the Lease again. */
  async look(signal: AbortSignal): Promise<void> {
    if (this.#problem === undefined) await this.#attempt(async () => this.#read(signal));
  }

  /**
   * Writes the epoch into the Lease as it was read last.
   *
   * @returns false: somebody has written it meanwhile
   * @throws KubeError
   */
  async raise(epoch: number, signal: AbortSignal): Promise<boolean> {
    if (this.#lease === undefined || this.#client === undefined) return false;
    try {
      const write = {fieldManager: CLI_MANAGER, signal, timeoutMs: CALL_MS};
      this.#lease = await this.#client.replace(leases, raisedLease(this.#lease, epoch), write);
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

  async #read(signal: AbortSignal): Promise<undefined> {
    const at = {namespace: this.#hub.namespace, name: HUB_LEASE};
    const lease = await this.#client?.find<Lease>(leases, at, {signal, timeoutMs: CALL_MS});
    const before = this.#observed;
    this.#lease = lease;
    this.#observed = lease && observe(before, lease, performance.now());
    if (before !== undefined && this.#observed?.state !== before.state) this.#wasRenewed = true;
    return undefined;
  }

  /** @param work - returns what is in the way */
  async #attempt(work: () => Promise<string | undefined>): Promise<void> {
    try {
      this.#problem = await work();
    } catch (error) {
      this.#problem = describeError(error).slice(0, 300);
    }
  }
}
