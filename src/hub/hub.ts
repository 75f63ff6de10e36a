import type {Logger} from 'pino';
import type {Cluster} from '../api/kinds.ts';
import type {TraceStep} from '../clusterset/decision.ts';
import {mergeTrace} from '../clusterset/merge.ts';
import {pause} from '../kube/backoff.ts';
import {KubeClient, type RequestReport} from '../kube/client.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import {EventRecorder} from '../kube/event-recorder.ts';
import type {ClusterAccess} from './cluster-access.ts';
import {ClusterRegistry} from './cluster-registry.ts';
import {ClusterStatusWriter} from './cluster-status-writer.ts';
import {ClustersetExports} from './clusterset-exports.ts';
import {claimIdentity} from './claim-identity.ts';
import {GatewayAddresses} from './gateway-addresses.ts';
import {Gathering} from './gathering.ts';
import {HubFacts} from './hub-facts.ts';
import type {HubStatus} from './hub-status.ts';
import {Member} from './member.ts';
import {MemberMemory, type MemberRecord} from './member-memory.ts';
import type {ClusterSituation} from './plan-cluster-status.ts';

export type {HubStatus, MemberStatus} from './hub-status.ts';

export interface HubOptions {
  /** Of the API server that the Cluster objects are in. */
  readonly credentials: ClusterCredentials;
  /** Isthmus' namespace, the same in every cluster. */
  readonly namespace: string;
  readonly clustersetId: string;
  /** Of this process alone. */
  readonly identity: string;
  readonly development: boolean;
  /** Namespaces that are missing in a member are made there (FSM's way). */
  readonly createNamespaces: boolean;
  /** How long a member may be silent before it counts as unreachable. */
  readonly unreachableAfterMs: number;
  /** Default 10 s; another replica may take over after two and a half of them. */
  readonly leaseRenewMs?: number | undefined;
  /** Default 1. A member that has seen a higher one is never written to (design §2). */
  readonly epoch?: number | undefined;
  readonly logger: Logger;
  readonly nowMs?: (() => number) | undefined;
  /** Of requests to members; `hub` stands for the hub's own API server. */
  readonly onRequest?: ((report: RequestReport & {readonly cluster: string}) => void) | undefined;
}

/**
 * Connects to every registered cluster, merges what they export and makes each hold what it should. It keeps nothing outside
 * of its own API and may be restarted at any moment: members keep serving.
 */
export class Hub {
  readonly #options: HubOptions;
  readonly #client: KubeClient;
  readonly #members = new Map<string, Member>();
  /** Those whose Cluster is gone and which are still being cleared. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #exports = new ClustersetExports((keys) => this.#onExports(keys));
  readonly #gathering = new Gathering(this.#members);
  readonly #gateways: GatewayAddresses;
  readonly #facts: HubFacts;
  readonly #memory: MemberMemory;
  readonly #registry: ClusterRegistry;
  readonly #statuses: ClusterStatusWriter;
  readonly #recorder: EventRecorder;
  /** What other members were last told to look at again because of one. */
  readonly #told = new Map<string, string>();
  readonly #syncing = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<void>();
  #signal: AbortSignal = AbortSignal.abort();
  #isLate = false;

  constructor(options: HubOptions) {
    this.#options = options;
    const {logger, namespace, development, clustersetId, createNamespaces, onRequest} = options;
    const nowMs = options.nowMs ?? Date.now;
    this.#client = new KubeClient({
      credentials: options.credentials,
      userAgent: 'isthmus-hub',
      nowMs,
      onRequest: onRequest && ((report) => onRequest({...report, cluster: 'hub'})),
    });
    const client = this.#client;
    this.#gateways = new GatewayAddresses({development, logger, onChange: (host) => this.#onGateway(host)});
    this.#facts = new HubFacts({
      namespace,
      clustersetId,
      createNamespaces,
      nowMs,
      exports: this.#exports,
      members: this.#members,
      gateways: this.#gateways,
    });
    this.#memory = new MemberMemory({client, namespace, logger});
    this.#registry = new ClusterRegistry({
      client,
      own: options.credentials,
      namespace,
      development,
      nowMs,
      logger,
      onCluster: async (cluster, access, of) => this.#onCluster(cluster, access, of),
      onGone: (name) => this.#onGone(name),
      onStored: (name) => this.#statuses.noteStored(name),
    });
    this.#recorder = new EventRecorder({client, component: 'isthmus-hub', logger, nowMs});
    this.#statuses = new ClusterStatusWriter({
      client,
      recorder: this.#recorder,
      nowMs,
      logger,
      store: this.#registry.store,
      situation: (name) => this.#situationOf(name),
    });
  }

  /** Resolves when all Cluster objects have been listed and taken up. */
  get synced(): Promise<void> {
    return this.#syncing.promise;
  }

  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.#memory.start(signal);
    this.#gateways.start(signal);
    this.#statuses.start(signal);
    this.#registry.start(signal);
    void this.#gather(signal);
    signal.addEventListener('abort', () => void this.#close().then(this.#closing.resolve, this.#closing.reject), {
      once: true,
    });
  }

  /** As they are registered now, without their kubeconfigs; for the webhook, which compares them with one another. */
  clusters(): readonly Cluster[] {
    return [...this.#registry.store.values()].map((cluster) => {
      if (cluster.spec?.kubeconfig === undefined) return cluster;
      const {kubeconfig: _, ...spec} = cluster.spec;
      return {...cluster, spec};
    });
  }

  status(): HubStatus {
    return {
      gathered: this.#gathering.isOver,
      exportedNames: this.#exports.size,
      clusterList: this.#registry.status(),
      members: [...this.#members.values()].map((member) => member.status()),
      leaving: [...this.#leaving.keys()],
    };
  }

  /** How the import of one name came about. */
  explain(namespace: string, name: string): readonly TraceStep[] {
    return mergeTrace(this.#exports.of(`${namespace}/${name}`));
  }

  async #gather(signal: AbortSignal): Promise<void> {
    await this.#registry.synced;
    this.#syncing.resolve();
    await pause(this.#options.unreachableAfterMs, signal);
    this.#isLate = true;
    if (!signal.aborted) this.#reviewGathering();
  }

  /** Nothing is decided before the Cluster objects are listed: until then nobody is known at all. */
  #reviewGathering(): void {
    if (!this.#registry.status().synced) return;
    if (this.#gathering.review(this.#isLate)) for (const {session} of this.#members.values()) session?.enqueueAll();
  }

  async #onCluster(cluster: Cluster, access: ClusterAccess, signal: AbortSignal): Promise<void> {
    const {name} = cluster.metadata;
    const leaving = this.#leaving.get(name);
    if (leaving !== undefined) {
      // The old one must have let go before the new one begins to write.
      void leaving.then(() => this.#registry.again(name));
      return;
    }
    const record = await this.#memory.load(name, signal);
    const before = this.#members.get(name)?.cluster;
    const member = this.#members.get(name) ?? this.#newMember(cluster, record);
    this.#members.set(name, member);
    this.#wantGateways();
    member.update(cluster, access);
    if (before === undefined || JSON.stringify(before.spec) === JSON.stringify(cluster.spec)) return;
    for (const {session} of this.#members.values()) session?.enqueueAll();
  }

  #newMember(cluster: Cluster, record: MemberRecord): Member {
    const {identity, unreachableAfterMs, leaseRenewMs = 10_000, epoch = 1, logger, onRequest} = this.#options;
    return new Member(cluster, record, {
      facts: this.#facts,
      memory: this.#memory,
      hubIdentity: identity,
      unreachableAfterMs,
      leaseRenewMs,
      epoch,
      logger,
      claim: (id, uid) => claimIdentity({id, uid, members: this.#members, memory: this.#memory}),
      onExport: (id, key, accepted) => this.#exports.set(id, key, accepted),
      onDelivery: (key) => this.#onDelivery(key),
      onRead: () => this.#reviewGathering(),
      onChange: (id) => this.#onMember(id),
      onRequest: onRequest && ((id, report) => onRequest({...report, cluster: id})),
    });
  }

  #onGone(name: string): void {
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#options.logger.info({cluster: name}, 'cluster is no longer registered');
    this.#members.delete(name);
    this.#told.delete(name);
    this.#wantGateways();
    for (const {session} of this.#members.values()) session?.enqueue('remote-cluster', [name]);
    const left = member.leave(this.#signal).finally(() => this.#leaving.delete(name));
    this.#leaving.set(name, left);
    this.#reviewGathering();
  }

  #wantGateways(): void {
    const hosts = [...this.#members.values()].flatMap(({cluster: {spec}}) => spec?.gatewayHost ?? []);
    this.#gateways.want(new Set(hosts));
  }

  #onExports(keys: ReadonlySet<string>): void {
    for (const {session} of this.#members.values()) session?.enqueueNames(keys);
  }

  #onDelivery(key: string): void {
    for (const {cluster} of this.#exports.of(key)) this.#members.get(cluster)?.session?.enqueue('export', [key]);
  }

  #onGateway(host: string): void {
    for (const {id, cluster, accepted} of this.#members.values()) {
      if (cluster.spec?.gatewayHost !== host) continue;
      const keys = [...accepted.keys()];
      for (const {session} of this.#members.values()) {
        session?.enqueue('remote-cluster', [id]);
        session?.enqueue('flomesh-import', keys);
      }
      this.#statuses.add(id);
    }
  }

  #onMember(id: string): void {
    this.#statuses.add(id);
    this.#reviewGathering();
    const member = this.#members.get(id);
    if (member === undefined) return;
    const {api, connection, session, hasJoined} = member;
    const news = [api?.state, connection?.version, hasJoined, session?.isWriting].join();
    if (this.#told.get(id) === news) return;
    this.#told.set(id, news);
    for (const other of this.#members.values()) {
      other.session?.enqueue('remote-cluster', [id]);
      other.session?.enqueueUndelivered();
    }
  }

  #situationOf(name: string): Omit<ClusterSituation, 'cluster' | 'nowMs'> | undefined {
    const member = this.#members.get(name);
    if (member === undefined) return undefined;
    const gatewayRefused = this.#gateways.isRefused(member.cluster.spec?.gatewayHost);
    return {reachable: member.reachable(), synced: member.synced(), gatewayRefused, held: member.accepted.held};
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#members.values()].map(async (member) => member.close()));
    await Promise.all([
      ...this.#leaving.values(),
      this.#registry.closed,
      this.#statuses.closed,
      this.#memory.closed,
      this.#gateways.closed,
    ]);
    await this.#recorder.flush();
    await this.#client.close();
  }
}
