import type {Logger} from 'pino';

import {parseKey} from '../api/meta.ts';
import {AGENT_MANAGER, AGENT_SERVICE, AGENT_WRITER_LEASE} from '../api/names.ts';
import type {DefaultExportPolicy} from '../clusterset/export-policy.ts';
import type {View, ViewChange} from '../clusterset/view.ts';
import {describeError} from '../errors.ts';
import type {Backoff} from '../kube/backoff.ts';
import {KubeClient} from '../kube/client.ts';
import type {KubeClientOptions} from '../kube/client.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import {EventRecorder} from '../kube/event-recorder.ts';
import {LeaseHolder} from '../kube/lease.ts';
import type {ReflectorStatus} from '../kube/reflector.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import type {GatewayProbing} from '../probes/gateway-prober.ts';
import {ExportWriter} from './export-writer.ts';
import {ImportWriter} from './import-writer.ts';
import {countFindings} from './policy-findings.ts';
import {PolicyWriter} from './policy-writer.ts';
import {importKeyOf} from './derived-service.ts';
import type {HealthStatus} from './health-watch.ts';
import {HealthWatch} from './health-watch.ts';
import type {SkippedName} from './import-notes.ts';
import type {SourceName, Sources} from './sources.ts';
import {createSources} from './sources.ts';
import type {LocalChange, ViewListener} from './view-publisher.ts';
import {ViewPublisher} from './view-publisher.ts';
import {VipBudget} from './vip-budget.ts';

export interface AgentOptions {
  readonly credentials: ClusterCredentials;
  readonly namespace: string;
  readonly clusterId: string;
  /** Distinct for each replica: the holder's name in the writers' Lease. */
  readonly identity: string;
  readonly development: boolean;
  /** How long a derived Service outlives its import, milliseconds; never shorter than twice the TTL of its answers. */
  readonly lingerMs: number;
  readonly ttlMs: number;
  /** Most derived Services; never more than half of the service range, where the cluster tells it. */
  readonly maxVips: number;
  /** Of exports that no policy's rule speaks about. Default: Allow (the standard). */
  readonly defaultExportPolicy?: DefaultExportPolicy | undefined;
  /** Default: gateways of other clusters are not probed, and nothing is known of them. */
  readonly probeGateways?: GatewayProbing | undefined;
  /** How long it waits between attempts to reach its API server again. Default: that of a reflector, up to 15 s. */
  readonly backoff?: Backoff | undefined;
  readonly logger: Logger;
  readonly nowMs?: () => number;
  readonly onRequest?: KubeClientOptions['onRequest'];
}

export interface AgentStatus {
  readonly clusterId: string;
  readonly synced: boolean;
  readonly writer: boolean;
  readonly revision: number;
  readonly imports: number;
  readonly derivedServices: number;
  /** What policies find about exports that are there; only where this replica writes. */
  readonly policyFindings: ReturnType<typeof countFindings>;
  readonly health: HealthStatus;
  readonly lastSuccessMs: number | undefined;
  readonly sources: Readonly<Record<SourceName, ReflectorStatus>>;
}

const WRITER_LEASE_MS = 15_000;
const WRITER_RENEW_MS = 5_000;
const WRITERS = 4;
/** Which of them counts depends on the others, so they are one item. */
const ALL_POLICIES = 'all';
/** How often expiry of the heartbeat is looked at, and sync before the first view: both have no event of their own. */
const LOOK_EVERY_MS = 250;

/**
 * One cluster's side of the clusterset: reads its own API server alone, publishes views, and, while it holds the writers'
 * Lease, keeps what agents own there (design §3). All replicas read and serve; one writes.
 */
export class Agent {
  readonly client: KubeClient;
  readonly synced: Promise<void>;
  readonly closed: Promise<void>;
  readonly #options: AgentOptions;
  readonly #sources: Sources;
  readonly #publisher: ViewPublisher;
  readonly #lease: LeaseHolder;
  readonly #imports: WorkQueue;
  readonly #exports: WorkQueue;
  readonly #policies: WorkQueue;
  readonly #exportWriter: ExportWriter;
  readonly #budget: VipBudget;
  readonly #health: HealthWatch;
  readonly #skippedNames = new Map<string, readonly SkippedName[]>();
  readonly #recorder: EventRecorder;
  readonly #listeners: ViewListener[] = [];
  readonly #writerListeners: (() => void)[] = [];
  readonly #settle: {synced: () => void; closed: () => void};

  constructor(options: AgentOptions) {
    this.#options = options;
    const {credentials, namespace, logger, nowMs = Date.now} = options;
    const settled = {synced: Promise.withResolvers<void>(), closed: Promise.withResolvers<void>()};
    this.synced = settled.synced.promise;
    this.closed = settled.closed.promise;
    this.#settle = {synced: settled.synced.resolve, closed: settled.closed.resolve};
    this.client = new KubeClient({
      credentials,
      userAgent: 'isthmus-agent',
      nowMs,
      ...(options.onRequest === undefined ? {} : {onRequest: options.onRequest}),
    });
    this.#publisher = new ViewPublisher({
      ...options,
      nowMs,
      sources: () => this.#sources,
      gateways: () => this.#health.gateways,
      onPublish: (view, change, local) => this.#published(view, change, local),
    });
    this.#sources = createSources({
      client: this.client,
      namespace,
      logger,
      backoff: options.backoff,
      onChange: (source, keys) => this.#publisher.noteChange(source, keys),
    });
    this.#budget = new VipBudget({
      maxVips: options.maxVips,
      serviceRangeSize: () => this.#publisher.serviceRanges.size,
      ownNamespace: namespace,
      view: () => this.view(),
      derivedCount: () => this.#publisher.derivedCount,
      hasDerived: (key) => importWriter.hasDerived(key),
    });
    const importWriter = new ImportWriter({
      client: this.client,
      sources: this.#sources,
      namespace,
      view: () => this.view(),
      lingerMs: () => Math.max(options.lingerMs, 2 * options.ttlMs),
      budget: this.#budget,
      skippedNames: (key) => this.#skippedNames.get(key) ?? [],
      nowMs,
    });
    this.#recorder = new EventRecorder({client: this.client, component: AGENT_MANAGER, logger, nowMs});
    this.#health = new HealthWatch({
      ...{client: this.client, namespace, logger, nowMs, recorder: this.#recorder},
      clusters: () => this.#sources.clusters.store,
      services: () => this.#sources.services.store,
      view: () => this.view(),
      probeGateways: options.probeGateways,
      mayWrite: () => this.#lease.held && this.view().synced,
      onGateways: () => this.#publisher.noteGateways(),
    });
    const exportWriter = new ExportWriter({
      client: this.client,
      sources: this.#sources,
      namespace,
      view: () => this.view(),
      defaultExportPolicy: options.defaultExportPolicy,
      recorder: this.#recorder,
      nowMs,
    });
    this.#exportWriter = exportWriter;
    const policyWriter = new PolicyWriter({client: this.client, sources: this.#sources, nowMs});
    this.#imports = this.#queue('import', (key, signal) => importWriter.reconcile(key, signal));
    this.#exports = this.#queue('export', (key, signal) => exportWriter.reconcile(key, signal));
    this.#policies = this.#queue('policy', (_all, signal) => policyWriter.reconcile(signal));
    this.#lease = new LeaseHolder({
      client: this.client,
      namespace,
      name: AGENT_WRITER_LEASE,
      identity: options.identity,
      fieldManager: AGENT_MANAGER,
      leaseDurationMs: WRITER_LEASE_MS,
      renewEveryMs: WRITER_RENEW_MS,
      onHeld: () => {
        this.#enqueueEverything();
        this.#health.tell();
        for (const listener of this.#writerListeners) listener();
      },
      onLost: (why) => {
        importWriter.forget();
        exportWriter.forget();
        logger.warn({why}, 'writing stopped: the writers lease is lost');
      },
      logger,
      nowMs,
    });
  }

  /** Begins; aborting the signal ends everything, and `closed` resolves when the last connection is gone. */
  start(signal: AbortSignal): void {
    const reflectors = Object.values(this.#sources);
    for (const reflector of reflectors) reflector.start(signal);
    this.#imports.start(signal);
    this.#exports.start(signal);
    this.#policies.start(signal);
    this.#lease.start(signal);
    this.#health.start(signal);
    const timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    signal.addEventListener('abort', () => clearInterval(timer), {once: true});
    const parts = [
      ...reflectors.map(({closed}) => closed),
      this.#imports.closed,
      this.#exports.closed,
      this.#policies.closed,
      this.#lease.closed,
      this.#health.closed,
    ];
    void Promise.all(parts)
      .then(() => this.#recorder.flush())
      .then(() => this.client.close())
      .catch((error: unknown) =>
        this.#options.logger.error({err: describeError(error)}, 'the agent did not end cleanly'),
      )
      .finally(() => this.#settle.closed());
  }

  view(): View {
    return this.#publisher.view;
  }

  /** True while this replica is the one that writes. */
  get isWriter(): boolean {
    return this.#lease.held;
  }

  /** Calls whenever this replica becomes the one that writes. */
  onWriter(listener: () => void): void {
    this.#writerListeners.push(listener);
    if (this.isWriter) listener();
  }

  /** Calls with every view from now on; the first one after start is complete, with `change.all`. */
  onView(listener: ViewListener): void {
    this.#listeners.push(listener);
    const view = this.view();
    if (view.synced) listener(view, {all: true, imports: new Set(), namespaces: new Set(), clusterset: true});
  }

  /** Takes which imports have names that DNS leaves out, to be told on them; an empty list: none any more. */
  noteSkippedNames(imports: ReadonlyMap<string, readonly SkippedName[]>): void {
    for (const [key, skipped] of imports) {
      if (skipped.length === 0) this.#skippedNames.delete(key);
      else this.#skippedNames.set(key, skipped);
      this.#imports.add(key);
    }
  }

  status(): AgentStatus {
    const sources = Object.entries(this.#sources).map(([name, reflector]) => [name, reflector.status()] as const);
    const view = this.view();
    return {
      clusterId: this.#options.clusterId,
      synced: view.synced,
      writer: this.isWriter,
      revision: view.revision,
      imports: view.imports.size,
      derivedServices: this.#publisher.derivedCount,
      policyFindings: countFindings(this.#exportWriter.findings),
      health: this.#health.status(),
      lastSuccessMs: this.client.lastSuccessMs,
      sources: Object.fromEntries(sources) as Record<SourceName, ReflectorStatus>,
    };
  }

  #queue(
    kind: string,
    reconcile: (key: string, signal: AbortSignal) => Promise<void | {requeueAfterMs: number}>,
  ): WorkQueue {
    return new WorkQueue({
      concurrency: WRITERS,
      handle: async (key, signal) => {
        // Only the holder writes, and nobody before the world is known: half of it would look like deletions.
        if (!this.#lease.held || !this.view().synced) return undefined;
        return reconcile(key, signal);
      },
      onError: (key, error, attempt, nextDelayMs) =>
        this.#options.logger.warn(
          {kind, object: key, attempt, nextDelayMs, err: describeError(error)},
          'reconcile failed',
        ),
    });
  }

  #published(view: View, change: ViewChange, local: LocalChange): void {
    this.#options.logger.trace({revision: view.revision, imports: change.imports.size}, 'view published');
    if (change.all) {
      this.#settle.synced();
      this.#warnOfUnknownRange();
      this.#enqueueEverything();
    }
    // Not before the view holds the change: writers judge by the view.
    for (const key of [...change.imports, ...local.imports, ...this.#budget.ready()]) this.#imports.add(key);
    for (const key of [...local.exports, ...local.services]) this.#exports.add(key);
    // Policies speak about every export, and about namespaces by their labels.
    if (change.clusterset) this.#enqueueHeadless(view);
    if (change.clusterset) this.#policies.add(ALL_POLICIES);
    if (change.clusterset) this.#enqueueExports();
    else if (change.namespaces.size > 0) this.#enqueueExports(change.namespaces);
    if (change.clusterset) this.#health.noteView(view);
    // Somebody took its conditions away, or the Service was made anew.
    else if (local.services.has(`${this.#options.namespace}/${AGENT_SERVICE}`)) this.#health.tell();
    for (const listener of this.#listeners) listener(view, change);
  }

  /** Kubernetes before 1.33 doesn't say it, and neither does anybody else in its API. */
  #warnOfUnknownRange(): void {
    if (!this.#sources.serviceCIDRs.status().kindMissing) return;
    this.#options.logger.warn(
      {cidrs: this.#publisher.serviceRanges.cidrs, maxVips: this.#options.maxVips},
      'service range unknown, no ServiceCIDR is served: only addresses of the API server are refused, and --max-vips alone is the budget',
    );
  }

  #look(): void {
    if (!this.view().synced) this.#publisher.publishWhenSynced();
    else this.#publisher.noteTime();
  }

  #enqueueEverything(): void {
    if (!this.view().synced) return;
    for (const key of this.#sources.imports.store.keys()) this.#imports.add(key);
    // What is left of imports that are gone: Services, and slices whose Service was never made.
    for (const {store} of [this.#sources.services, this.#sources.slices]) {
      for (const object of store.values()) {
        const importKey = importKeyOf(object);
        if (importKey !== undefined) this.#imports.add(importKey);
      }
    }
    this.#enqueueExports();
    this.#policies.add(ALL_POLICIES);
  }

  /** Whose pods are reached depends on networks; everything else of an import doesn't. */
  #enqueueHeadless({imports}: View): void {
    for (const [key, {type}] of imports) if (type === 'Headless') this.#imports.add(key);
  }

  #enqueueExports(within?: ReadonlySet<string>): void {
    for (const {store} of [this.#sources.exports, this.#sources.flomeshExports, this.#sources.flomeshMcsExports]) {
      for (const key of store.keys()) {
        if (within?.has(parseKey(key).namespace ?? '') ?? true) this.#exports.add(key);
      }
    }
  }
}
