import type {Cluster} from '../api/kinds.ts';
import type {TraceStep} from '../clusterset/decision.ts';
import {mergeTrace} from '../clusterset/merge.ts';
import {pause} from '../kube/backoff.ts';
import {KubeClient} from '../kube/client.ts';
import {EventRecorder} from '../kube/event-recorder.ts';
import type {ClusterAccess} from './cluster-access.ts';
import {ClusterRegistry} from './cluster-registry.ts';
import {ClusterStatusWriter} from './cluster-status-writer.ts';
import {ClustersetExports} from './clusterset-exports.ts';
import {claimIdentity} from './claim-identity.ts';
import {ClusterKeeper} from './cluster-keeper.ts';
import {Departures} from './departures.ts';
import {Gathering} from './gathering.ts';
import {HubFacts} from './hub-facts.ts';
import type {HubOptions} from './hub-options.ts';
import type {HubStatus} from './hub-status.ts';
import {withoutKubeconfig} from './kept-objects.ts';
import {Member} from './member.ts';
import type {Claim} from './member-identity.ts';
import {MemberMemory, type MemberRecord} from './member-memory.ts';
import {MemberSecrets} from './member-secrets.ts';
import {mergeRules} from './merge-rules.ts';
import {type ClusterSituation, leavingSituation} from './plan-cluster-status.ts';
import {copyKeyOf, type PolicyKind} from './policy-kinds.ts';
import {PolicyRegistry} from './policy-registry.ts';
import {RegisteredGateways} from './registered-gateways.ts';
import {restoreTombstones} from './restore-tombstones.ts';
import {SliceBudget} from './slice-budget.ts';

export type {HubOptions} from './hub-options.ts';
export type {HubStatus, MemberStatus} from './hub-status.ts';

/** How often a Secret is read again whose credentials are refused. */
const SECRET_AGAIN_MS = 2_000;
/** Of a member, unless told otherwise (design §3). */
const SLICE_LIMIT = 5_000;

/**
 * Connects to every registered cluster, merges what they export and makes each hold what it should. It keeps nothing outside
 * of its own API and may be restarted at any moment: members keep serving.
 */
export class Hub {
  readonly #options: HubOptions;
  readonly #client: KubeClient;
  readonly #members = new Map<string, Member>();
  /** Those that leave, as long as their connection still ends. */
  readonly #retiring = new Map<string, Promise<void>>();
  readonly #policies: PolicyRegistry;
  readonly #exports: ClustersetExports;
  readonly #gathering = new Gathering(this.#members);
  readonly #slices: SliceBudget;
  readonly #gateways: RegisteredGateways;
  readonly #facts: HubFacts;
  readonly #memory: MemberMemory;
  readonly #departures: Departures;
  readonly #keeper: ClusterKeeper;
  readonly #registry: ClusterRegistry;
  readonly #statuses: ClusterStatusWriter;
  readonly #recorder: EventRecorder;
  /** What other members were last told to look at again because of one. */
  readonly #told = new Map<string, string>();
  /** Names whose source slices changed in this turn of the event loop. */
  #changedSlices = new Set<string>();
  readonly #syncing = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<void>();
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
    const members = this.#members;
    this.#gateways = new RegisteredGateways({members, development, logger, onChange: (of) => this.#onGateway(of)});
    this.#policies = new PolicyRegistry({client, nowMs, logger, onChange: (kind, of) => this.#onPolicies(kind, of)});
    const isGathered = (): boolean => this.#gathering.isOver;
    const rules = mergeRules({...options, members, policies: this.#policies, isGathered});
    this.#exports = new ClustersetExports((keys) => this.#onExports(keys), rules);
    this.#slices = new SliceBudget({
      importSlices: options.importSlices ?? 'all',
      limit: options.sliceLimit ?? SLICE_LIMIT,
      members: this.#members,
      isGathered,
      onChange: (ids) => this.#onSliceUse(ids),
    });
    this.#facts = new HubFacts({
      ...{namespace, clustersetId, createNamespaces, nowMs, defaultRouting: options.defaultRouting},
      exports: this.#exports,
      policies: this.#policies,
      members: this.#members,
      gateways: this.#gateways.addresses,
      gatewayTakenBy: (id) => this.#gateways.takenBy(id),
      isRegistered: (id) => this.#isRegistered(id),
      slices: this.#slices,
      isGathered,
      // Nobody probes gateways for the hub yet, and without its own probe nothing is withdrawn (design §6).
      isWithdrawn: () => false,
    });
    this.#memory = new MemberMemory({client, namespace, logger});
    this.#recorder = new EventRecorder({client, component: 'isthmus-hub', logger, nowMs});
    const secrets = new MemberSecrets(client, namespace);
    this.#keeper = new ClusterKeeper({client, secrets, nowMs, logger, onOpinion: (name) => this.#statuses.add(name)});
    this.#departures = new Departures({
      ...{memory: this.#memory, secrets, keeper: this.#keeper, recorder: this.#recorder},
      ...{own: options.credentials, namespace, clustersetId, development, nowMs, logger},
      hubIdentity: options.identity,
      epoch: options.epoch ?? 1,
      leaseRenewMs: options.leaseRenewMs ?? 10_000,
      letGoAfterMs: options.unreachableAfterMs,
      registered: (name) => this.#members.get(name)?.cluster,
      onChange: (name) => this.#statuses.add(name),
    });
    this.#registry = new ClusterRegistry({
      client,
      own: options.credentials,
      keeper: this.#keeper,
      isSecretInUse: (name) => this.#departures.waitsFor(name) !== undefined,
      namespace,
      development,
      nowMs,
      logger,
      onCluster: async (cluster, access, of) => this.#onCluster(cluster, access, of),
      onGone: (name) => this.#onGone(name),
      onStored: (name) => this.#statuses.noteStored(name),
    });
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
    this.#memory.start(signal);
    this.#gateways.addresses.start(signal);
    this.#departures.start(signal);
    this.#statuses.start(signal);
    this.#registry.start(signal);
    this.#policies.start(signal);
    void this.#gather(signal);
    signal.addEventListener('abort', () => void this.#close().then(this.#closing.resolve, this.#closing.reject), {
      once: true,
    });
  }

  /** As they are registered now, without their kubeconfigs; for the webhook, which compares them with one another. */
  clusters(): readonly Cluster[] {
    return [...this.#registry.store.values()].map(withoutKubeconfig);
  }

  status(): HubStatus {
    return {
      gathered: this.#gathering.isOver,
      exportedNames: this.#exports.size,
      clusterList: this.#registry.status(),
      policyLists: this.#policies.statuses(),
      members: [...this.#members.values()].map((member) => member.status()),
      leaving: [...new Set([...this.#retiring.keys(), ...this.#departures.names])],
    };
  }

  /** How the import of one name came about. */
  explain(namespace: string, name: string): readonly TraceStep[] {
    return mergeTrace(this.#exports.of(`${namespace}/${name}`));
  }

  async #gather(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#registry.synced, this.#policies.known(signal)]);
    for (const {session} of this.#members.values()) session?.review();
    this.#syncing.resolve();
    void restoreTombstones({
      ...{client: this.#client, memory: this.#memory, registered: this.#registry.store, signal},
      logger: this.#options.logger,
      onLeft: (name) => this.#departures.resume(name),
    });
    await pause(this.#options.unreachableAfterMs, signal);
    this.#isLate = true;
    if (!signal.aborted) this.#reviewGathering();
  }

  /** Nothing is decided before the Cluster objects are listed: until then nobody is known at all. */
  #reviewGathering(): void {
    if (!this.#registry.status().synced) return;
    const wasOver = this.#gathering.isOver;
    const isNews = this.#gathering.review(this.#isLate);
    if (!isNews && wasOver === this.#gathering.isOver) return;
    this.#slices.note();
    // The types of imports that exist are known only now.
    this.#exports.reconsider();
    for (const {session} of this.#members.values()) session?.enqueueAll();
  }

  async #onCluster(cluster: Cluster, access: ClusterAccess, signal: AbortSignal): Promise<void> {
    const {name} = cluster.metadata;
    const retiring = this.#retiring.get(name);
    if (retiring !== undefined) {
      // The old one must have let go before the new one begins to write.
      void retiring.then(() => this.#registry.again(name));
      return;
    }
    if (cluster.metadata.deletionTimestamp !== undefined) {
      this.#depart(name, {cluster, access});
      return;
    }
    const record = await this.#memory.load(name, signal);
    const before = this.#members.get(name)?.cluster;
    const member = this.#members.get(name) ?? this.#newMember(cluster, record);
    this.#members.set(name, member);
    member.update(cluster, access);
    this.#gateways.review();
    if (before === undefined || JSON.stringify(before.spec) === JSON.stringify(cluster.spec)) return;
    // Conditions of policies may speak of its place.
    this.#exports.reconsider();
    for (const {session} of this.#members.values()) session?.enqueueAll();
  }

  #newMember(cluster: Cluster, record: MemberRecord): Member {
    const {identity, development, unreachableAfterMs, logger, onRequest} = this.#options;
    const {leaseRenewMs = 10_000, epoch = 1} = this.#options;
    return new Member(cluster, record, {
      facts: this.#facts,
      memory: this.#memory,
      hubIdentity: identity,
      development,
      unreachableAfterMs,
      leaseRenewMs,
      epoch,
      logger,
      claim: (id, uid) => this.#claim(id, uid),
      onExport: (id, key, accepted) => this.#exports.set(id, key, accepted),
      onSlices: (key) => this.#noteSlices(key),
      onDelivery: (key) => this.#onDelivery(key),
      onRead: () => this.#reviewGathering(),
      onChange: (id) => this.#onMember(id),
      onRequest: onRequest && ((id, report) => onRequest({...report, cluster: id})),
    });
  }

  #claim(id: string, uid: string): Claim {
    const gatewayTakenBy = this.#gateways.takenBy(id);
    const claim = claimIdentity({id, uid, members: this.#members, memory: this.#memory, gatewayTakenBy});
    if (claim.ok) this.#departures.rejoined(uid);
    return claim;
  }

  /** It is sure only after a whole list that a Cluster isn't there; the watch may be behind, never ahead. */
  #isRegistered(name: string): boolean {
    const found = this.#registry.store.get(name);
    if (found !== undefined) return found.metadata.deletionTimestamp === undefined;
    return !this.#registry.status().synced;
  }

  #onGone(name: string): void {
    if (this.#members.has(name) || this.#departures.holds(name))
      this.#depart(name, {cluster: undefined, access: undefined});
  }

  /** From now on nothing of it counts; what was written into it is taken back as soon as it lets us. */
  #depart(name: string, of: {cluster: Cluster | undefined; access: ClusterAccess | undefined}): void {
    const member = this.#members.get(name);
    const access = of.access?.ok === true ? of.access : (member?.access ?? of.access);
    if (member === undefined) {
      this.#departures.begin(name, {...of, access});
      return;
    }
    this.#options.logger.info({cluster: name}, 'cluster leaves');
    this.#members.delete(name);
    this.#told.delete(name);
    this.#gateways.review();
    for (const {session} of this.#members.values()) session?.enqueue('remote-cluster', [name]);
    const retired = member.retire().finally(() => {
      this.#retiring.delete(name);
      this.#departures.begin(name, {...of, access});
    });
    this.#retiring.set(name, retired);
    this.#slices.note();
    this.#reviewGathering();
  }

  #onPolicies(kind: PolicyKind, keys: readonly string[]): void {
    if (kind === 'export-policy') this.#exports.reconsider();
    for (const {session} of this.#members.values()) session?.enqueue(kind, keys.map(copyKeyOf));
  }

  #onExports(keys: ReadonlySet<string>): void {
    for (const {session} of this.#members.values()) session?.enqueueNames(keys);
  }

  #noteSlices(key: string): void {
    if (this.#changedSlices.size === 0) setImmediate(() => this.#onSlices());
    this.#changedSlices.add(key);
  }

  #onSlices(): void {
    const changed = this.#changedSlices;
    this.#changedSlices = new Set();
    this.#slices.note();
    for (const {session} of this.#members.values()) {
      session?.enqueue('slices', changed);
      // It says whether there are any.
      session?.enqueue('import', changed);
    }
    // Endpoints that a member can't use are told on the export.
    for (const key of changed) this.#onDelivery(key);
  }

  #onSliceUse(ids: readonly string[]): void {
    for (const id of ids) {
      this.#options.logger.info({cluster: id, limited: this.#slices.isOver(id)}, 'slice limit');
      this.#members.get(id)?.session?.enqueueAll();
      this.#statuses.add(id);
    }
  }

  #onDelivery(key: string): void {
    for (const {cluster} of this.#exports.of(key)) this.#members.get(cluster)?.session?.enqueue('export', [key]);
  }

  #onGateway({id, accepted}: Member): void {
    const keys = [...accepted.keys()];
    for (const {session} of this.#members.values()) {
      session?.enqueue('remote-cluster', [id]);
      session?.enqueue('flomesh-import', keys);
    }
    this.#statuses.add(id);
  }

  #onMember(id: string): void {
    this.#statuses.add(id);
    this.#reviewGathering();
    const member = this.#members.get(id);
    if (member === undefined) return;
    if (member.reachable().reason === 'Unauthorized' && member.cluster.spec?.kubeconfigSecretRef !== undefined) {
      // The Secret was rotated, as a rule: looking there now and then is not soon enough.
      this.#registry.again(id, SECRET_AGAIN_MS);
    }
    const {api, connection, session, hasJoined} = member;
    const news = [api?.state, connection?.version, hasJoined, session?.isWriting, connection?.refusal?.reason].join();
    if (this.#told.get(id) === news) return;
    this.#told.set(id, news);
    for (const other of this.#members.values()) {
      other.session?.enqueue('remote-cluster', [id]);
      other.session?.enqueueUndelivered();
    }
  }

  #situationOf(name: string): Omit<ClusterSituation, 'cluster' | 'nowMs'> | undefined {
    const member = this.#members.get(name);
    const waitsFor = this.#departures.holds(name) ? this.#departures.waitsFor(name) : undefined;
    if (member === undefined) return waitsFor === undefined ? undefined : leavingSituation(waitsFor);
    const gatewayRefused = this.#gateways.addresses.isRefused(member.cluster.spec?.gatewayHost);
    return {
      reachable: member.reachable(),
      synced: member.synced(),
      gatewayRefused,
      gatewayTakenBy: this.#gateways.takenBy(name),
      inline: this.#keeper.inlineOpinion(name),
      held: member.accepted.held,
      sliceLimit: this.#slices.isOver(name) ? this.#slices.limit : undefined,
    };
  }

  async #close(): Promise<void> {
    this.#slices.close();
    await Promise.all([...this.#members.values()].map(async (member) => member.close()));
    await Promise.all([
      ...this.#retiring.values(),
      this.#registry.closed,
      this.#policies.closed,
      this.#statuses.closed,
      this.#memory.closed,
      this.#gateways.addresses.closed,
    ]);
    await this.#departures.closed;
    await this.#recorder.flush();
    await this.#client.close();
  }
}
