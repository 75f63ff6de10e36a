import type {Logger} from 'pino';
import {keyOf} from '../api/meta.ts';
import {CLUSTER_ID_PROPERTY, CLUSTERSET_ID_PROPERTY, EPOCH_ANNOTATION, HUB_LEASE, HUB_MANAGER} from '../api/names.ts';
import type {KubeClient} from '../kube/client.ts';
import {LeaseHolder} from '../kube/lease.ts';
import {ApiServerAddresses} from './api-server-addresses.ts';
import type {Consumer} from './clusterset-exports.ts';
import type {ClustersetFacts} from './clusterset-facts.ts';
import type {DeliveryLedger} from './delivery-ledger.ts';
import {ExportIntake, type ExportIntakeOptions} from './export-intake.ts';
import {type AdmittedMember, checkEpoch} from './member-admission.ts';
import type {MemberContext} from './member-context.ts';
import type {MemberIdentity} from './member-identity.ts';
import {MemberQueue} from './member-queue.ts';
import {type MemberWatchEvents, MemberWatches} from './member-watches.ts';
import {MemberWriters} from './member-writers.ts';
import {forbiddenOpinion, type Opinion} from './plan-cluster-status.ts';
import {copyKeyOf, originalKeyOf, POLICY_KINDS, type PolicyKind} from './policy-kinds.ts';
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
  readonly epoch: number;
  readonly leaseRenewMs: number;
  readonly backoff: {readonly minMs: number; readonly maxMs: number};
  readonly isReachable: () => boolean;
  /** Every list has been read whole. */
  readonly onRead: () => void;
  /** Something that conditions speak of may have changed. */
  readonly onStatus: () => void;
  /** What ends the session: it is another cluster, or another hub's. */
  readonly onEnd: (error: unknown) => void;
  readonly logger: Logger;
}

/** Takeover after 25 s where renewals come every 10 s (design §3). */
const LEASE_DURATION_IN_RENEWALS = 2.5;
/** Writes to one imported slice are merged to at most one in this time (design §3). */
const SLICE_EVERY_MS = 1_000;
const PROPERTIES: readonly string[] = [CLUSTER_ID_PROPERTY, CLUSTERSET_ID_PROPERTY];
const UNDER_WAY = {status: 'Unknown', passing: true} as const;

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
  #lease: LeaseHolder | undefined;

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
    this.#queue = new MemberQueue({context: this.#context, identity, onStatus, onEnd, logger});
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

  get holdsLease(): boolean {
    return this.#lease?.held === true;
  }

  /** True while what the hub decides is carried out here. */
  get isWriting(): boolean {
    return this.#queue.isOpen;
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
    await Promise.all([this.watches.closed, this.#apiServer.closed, this.#queue.closed, this.#lease?.closed]);
  }

  /** Has these compared again: what should be there, or what this member exports, may have changed. */
  enqueue(kind: SyncKind, keys: Iterable<string>): void {
    this.#queue.add(kind, keys);
  }

  enqueueNames(keys: Iterable<string>): void {
    for (const key of keys)
      for (const kind of ['import', 'slices', 'flomesh-import', 'export'] as const) this.enqueue(kind, [key]);
  }

  /** Whom its exports wait for may be different. */
  enqueueUndelivered(): void {
    this.enqueue('export', this.#queue.undelivered);
  }

  /** Everything again: something changed that every object may depend on. */
  enqueueAll(): void {
    if (this.isWriting) this.#queue.addAll(this.#everything());
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
    const mayWrite = isRead && isDecided && this.holdsLease && this.#options.isReachable();
    if (mayWrite && !this.isWriting) this.#queue.open(this.#everything());
    if (!mayWrite && this.isWriting) this.#queue.shut();
    this.#options.onStatus();
  }

  opinion(): Opinion {
    const {namespace} = this.#options.facts;
    const {pass} = this.#queue;
    const missing = Object.entries(this.watches.statuses()).find(([, {kindMissing}]) => kindMissing)?.[0];
    if (missing !== undefined) {
      const message = `It doesn't serve ${missing} any more. What it held is kept; apply manifests/crds there.`;
      return {status: 'False', reason: 'KindMissing', message};
    }
    const forbidden = Object.values(this.watches.statuses()).find(
      (status) => status.forbidden !== undefined,
    )?.forbidden;
    if (forbidden !== undefined) return forbiddenOpinion(forbidden);
    if (!this.watches.isSynced) return {...UNDER_WAY, reason: 'Reading', message: 'Its objects are being read.'};
    if (!this.watches.namespaces.store.has(namespace)) {
      const message = `Namespace ${namespace} is missing there. Apply manifests/install in that cluster.`;
      return {status: 'False', reason: 'NamespaceMissing', message};
    }
    if (!this.holdsLease) {
      const message = `Waits for Lease ${HUB_LEASE} there: one hub writes at a time.`;
      return {...UNDER_WAY, reason: 'WaitsForLease', message, ...(this.#isWrittenByAnother() ? {untold: true} : {})};
    }
    const unknown = this.#options.facts.policiesUnknown();
    if (unknown !== undefined && unknown !== '') {
      const message = `What the hub's policies forbid isn't known, so nothing is changed: ${unknown}`;
      return {status: 'False', reason: 'PoliciesUnknown', message};
    }
    if (pass.firstFailure !== undefined) return {status: 'False', reason: 'ApplyFailed', message: pass.firstFailure};
    if (pass.isDone) return {status: 'True', reason: 'Synced', message: 'Everything was applied.'};
    return {...UNDER_WAY, reason: 'CatchingUp', message: 'Not everything has been compared yet.'};
  }

  #isWrittenByAnother(): boolean {
    const holders = [...this.watches.lease.store.values()].map(({spec}) => spec?.holderIdentity ?? '');
    return holders.some((holder) => holder !== '' && holder !== this.#options.hubIdentity);
  }

  async #noteRead(): Promise<void> {
    await this.watches.synced;
    if (this.#stop.signal.aborted) return;
    this.#options.onRead();
    this.#intake.noteAll();
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
        this.#queue.add(
          kind,
          keys.filter((key) => originalKeyOf(key) !== undefined),
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
      for (const lease of this.watches.lease.store.values()) checkEpoch(lease, this.#options.epoch);
    } catch (error) {
      this.#queue.shut();
      this.#options.onEnd(error);
    }
  }

  /** Not before its namespace is there: asking for it each second would only fill the log. */
  #startLease(): void {
    const {client, facts, hubIdentity, epoch, leaseRenewMs, logger} = this.#options;
    if (this.#lease !== undefined || !this.watches.isSynced) return;
    if (!this.watches.namespaces.store.has(facts.namespace)) return;
    this.#lease = new LeaseHolder({
      client,
      namespace: facts.namespace,
      name: HUB_LEASE,
      identity: hubIdentity,
      leaseDurationMs: leaseRenewMs * LEASE_DURATION_IN_RENEWALS,
      renewEveryMs: leaseRenewMs,
      annotations: {[EPOCH_ANNOTATION]: String(epoch)},
      fieldManager: HUB_MANAGER,
      onHeld: () => this.review(),
      onLost: () => this.review(),
      logger,
      nowMs: facts.nowMs,
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
