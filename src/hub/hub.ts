import type {Cluster} from '../api/kinds.ts';
import type {TraceStep} from '../clusterset/decision.ts';
import {KubeClient} from '../kube/client.ts';
import type {ClusterAccess} from './cluster-access.ts';
import {ClusterRegistry} from './cluster-registry.ts';
import {ClusterStatusWriter} from './cluster-status-writer.ts';
import {ClustersetExports} from './clusterset-exports.ts';
import {CredentialCare} from './credential-care.ts';
import {claimIdentity} from './claim-identity.ts';
import {DeliveryNews} from './delivery-news.ts';
import {FullComparison} from './full-comparison.ts';
import {HubFacts} from './hub-facts.ts';
import {type HubOptions, hubUserAgent} from './hub-options.ts';
import {HubStart} from './hub-start.ts';
import type {HubStatus} from './hub-status.ts';
import {withoutKubeconfig} from './kept-objects.ts';
import {isPlacedElsewhere} from './cluster-place.ts';
import {Member} from './member.ts';
import type {Claim} from './member-identity.ts';
import {MemberGateways} from './member-gateways.ts';
import type {MemberRecord} from './member-record.ts';
import {MemberNews} from './member-news.ts';
import {memberSituation} from './member-situation.ts';
import {mergeRules} from './merge-rules.ts';
import type {PolicyKind} from './policy-kinds.ts';
import {PolicyRegistry} from './policy-registry.ts';
import {PolicyStatusWriter} from './policy-status-writer.ts';
import {RegisteredGateways} from './registered-gateways.ts';
import {RetiringMembers} from './retiring-members.ts';
import {SharedState} from './shared-state.ts';
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
  readonly #retiring = new RetiringMembers();
  readonly #policies: PolicyRegistry;
  readonly #policyStatuses: PolicyStatusWriter;
  readonly #exports: ClustersetExports;
  readonly #start: HubStart;
  readonly #slices: SliceBudget;
  readonly #gateways: RegisteredGateways;
  readonly #health: MemberGateways;
  readonly #facts: HubFacts;
  readonly #registry: ClusterRegistry;
  readonly #statuses: ClusterStatusWriter;
  readonly #shared: SharedState;
  readonly #care: CredentialCare;
  readonly #deliveryNews = new DeliveryNews({
    members: this.#members,
    exportersOf: (key) => this.#exports.of(key).map(({cluster}) => cluster),
    delivery: (key) => this.#facts.delivery(key),
  });
  readonly #news = new MemberNews({
    members: this.#members,
    delivery: this.#deliveryNews,
    onSlices: () => this.#slices.note(),
  });
  readonly #everything: FullComparison;
  readonly #closing = Promise.withResolvers<void>();

  constructor(options: HubOptions) {
    this.#options = options;
    const {logger, namespace, development, clustersetId, createNamespaces, onRequest} = options;
    const nowMs = options.nowMs ?? Date.now;
    this.#client = new KubeClient({
      credentials: options.credentials,
      userAgent: hubUserAgent(options.identity),
      nowMs,
      onRequest: onRequest && ((report) => onRequest({...report, cluster: 'hub'})),
    });
    const client = this.#client;
    const members = this.#members;
    this.#gateways = new RegisteredGateways({members, development, logger, onChange: (of) => this.#onGateway(of)});
    this.#policies = new PolicyRegistry({
      ...{client, nowMs, logger},
      onChange: (kind, of) => this.#onPolicies(kind, of),
      onStored: (kind, of) => this.#policyStatuses.noteStored(kind, of),
    });
    const isGathered = (): boolean => this.#start.isGathered;
    const isUnknown = (cluster: string, key: string): boolean => this.#facts.isUnknown(cluster, key);
    const rules = mergeRules({...options, members, policies: this.#policies, isGathered, isUnknown});
    this.#exports = new ClustersetExports((keys) => this.#news.exports(keys), rules);
    this.#everything = new FullComparison(this.#exports, members);
    this.#slices = new SliceBudget({
      importSlices: options.importSlices ?? 'all',
      limit: options.sliceLimit ?? SLICE_LIMIT,
      members: this.#members,
      isGathered,
      onChange: (ids) => this.#onSliceUse(ids),
    });
    this.#health = new MemberGateways({
      ...{members, gateways: this.#gateways, nowMs, logger, probeGateways: options.probeGateways},
      stalenessBoundMs: options.stalenessBoundMs,
      onHealth: (id) => this.#statuses.add(id),
    });
    this.#facts = new HubFacts({
      ...{namespace, clustersetId, createNamespaces, nowMs, defaultRouting: options.defaultRouting},
      exports: this.#exports,
      policies: this.#policies,
      members: this.#members,
      gateways: this.#gateways.addresses,
      gatewayTakenBy: (id) => this.#gateways.takenBy(id),
      isRegistered: (id) => this.#isRegistered(id),
      registered: () => [...this.#registry.store.keys(), ...this.#registry.overlooked],
      slices: this.#slices,
      isGathered,
      withdrawnOf: (exporters) => this.#health.withdrawnOf(exporters),
    });
    this.#shared = new SharedState({
      ...{hub: options, client, members, nowMs},
      isListed: (name) => this.#registry.store.has(name),
      onOpinion: (name) => this.#statuses.add(name),
      onReplicas: () => this.#onReplicas(),
      onResponsible: (name) => {
        this.#statuses.takeUp(name);
        // Its kubeconfig may be still in the Cluster.
        this.#registry.again(name);
      },
    });
    const {keeper, departures, recorder, isResponsible} = this.#shared;
    this.#care = new CredentialCare({
      ...{client, members, recorder, isResponsible, namespace, nowMs, logger},
      userAgent: hubUserAgent(options.identity),
      onOpinion: (name) => this.#statuses.add(name),
      onRenewed: (name) => this.#registry.again(name),
    });
    this.#registry = new ClusterRegistry({
      client,
      own: options.credentials,
      keeper,
      isResponsible,
      isSecretInUse: (name) => departures.waitsFor(name) !== undefined,
      namespace,
      development,
      nowMs,
      logger,
      onCluster: async (cluster, access, of) => this.#onCluster(cluster, access, of),
      onGone: (name) => this.#onGone(name),
      onStored: (name) => this.#statuses.noteStored(name),
    });
    const parts = {gateways: this.#gateways, slices: this.#slices, health: this.#health, care: this.#care};
    const sources = {members, departures, keeper, ...parts};
    this.#statuses = new ClusterStatusWriter({
      ...{client, nowMs, logger, recorder, store: this.#registry.store},
      takeOverMs: options.unreachableAfterMs,
      situation: (name) => (isResponsible(name) ? memberSituation(name, sources) : undefined),
    });
    this.#start = new HubStart({
      ...{members, logger, registry: this.#registry, policies: this.#policies, memory: this.#shared.memory},
      patienceMs: options.unreachableAfterMs,
      onLeft: (name) => departures.resume(name),
      onGathered: () => this.#onGathered(),
    });
    this.#policyStatuses = new PolicyStatusWriter({
      ...{client, members, namespace, nowMs, logger, isGathered, isResponsible, policies: this.#policies},
    });
  }

  /** Resolves when all Cluster objects have been listed and taken up. */
  get synced(): Promise<void> {
    return this.#start.synced;
  }

  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  start(signal: AbortSignal): void {
    this.#shared.start(signal);
    this.#gateways.addresses.start(signal);
    this.#health.start(signal);
    this.#statuses.start(signal);
    this.#policyStatuses.start(signal);
    this.#care.start(signal);
    this.#registry.start(signal);
    this.#policies.start(signal);
    this.#start.start(signal);
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
      gathered: this.#start.isGathered,
      exportedNames: this.#exports.size,
      clusterList: this.#registry.status(),
      ...this.#shared.status(),
      policyLists: this.#policies.statuses(),
      members: [...this.#members.values()].map((member) => member.status()),
      gateways: this.#health.status(),
      leaving: [...new Set([...this.#retiring.names, ...this.#shared.departures.names])],
    };
  }

  /** How the import of one name came about. */
  explain(namespace: string, name: string): readonly TraceStep[] {
    return this.#exports.trace(`${namespace}/${name}`);
  }

  #onGathered(): void {
    this.#slices.note();
    this.#everything.want(); // The types of imports that exist are known only now.
    this.#policyStatuses.review();
  }

  async #onCluster(cluster: Cluster, access: ClusterAccess, signal: AbortSignal): Promise<void> {
    const {name} = cluster.metadata;
    const retiring = this.#retiring.of(name);
    if (retiring !== undefined) {
      // The old one must have let go before the new one begins to write.
      void retiring.then(() => this.#registry.again(name));
      return;
    }
    if (cluster.metadata.deletionTimestamp !== undefined) {
      this.#depart(name, {cluster, access});
      return;
    }
    await this.#shared.epoch.known;
    const record = await this.#shared.memory.load(name, signal);
    const before = this.#members.get(name)?.cluster;
    const member = this.#members.get(name) ?? this.#newMember(cluster, record);
    this.#members.set(name, member);
    member.update(cluster, access);
    this.#gateways.review();
    // Conditions of policies may speak of its place.
    if (before !== undefined && isPlacedElsewhere(before, cluster)) this.#everything.want();
  }

  #newMember(cluster: Cluster, record: MemberRecord): Member {
    const {identity, development, unreachableAfterMs, logger, onRequest} = this.#options;
    const {leaseRenewMs = 10_000} = this.#options;
    const {memory, replicas, epoch} = this.#shared;
    return new Member(cluster, record, {
      facts: this.#facts,
      memory,
      hubIdentity: identity,
      development,
      unreachableAfterMs,
      leaseRenewMs,
      replicas,
      isGathered: () => this.#start.isGathered,
      isStarted: () => this.#start.isOpen,
      mark: () => epoch.mark,
      logger,
      claim: (id, uid) => this.#claim(id, uid),
      onExport: (id, key, accepted) => this.#exports.set(id, key, accepted),
      onSlices: (key) => this.#news.slices(key),
      onDelivery: (key) => this.#deliveryNews.note(key),
      onCopies: (kind, keys) => this.#policyStatuses.note(kind, keys),
      onRead: () => this.#start.review(),
      onChange: (id) => this.#onMember(id),
      onRequest: onRequest && ((id, report) => onRequest({...report, cluster: id})),
    });
  }

  #claim(id: string, uid: string): Claim {
    const gatewayTakenBy = this.#gateways.takenBy(id);
    const claim = claimIdentity({id, uid, members: this.#members, memory: this.#shared.memory, gatewayTakenBy});
    if (claim.ok) this.#shared.departures.rejoined(uid);
    return claim;
  }

  /** It is sure only after a whole list that a Cluster isn't there; the watch may be behind, never ahead. */
  #isRegistered(name: string): boolean {
    const found = this.#registry.store.get(name);
    if (found !== undefined) return found.metadata.deletionTimestamp === undefined;
    return !this.#registry.status().synced || this.#registry.isOverlooked(name);
  }

  #onGone(name: string): void {
    if (this.#members.has(name) || this.#shared.departures.holds(name)) {
      this.#depart(name, {cluster: undefined, access: undefined});
      return;
    }
    // It went before it was taken up, or while no hub looked. What is not remembered was cleared, or was never there.
    if (this.#shared.memory.get(name) === undefined) return;
    this.#shared.departures.resume(name);
    this.#everything.want();
  }

  /** From now on nothing of it counts; what was written into it is taken back as soon as it lets us. */
  #depart(name: string, of: {cluster: Cluster | undefined; access: ClusterAccess | undefined}): void {
    const member = this.#members.get(name);
    // What only imports remember of it is compared nowhere else.
    this.#everything.want();
    const access = of.access?.ok === true ? of.access : (member?.access ?? of.access);
    if (member === undefined) {
      this.#shared.departures.begin(name, {...of, access});
      return;
    }
    this.#options.logger.info({cluster: name}, 'cluster leaves');
    this.#members.delete(name);
    this.#gateways.review();
    this.#news.left(name);
    this.#exports.forgetConsumer(name);
    this.#policyStatuses.noteMember(name);
    this.#care.noteMember(name);
    this.#shared.noteHeld(name, false);
    this.#retiring.retire(member, () => this.#shared.departures.begin(name, {...of, access}));
    this.#slices.note();
    this.#start.review();
  }

  #onPolicies(kind: PolicyKind, keys: readonly string[]): void {
    if (kind === 'export-policy') this.#exports.reconsider();
    this.#news.policies(kind, keys);
  }

  #onSliceUse(ids: readonly string[]): void {
    for (const id of ids) {
      this.#options.logger.info({cluster: id, limited: this.#slices.isOver(id)}, 'slice limit');
      this.#members.get(id)?.session?.enqueueAll();
      this.#statuses.add(id);
    }
  }

  /** Who writes to whom, and who tells of whom, may be different. */
  #onReplicas(): void {
    for (const [id, {session}] of this.#members) {
      session?.review();
      this.#statuses.add(id);
    }
    this.#policyStatuses.review();
  }

  #onGateway(member: Member): void {
    this.#news.gateway(member);
    this.#statuses.add(member.id);
  }

  #onMember(id: string): void {
    this.#statuses.add(id);
    this.#policyStatuses.noteMember(id);
    this.#care.noteMember(id);
    this.#start.review();
    const member = this.#members.get(id);
    if (member === undefined) return;
    if (member.reachable().reason === 'Unauthorized' && member.cluster.spec?.kubeconfigSecretRef !== undefined) {
      // The Secret was rotated, as a rule: looking there now and then is not soon enough.
      this.#registry.again(id, SECRET_AGAIN_MS);
    }
    this.#shared.noteHeld(id, member.session?.holdsLease === true);
    this.#news.member(member);
  }

  async #close(): Promise<void> {
    this.#slices.close();
    this.#everything.close();
    await Promise.all([...this.#members.values()].map(async (member) => member.close()));
    await Promise.all([
      this.#retiring.closed,
      this.#registry.closed,
      this.#policies.closed,
      this.#statuses.closed,
      this.#policyStatuses.closed,
      this.#care.closed,
      this.#shared.closed,
      this.#gateways.addresses.closed,
      this.#health.closed,
    ]);
    await this.#shared.departures.closed;
    await this.#shared.recorder.flush();
    await this.#client.close();
  }
}
