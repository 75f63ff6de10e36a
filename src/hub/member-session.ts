import type {Logger} from 'pino';
import {keyOf} from '../api/meta.ts';
import {CLUSTER_ID_PROPERTY, CLUSTERSET_ID_PROPERTY, EPOCH_ANNOTATION, HUB_LEASE, HUB_MANAGER} from '../api/names.ts';
import {leases} from '../api/resources.ts';
import {describeError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {LeaseHolder} from '../kube/lease.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import type {Consumer} from './clusterset-exports.ts';
import type {ClustersetFacts} from './clusterset-facts.ts';
import type {DeliveryLedger} from './delivery-ledger.ts';
import {ExportIntake, type ExportIntakeOptions} from './export-intake.ts';
import {type AdmittedMember, checkEpoch, endsMembership} from './member-admission.ts';
import type {MemberContext} from './member-context.ts';
import type {MemberIdentity} from './member-identity.ts';
import {MemberWatches, type MemberWatchEvents} from './member-watches.ts';
import {MemberWriters} from './member-writers.ts';
import type {Opinion} from './plan-cluster-status.ts';
import {removeTraces} from './remove-traces.ts';
import {syncProperty, syncRemoteCluster} from './sync-clusterset.ts';
import {syncExportStatus} from './sync-export-status.ts';
import {syncFlomeshImport} from './sync-flomesh-import.ts';
import {syncImport} from './sync-import.ts';
import {parseSyncItem, type SyncKind, syncItemText} from './sync-item.ts';
import {SyncPass} from './sync-pass.ts';

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
  readonly #queue: WorkQueue;
  readonly #pass = new SyncPass();
  #lease: LeaseHolder | undefined;
  #mayWrite = false;

  constructor(options: MemberSessionOptions) {
    this.#options = options;
    const {client, consumer, facts, ledger, admitted, backoff, logger} = options;
    this.watches = new MemberWatches({
      client,
      namespace: facts.namespace,
      isServed: admitted.isServed,
      logger,
      backoff,
      nowMs: facts.nowMs,
      on: this.#watchEvents(),
    });
    const writers = new MemberWriters(client, this.watches);
    this.#context = {
      get consumer() {
        return consumer();
      },
      client,
      watches: this.watches,
      writers,
      ledger,
      facts,
    };
    this.#intake = new ExportIntake(options.intake, this.watches, this.#stop.signal);
    this.#queue = new WorkQueue({
      concurrency: 8,
      handle: async (item, signal) => this.#handle(item, signal),
      onError: (item, error, attempt, delayMs) => this.#noteFailure(item, error, {attempt, delayMs}),
    });
  }

  get queueDepth(): number {
    return this.#queue.depth;
  }

  get writes(): number {
    return this.#context.writers.writes;
  }

  get failing(): number {
    return this.#pass.failing;
  }

  get holdsLease(): boolean {
    return this.#lease?.held === true;
  }

  /** True while what the hub decides is carried out here. */
  get isWriting(): boolean {
    return this.#mayWrite;
  }

  start(): void {
    const {signal} = this.#stop;
    this.watches.start(signal);
    this.#queue.start(this.#writing.signal);
    void this.#noteRead(signal);
  }

  async #noteRead(signal: AbortSignal): Promise<void> {
    await this.watches.synced;
    if (signal.aborted) return;
    this.#options.onRead();
    this.#intake.noteAll();
    this.review();
  }

  /** Ends it; the Lease is released. Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#mayWrite = false;
    this.#writing.abort();
    this.#stop.abort();
    await Promise.all([this.watches.closed, this.#queue.closed, this.#lease?.closed]);
  }

  /** Takes back what was written, as far as the member lets it. @throws AggregateError, KubeError */
  async leave(signal: AbortSignal): Promise<void> {
    const wasWriting = this.#mayWrite;
    this.#mayWrite = false;
    this.#writing.abort();
    await this.#queue.closed;
    if (wasWriting) await removeTraces(this.#context, signal);
    await this.close();
    if (wasWriting) {
      const at = {namespace: this.#options.facts.namespace, name: HUB_LEASE};
      await this.#options.client.delete(leases, at, {signal});
    }
  }

  /** Has the names compared again: in this member, what should be there or what it exports may have changed. */
  enqueue(kind: SyncKind, keys: Iterable<string>): void {
    if (!this.#mayWrite) return;
    for (const key of keys) this.#queue.add(syncItemText(kind, key));
  }

  enqueueNames(keys: Iterable<string>): void {
    for (const key of keys)
      for (const kind of ['import', 'flomesh-import', 'export'] as const) this.enqueue(kind, [key]);
  }

  /** Everything again: something changed that every object may depend on. */
  enqueueAll(): void {
    if (!this.#mayWrite) return;
    for (const item of this.#everything()) this.#queue.add(item);
  }

  /** Observes all exports again. */
  reconsider(): void {
    this.#intake.noteAll();
  }

  /** Called now and then, and whenever something changed that writing depends on. */
  review(): void {
    if (this.#stop.signal.aborted || this.#writing.signal.aborted) return;
    this.#startLease();
    this.#intake.review();
    const mayWrite = this.watches.isSynced && this.holdsLease && this.#options.isReachable();
    if (mayWrite !== this.#mayWrite) {
      this.#mayWrite = mayWrite;
      if (mayWrite) this.#beginPass();
      else this.#pass.stop();
    }
    this.#options.onStatus();
  }

  opinion(): Opinion {
    const {namespace} = this.#options.facts;
    const missing = Object.entries(this.watches.statuses()).find(([, {kindMissing}]) => kindMissing)?.[0];
    if (missing !== undefined) {
      const message = `It doesn't serve ${missing} any more. What it held is kept; apply manifests/crds there.`;
      return {status: 'False', reason: 'KindMissing', message};
    }
    if (!this.watches.isSynced) return {...UNDER_WAY, reason: 'Reading', message: 'Its objects are being read.'};
    if (!this.watches.namespaces.store.has(namespace)) {
      const message = `Namespace ${namespace} is missing there. Apply manifests/install in that cluster.`;
      return {status: 'False', reason: 'NamespaceMissing', message};
    }
    if (!this.holdsLease) {
      const message = `Waits for Lease ${HUB_LEASE} there: one hub writes at a time.`;
      return {...UNDER_WAY, reason: 'WaitsForLease', message};
    }
    const failure = this.#pass.firstFailure;
    if (failure !== undefined) return {status: 'False', reason: 'ApplyFailed', message: failure};
    if (this.#pass.isDone) return {status: 'True', reason: 'Synced', message: 'Everything was applied.'};
    return {...UNDER_WAY, reason: 'CatchingUp', message: 'Not everything has been compared yet.'};
  }

  #watchEvents(): MemberWatchEvents {
    return {
      exports: (source, changes) => {
        const writer = this.#context.writers.exports.get(source);
        for (const {key} of changes) writer?.noteChange(key);
        this.#intake.takeExports(source, changes);
        this.enqueue(
          'export',
          changes.map(({key}) => key),
        );
      },
      services: (keys) => this.#intake.note(keys),
      namespaces: (names) => this.#takeNamespaces(names),
      imports: (keys) => {
        for (const key of keys) this.#context.writers.imports.noteChange(key);
        this.enqueue('import', keys);
      },
      flomeshImports: (keys) => {
        for (const key of keys) this.#context.writers.flomeshImports?.noteChange(key);
        this.enqueue('flomesh-import', keys);
      },
      remoteClusters: (names) => {
        for (const name of names) this.#context.writers.remoteClusters.noteChange(name);
        this.enqueue('remote-cluster', names);
      },
      properties: (names) => {
        for (const name of names) this.#context.writers.properties.noteChange(name);
        this.enqueue(
          'property',
          names.filter((name) => PROPERTIES.includes(name)),
        );
      },
      lease: () => this.#checkLease(),
    };
  }

  #takeNamespaces(names: readonly string[]): void {
    for (const name of names) this.enqueueNames(this.#options.facts.exportKeysIn(name));
    // Evidence that a deletion is meant, or that lists are in their senses again, may have come with it.
    if (names.includes('kube-system')) this.#intake.noteAll();
    else this.#intake.noteNamespaces(new Set(names));
    if (names.includes(this.#options.facts.namespace)) this.review();
  }

  #checkLease(): void {
    try {
      for (const lease of this.watches.lease.store.values()) checkEpoch(lease, this.#options.epoch);
    } catch (error) {
      this.#mayWrite = false;
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
      logger,
      nowMs: facts.nowMs,
      leaseDurationMs: leaseRenewMs * LEASE_DURATION_IN_RENEWALS,
      renewEveryMs: leaseRenewMs,
      annotations: {[EPOCH_ANNOTATION]: String(epoch)},
      fieldManager: HUB_MANAGER,
      onHeld: () => this.review(),
      onLost: () => this.review(),
    });
    this.#lease.start(this.#stop.signal);
  }

  #beginPass(): void {
    this.#pass.begin(this.#everything());
    this.enqueueAll();
  }

  #everything(): Set<string> {
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
    for (const {metadata} of this.watches.allExports()) items.add(syncItemText('export', keyOf(metadata)));
    return items;
  }

  async #handle(item: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    // What is left undone here is done by the pass that begins when writing is possible again.
    if (!this.#mayWrite) return;
    await this.#options.identity.ensure(signal);
    const {kind, key} = parseSyncItem(item);
    switch (kind) {
      case 'import':
        await this.#deliver(key, signal);
        break;
      case 'flomesh-import':
        await syncFlomeshImport(this.#context, key, signal);
        break;
      case 'export': {
        const later = await syncExportStatus(this.#context, key, signal);
        if (later !== undefined) return later;
        break;
      }
      case 'remote-cluster':
        await syncRemoteCluster(this.#context, key, signal);
        break;
      case 'property':
        await syncProperty(this.#context, key, signal);
        break;
    }
    this.#noteDone(item);
  }

  async #deliver(key: string, signal: AbortSignal): Promise<void> {
    const result = await syncImport(this.#context, key, signal);
    const isExported = this.#options.facts.merged(key).verdicts.size > 0;
    this.#context.ledger.set(key, isExported ? result : undefined);
  }

  #noteDone(item: string): void {
    const before = this.#pass.isDone && this.#pass.failing === 0;
    this.#pass.noteDone(item);
    if (before !== (this.#pass.isDone && this.#pass.failing === 0)) this.#options.onStatus();
  }

  #noteFailure(item: string, error: unknown, {attempt, delayMs}: {attempt: number; delayMs: number}): void {
    const {logger, onEnd, ledger} = this.#options;
    logger.warn({err: error, item, attempt, delayMs}, 'could not be applied');
    if (endsMembership(error)) {
      onEnd(error);
      return;
    }
    // No answer says nothing about the object; whether the member is reachable is judged elsewhere.
    if (error instanceof KubeError && error.isTransport) return;
    // A race that the next attempt settles is not worth a condition.
    if (error instanceof KubeError && error.isConflict && attempt < 3) return;
    const {kind, key} = parseSyncItem(item);
    const message = describeError(error).slice(0, 400);
    if (kind === 'import') ledger.set(key, {state: 'Failed', message});
    this.#pass.noteFailure(item, message);
    this.#options.onStatus();
  }
}

const UNDER_WAY = {status: 'Unknown', passing: true} as const;
const PROPERTIES: readonly string[] = [CLUSTER_ID_PROPERTY, CLUSTERSET_ID_PROPERTY];
