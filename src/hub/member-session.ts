import type {Logger} from 'pino';
import type {Lease} from '../api/kinds.ts';
import {keyOf} from '../api/meta.ts';
import {CLUSTER_ID_PROPERTY, CLUSTERSET_ID_PROPERTY, HUB_LEASE} from '../api/names.ts';
import type {KubeClient} from '../kube/client.ts';
import {ApiServerAddresses} from './api-server-addresses.ts';
import type {Consumer} from './clusterset-exports.ts';
import type {ClustersetFacts} from './clusterset-facts.ts';
import type {DeliveryLedger} from './delivery-ledger.ts';
import {ExportIntake, type ExportIntakeOptions} from './export-intake.ts';
import {checkClaim, type HubMark} from './hub-mark.ts';
import type {AdmittedMember} from './member-admission.ts';
import type {MemberContext} from './member-context.ts';
import type {MemberIdentity} from './member-identity.ts';
import {MemberLease, type ReplicaChoice} from './member-lease.ts';
import {MemberQueue} from './member-queue.ts';
import {type MemberWatchEvents, MemberWatches} from './member-watches.ts';
import {MemberWriters} from './member-writers.ts';
import {ObservedDeliveries} from './observed-deliveries.ts';
import type {Opinion} from './plan-cluster-status.ts';
import type {CopyState} from './plan-policy-status.ts';
import {copyStateIn} from './policy-copies.ts';
import {copyKeyOf, originalKeyOf, POLICY_KINDS, type PolicyKind} from './policy-kinds.ts';
import {sessionOpinion} from './session-opinion.ts';
import {type SyncKind, syncItemText} from './sync-item.ts';
import {unseenWrites} from './unseen-writes.ts';
import {WritePace} from './write-pace.ts';

export interface MemberSessionOptions {
  readonly client: KubeClient;
  /** Its long key follows the Cluster's region, zone and group. */
  readonly consumer: () => Consumer;
  readonly admitted: AdmittedMember;
  readonly identity: MemberIdentity;
  readonly facts: ClustersetFacts;
  readonly ledger: DeliveryLedger;
  readonly intake: ExportIntakeOptions;
  readonly hubIdentity: string;
  readonly mark: () => HubMark;
  readonly leaseRenewMs: number;
  readonly replicas: ReplicaChoice;
  /** This hub knows what there is, so that it may ask another replica for the member. */
  readonly mayTakeOver: () => boolean;
  /** False: it is not known yet what was decided before. */
  readonly mayBegin: () => boolean;
  readonly backoff: {readonly minMs: number; readonly maxMs: number};
  readonly isReachable: () => boolean;
  /** Every list has been read whole. */
  readonly onRead: () => void;
  /** Something that conditions speak of may have changed. */
  readonly onStatus: () => void;
  /** Copies of these policies of the hub changed, keys of the originals. */
  readonly onCopies: (kind: PolicyKind, keys: readonly string[]) => void;
  /** What ends the session: it is another cluster, or another hub's. */
  readonly onEnd: (error: unknown) => void;
  readonly logger: Logger;
}

/** Writes to one imported slice are merged to at most one in this time (design §3). */
const SLICE_EVERY_MS = 1_000;
const PROPERTIES: readonly string[] = [CLUSTER_ID_PROPERTY, CLUSTERSET_ID_PROPERTY];

/**
 * The time from an identified member to the end of its connection: watches it, takes its exports in, and while it holds the
 * member's Lease makes it hold what it should. Level-triggered: each turn compares what is there with what should be.
 */
export class MemberSession {
  readonly watches: MemberWatches;
  readonly #options: MemberSessionOptions;
  readonly #stop = new AbortController();
  readonly #writing = new AbortController();
  readonly #context: MemberContext;
  readonly #intake: ExportIntake;
  readonly #queue: MemberQueue;
  readonly #apiServer: ApiServerAddresses;
  readonly #observed: ObservedDeliveries;
  #lease: MemberLease | undefined;
  #wasElsewhere = false;

  constructor(options: MemberSessionOptions) {
    this.#options = options;
    const {client, consumer, facts, ledger, admitted, backoff, logger, identity, onStatus, onEnd} = options;
    this.watches = new MemberWatches({
      client,
      namespace: facts.namespace,
      isServed: admitted.isServed,
      logger,
      backoff,
      nowMs: facts.nowMs,
      on: this.#watchEvents(),
    });
    const apiServer = new ApiServerAddresses({client, logger, onChange: () => this.#takeApiServer()});
    this.#apiServer = apiServer;
    this.#context = {
      get apiServerCIDRs() {
        return apiServer.cidrs ?? [];
      },
      slicePace: new WritePace(SLICE_EVERY_MS, facts.nowMs),
      get consumer() {
        return consumer();
      },
      client,
      watches: this.watches,
      writers: new MemberWriters(client, this.watches),
      ledger,
      facts,
    };
    this.#intake = new ExportIntake(options.intake, this.watches, this.#stop.signal);
    this.#observed = new ObservedDeliveries(this.#context, () => this.isWrittenElsewhere);
    this.#queue = new MemberQueue({context: this.#context, identity, onStatus, onEnd, logger});
  }

  /** Of its `kube-system`, as it was last asked; undefined: it never was. */
  get uid(): string | undefined {
    return this.#options.identity.uid;
  }

  get queueDepth(): number {
    return this.#queue.depth;
  }

  get writes(): number {
    return this.#context.writers.writes;
  }

  get failing(): number {
    return this.#queue.pass.failing;
  }

  /** Of its own API server: no other cluster's endpoint may have such an address here. */
  get apiServerCIDRs(): readonly string[] {
    return this.#apiServer.cidrs ?? [];
  }

  /** Everything was read, and what it exports was taken in. */
  get isTakenIn(): boolean {
    return this.watches.isSynced && !this.#intake.isBusy;
  }

  get holdsLease(): boolean {
    return this.#lease?.held === true;
  }

  /** True while what the hub decides is carried out here. */
  get isWriting(): boolean {
    return this.#queue.isOpen;
  }

  /** True while another replica of this hub carries it out, as far as can be seen. */
  get isWrittenElsewhere(): boolean {
    return this.watches.isSynced && this.#lease?.isElsewhere === true && this.#options.isReachable();
  }

  start(): void {
    this.watches.start(this.#stop.signal);
    this.#apiServer.start(this.#stop.signal);
    this.#queue.start(this.#writing.signal);
    void this.#noteRead();
  }

  /** Ends it; the Lease is released. Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#queue.shut();
    this.#writing.abort();
    this.#stop.abort();
    this.#observed.close();
    await Promise.all([this.watches.closed, this.#apiServer.closed, this.#queue.closed, this.#lease?.closed]);
  }

  /** Has these compared again: what should be there, or what this member exports, may have changed. */
  enqueue(kind: SyncKind, keys: Iterable<string>): void {
    this.#queue.add(kind, keys);
    if (kind === 'import') this.#observed.note(keys);
  }

  enqueueNames(keys: Iterable<string>): void {
    for (const key of keys)
      for (const kind of ['import', 'slices', 'flomesh-import', 'export'] as const) this.enqueue(kind, [key]);
  }

  /** True where its export of this name waits for another member, or was refused by one, as far as it was told. */
  isUndelivered(key: string): boolean {
    return this.#queue.isUndelivered(key);
  }

  /** Whom its exports wait for may be different. */
  enqueueUndelivered(): void {
    this.enqueue('export', this.#queue.undelivered);
  }

  /** Everything again: something changed that every object may depend on. */
  enqueueAll(): void {
    if (this.isWriting) this.#queue.addAll(this.#everything());
    else this.#observeAll();
  }

  /** How far a policy of the hub has come here. @param key - of the original */
  policyCopy(kind: PolicyKind, key: string): CopyState {
    const failure = this.#queue.pass.failureOf(syncItemText(kind, copyKeyOf(key)));
    return copyStateIn(this.#context, {kind, key, failure});
  }

  /** Observes all exports again. */
  reconsider(): void {
    this.#intake.noteAll();
  }

  /** Called now and then, and whenever something changed that writing depends on. */
  review(): void {
    if (this.#writing.signal.aborted) return;
    this.#startLease();
    this.#intake.review();
    const isRead = this.watches.isSynced && this.#apiServer.cidrs !== undefined;
    // What the hub's policies forbid must not be imported for a moment just because they weren't read yet.
    const isDecided = this.#options.facts.policiesUnknown() === undefined;
    const isReady = isRead && isDecided && this.#options.isReachable();
    const mayBegin = isReady && this.#options.mayBegin();
    this.#lease?.review({mayBegin, mayAsk: isReady && this.#options.mayTakeOver()});
    const mayWrite = isReady && this.holdsLease && (this.isWriting || mayBegin);
    if (this.isWrittenElsewhere !== this.#wasElsewhere) this.#noteElsewhere();
    if (mayWrite && !this.isWriting) this.#queue.open(this.#everything());
    if (!mayWrite && this.isWriting) this.#queue.shut();
    this.#options.onStatus();
  }

  opinion(): Opinion {
    const {namespace} = this.#options.facts;
    const policiesUnknown = this.#options.facts.policiesUnknown();
    const {watches, holdsLease} = this;
    return sessionOpinion({watches, namespace, holdsLease, policiesUnknown, pass: this.#queue.pass});
  }

  /** Another replica began or ceased to write here. */
  #noteElsewhere(): void {
    this.#wasElsewhere = this.isWrittenElsewhere;
    this.#observeAll();
  }

  #observeAll(): void {
    if (this.isWrittenElsewhere) this.#observed.note(this.#options.facts.exportKeys());
  }

  #seenLease(): Lease | undefined {
    return [...this.watches.lease.store.values()].find(({metadata}) => metadata.name === HUB_LEASE);
  }

  async #noteRead(): Promise<void> {
    await this.watches.synced;
    if (this.#stop.signal.aborted) return;
    this.#intake.noteAll();
    this.#options.onRead();
    this.review();
  }

  #watchEvents(): MemberWatchEvents {
    const writers = (): MemberWriters => this.#context.writers;
    return {
      exports: (source, changes) => {
        const keys = changes.map(({key}) => key);
        writers().exports.get(source)?.noteChanges(keys);
        this.#intake.takeExports(source, changes);
        this.enqueue('export', keys);
      },
      services: (keys) => this.#intake.note(keys),
      namespaces: (names) => this.#takeNamespaces(names),
      imports: (keys) => {
        writers().imports.noteChanges(keys);
        this.enqueue('import', keys);
        // They belong to that very object, and were waiting for it.
        this.enqueue('slices', keys);
      },
      importedSlices: (keys, imports) => {
        writers().slices.noteChanges(keys);
        this.enqueue('slices', imports);
      },
      flomeshImports: (keys) => {
        writers().flomeshImports?.noteChanges(keys);
        this.enqueue('flomesh-import', keys);
      },
      remoteClusters: (names) => {
        writers().remoteClusters.noteChanges(names);
        this.enqueue('remote-cluster', names);
      },
      properties: (names) => {
        writers().properties.noteChanges(names);
        this.enqueue(
          'property',
          names.filter((name) => PROPERTIES.includes(name)),
        );
      },
      policies: (kind, keys) => {
        writers().policies.get(kind)?.noteChanges(keys);
        const originals = new Map(keys.map((key) => [key, originalKeyOf(key)]));
        const copies = keys.filter((key) => originals.get(key) !== undefined);
        this.#queue.add(kind, copies);
        this.#options.onCopies(
          kind,
          copies.flatMap((key) => originals.get(key) ?? []),
        );
      },
      lease: () => this.#checkLease(),
      listed: (resource) => {
        for (const [kind, key] of unseenWrites(writers(), resource)) this.enqueue(kind, [key]);
      },
    };
  }

  #takeApiServer(): void {
    // Whatever was imported was judged by the addresses as they were.
    this.enqueueAll();
    this.review();
  }

  #takeNamespaces(names: readonly string[]): void {
    const {facts} = this.#options;
    for (const name of names) this.enqueueNames(facts.exportKeysIn(name));
    this.#queue.add('traffic-policy', [...this.#copies('traffic-policy')].filter(isIn(names)));
    // Evidence that a deletion is meant, or that lists are in their senses again, may have come with it.
    if (names.includes('kube-system')) this.#intake.noteAll();
    else this.#intake.noteNamespaces(new Set(names));
    if (names.includes(facts.namespace)) this.review();
  }

  #checkLease(): void {
    try {
      for (const lease of this.watches.lease.store.values()) checkClaim(lease, this.#options.mark());
    } catch (error) {
      this.#queue.shut();
      this.#options.onEnd(error);
      return;
    }
    this.review();
  }

  /** Not before its namespace is there: asking for it each second would only fill the log. */
  #startLease(): void {
    const {client, consumer, facts, hubIdentity, mark, leaseRenewMs, replicas, logger} = this.#options;
    if (this.#lease !== undefined || !this.watches.isSynced) return;
    if (!this.watches.namespaces.store.has(facts.namespace)) return;
    this.#lease = new MemberLease({
      ...{client, mark, replicas, logger, namespace: facts.namespace, nowMs: facts.nowMs},
      member: consumer().id,
      identity: hubIdentity,
      renewMs: leaseRenewMs,
      seen: () => this.#seenLease(),
      settled: async () => this.#queue.idle(),
      onTaken: () => this.#context.writers.forget(),
      onLost: () => this.#queue.drop(),
      onChange: () => this.review(),
    });
    this.#lease.start(this.#stop.signal);
  }

  #everything(): ReadonlySet<string> {
    const {facts} = this.#options;
    const {imports, flomeshImports, remoteClusters} = this.watches;
    const names = new Set([...facts.exportKeys(), ...imports.store.keys(), ...(flomeshImports?.store.keys() ?? [])]);
    const items = new Set(PROPERTIES.map((name) => syncItemText('property', name)));
    for (const {cluster} of facts.clusters()) items.add(syncItemText('remote-cluster', cluster.metadata.name));
    for (const name of remoteClusters.store.keys()) items.add(syncItemText('remote-cluster', name));
    for (const key of names) {
      items.add(syncItemText('import', key));
      items.add(syncItemText('flomesh-import', key));
    }
    for (const key of [...names, ...this.watches.importsWithSlices()]) items.add(syncItemText('slices', key));
    for (const kind of POLICY_KINDS) for (const key of this.#copies(kind)) items.add(syncItemText(kind, key));
    for (const {metadata} of this.watches.allExports()) items.add(syncItemText('export', keyOf(metadata)));
    return items;
  }
  /** Copies of policies that should be here, and those that are. */
  #copies(kind: PolicyKind): ReadonlySet<string> {
    const should = [...this.#options.facts.policies(kind).keys()].map(copyKeyOf);
    const are = [...(this.watches.policies.get(kind)?.store.keys() ?? [])].filter(
      (key) => originalKeyOf(key) !== undefined,
    );
    return new Set([...should, ...are]);
  }
}

function isIn(namespaces: readonly string[]): (key: string) => boolean {
  return (key) => namespaces.includes(key.slice(0, key.indexOf('/')));
}
