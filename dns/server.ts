import type {Logger} from 'pino';
import {CLUSTERSET_ZONE} from '../src/api/names.ts';
import type {View, ViewChange} from '../src/clusterset/view.ts';
import {describeError, IsthmusError} from '../src/errors.ts';
import {Counters, readStats} from './counters.ts';
import type {DnsStats} from './counters.ts';
import {CookieRotation} from './cookie-rotation.ts';
import {checkCertificate} from './transport/certificate.ts';
import type {Certificate} from './transport/certificate.ts';
import type {ListenAddress, Listener} from './transport/bind.ts';
import {
  findTransportProblem,
  isWithin,
  plainListeners,
  secureListeners,
  transportSettings,
} from './transport-options.ts';
import type {TransportOptions} from './transport-options.ts';
import {nameFromText} from './wire/name.ts';
import {ZoneKeeper} from './state/zone-keeper.ts';
import type {WireName} from './wire/name.ts';
import {WorkerHandle} from './worker-handle.ts';
import type {Publish} from './change-queue.ts';
import type {WorkerSettings} from './worker-messages.ts';
import type {SkippedName} from './zone/node-tree.ts';
import {ZoneCompiler} from './zone/zone-compiler.ts';
import type {CompiledChange, DnsAnswer, ZoneOptions} from './zone/zone-compiler.ts';

const DEFAULT_TTL_SECONDS = 5;
/** As CoreDNS bounds it: longer, and a change of the clusterset goes unseen. */
const MAX_TTL_SECONDS = 3600;
/** So that `hostmaster.`, `ns.dns.` and the names of services fit before it. */
const MAX_ZONE_OCTETS = 128;
/** Names that are skipped are logged, but a change with thousands of them is one line. */
const LOGGED_NAMES = 5;

export interface DnsServerOptions extends TransportOptions {
  /** Default `clusterset.local`. */
  readonly zone?: string;
  /** Of answers and of negative answers, where an import does not say otherwise. Default 5, at most 3600. */
  readonly ttlSeconds?: number;
  /** What a ClusterSetIP import is answered with: its `ips`, or the gateways that carry it. Default `vips`. */
  readonly answer?: DnsAnswer;
  /** `namespace/name` of the Service in front of this server, whose addresses are the name server's. Default: none. */
  readonly nameServer?: string;
  /** Where the last zone is kept, to be served as stale after a restart until the first view. Default: nowhere. */
  readonly state?: {readonly dir: string; readonly clusterId: string};
  /**
   * Called with imports of which names don't fit DNS, or do again (an empty list), by `namespace/name`: what the agent says in a
   * condition. During `publish`.
   */
  readonly onSkipped?: (imports: ReadonlyMap<string, readonly SkippedName[]>) => void;
  readonly logger: Logger;
}

/** The authoritative server of the clusterset zone in one cluster. */
export interface DnsServer {
  /** The first of `addresses.plain`: the same port for UDP and TCP. */
  readonly address: ListenAddress;
  /** In the order of the options. */
  readonly addresses: {
    readonly plain: readonly ListenAddress[];
    readonly tls: readonly ListenAddress[];
    readonly https: readonly ListenAddress[];
  };
  /**
   * The certificate of TLS and HTTPS from now on, for connections that come later; until the first one they are closed at once.
   *
   * @throws {IsthmusError} ISTHMUS_PKI_INVALID: the two are not a certificate and its key; the one before stays in use
   */
  useCertificate(certificate: Certificate): void;
  /** Secrets of cookies that replicas share, 16 octets each: the first signs, all are known. */
  useCookieSecrets(secrets: readonly Uint8Array[]): void;
  /**
   * Compiles what the change names and hands it to the workers. Returns before they serve it; see `served`. Views that are not
   * synced are not compiled: until the first one that is, names of the zone are SERVFAIL.
   */
  publish(view: View, change: ViewChange): void;
  /**
   * From now on every answer says that it is old (RFC 8914: extended error 3, NXDOMAIN 19), with its age.
   *
   * @param sinceMs - when the API server was heard last, milliseconds since the epoch; undefined: it is heard, and answers are live
   */
  markSilent(sinceMs: number | undefined): void;
  stats(): DnsStats;
  /** Resolves once every worker serves at least this revision. Rejects with ISTHMUS_DNS_WORKER when that can't happen any more. */
  served(revision: number): Promise<void>;
  /** Ends workers and connections; resolves when the port is free. */
  close(): Promise<void>;
  /** Resolves with the reason when a worker dies by itself: its sockets are gone, start a new server. Pending for ever otherwise. */
  readonly failed: Promise<Error>;
  /** For drills (`--break`) and tests: the first worker ends as if it had crashed. */
  crash(): void;
}

/**
 * Binds the port and answers SERVFAIL for the zone until the first synced view is published.
 *
 * @throws {IsthmusError} ISTHMUS_DNS_LISTEN: the address, port, zone or another option can't be used
 */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const zone = checkOptions(options);
  const server = new Server(options, zone);
  await server.listen();
  return server;
}

function checkOptions(options: DnsServerOptions): WireName {
  const zone = nameFromText(options.zone ?? CLUSTERSET_ZONE);
  const problem = findProblem(options);
  if (problem !== undefined) throw new IsthmusError('ISTHMUS_DNS_LISTEN', problem);
  if (zone === undefined) throw new IsthmusError('ISTHMUS_DNS_LISTEN', `${options.zone} is not a domain name`);
  if (zone.length > MAX_ZONE_OCTETS) {
    throw new IsthmusError('ISTHMUS_DNS_LISTEN', `the zone ${options.zone} is over ${MAX_ZONE_OCTETS} octets`);
  }
  return zone;
}

function findProblem(options: DnsServerOptions): string | undefined {
  const {ttlSeconds = DEFAULT_TTL_SECONDS} = options;
  if (!isWithin(ttlSeconds, 0, MAX_TTL_SECONDS)) return `a TTL of ${ttlSeconds} s; use 0 to ${MAX_TTL_SECONDS}`;
  return findTransportProblem(options);
}

class Server implements DnsServer {
  readonly failed: Promise<Error>;
  readonly #options: DnsServerOptions;
  readonly #logger: Logger;
  readonly #compiler: ZoneCompiler;
  readonly #keeper: ZoneKeeper | undefined;
  readonly #settings: Omit<WorkerSettings, 'index' | 'listeners' | 'reusePort'>;
  readonly #workers: WorkerHandle[] = [];
  readonly #waiting = new Set<{revision: number; resolve: () => void; reject: (error: Error) => void}>();
  readonly #cookies: CookieRotation | undefined;
  #plain: readonly Listener[] = [];
  #secure: readonly Listener[] = [];
  /** Why not every worker will serve what is published. */
  #ended: Error | undefined;
  #isClosed = false;
  #silentSinceMs = 0;
  #fail: (error: Error) => void = () => undefined;

  constructor(options: DnsServerOptions, zone: WireName) {
    const {workers = 1, ttlSeconds = DEFAULT_TTL_SECONDS} = options;
    this.#options = options;
    this.#logger = options.logger;
    const {answer = 'vips', nameServer} = options;
    const compile = {zone, ttlSeconds, answer, ...(nameServer === undefined ? {} : {nameServer})};
    this.#compiler = new ZoneCompiler(compile);
    this.#keeper = keeperOf(options, compile);
    this.#settings = {
      zone,
      ttlSeconds,
      ...transportSettings(options),
      // One more for the thread of TLS and HTTPS, whether there is one or not.
      counters: Counters.allocate(workers + 1),
    };
    if (!options.cookies?.secrets) {
      const [first] = this.#settings.cookies.secrets;
      this.#cookies = new CookieRotation(first!, (secrets) => this.#postCookieSecrets(secrets));
    }
    this.failed = new Promise((resolve) => (this.#fail = resolve));
  }

  get address(): ListenAddress {
    return this.addresses.plain[0]!;
  }

  get addresses(): DnsServer['addresses'] {
    const ofKind = (kind: Listener['kind']) =>
      [...this.#plain, ...this.#secure]
        .filter((listener) => listener.kind === kind)
        .map(({host, port}) => ({host, port}));
    return {plain: ofKind('plain'), tls: ofKind('tls'), https: ofKind('https')};
  }

  /** One after the other: the first finds the ports that the others share. */
  async listen(): Promise<void> {
    const {workers = 1} = this.#options;
    this.#plain = plainListeners(this.#options);
    const secure = secureListeners(this.#options);
    try {
      for (let i = 0; i < workers; i++) this.#plain = await this.#startWorker(this.#plain, workers > 1);
      // A handshake takes as long as hundreds of answers: UDP must not wait for it.
      if (secure.length > 0) this.#secure = await this.#startWorker(secure, false);
      await this.#restore();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#logger.info({...this.addresses, workers}, 'dns server is listening');
  }

  /** @returns the listeners with the ports that they have now */
  async #startWorker(listeners: readonly Listener[], reusePort: boolean): Promise<readonly Listener[]> {
    const index = this.#workers.length;
    const worker = new WorkerHandle(
      {...this.#settings, index, listeners, reusePort},
      {
        onServed: () => {
          this.#logger.trace({worker: index, revision: worker.served}, 'view served');
          this.#settle();
        },
        onLoop: (upstream) =>
          this.#logger.error({upstream}, 'dns upstream asks this server in its turn and is left alone'),
      },
    );
    this.#workers.push(worker);
    const ports = await worker.listening;
    void worker.exited.then((error) => error && this.#workerDied(error));
    return listeners.map((listener, i) => ({...listener, port: ports[i]!}));
  }

  useCertificate(certificate: Certificate): void {
    checkCertificate(certificate);
    for (const worker of this.#workers) worker.post({kind: 'certificate', certificate});
  }

  useCookieSecrets(secrets: readonly Uint8Array[]): void {
    // From now on they are somebody else's business.
    this.#cookies?.stop();
    this.#postCookieSecrets(secrets);
  }

  #postCookieSecrets(secrets: readonly Uint8Array[]): void {
    for (const worker of this.#workers) worker.post({kind: 'cookieSecrets', secrets});
  }

  /** Also when a worker has died: until the process ends, those that are left must not answer with what was. */
  publish(view: View, change: ViewChange): void {
    if (this.#isClosed) return;
    const compiled = view.synced ? this.#compiler.compile(view, change) : undefined;
    if (compiled) this.#noteSkipped(compiled.skipped);
    const {slabs = [], clusterset} = compiled ?? {};
    this.#post({revision: view.revision, synced: view.synced, slabs, ...(clusterset ? {clusterset} : {})});
    if (view.synced) this.#keeper?.keep(view);
  }

  markSilent(sinceMs = 0): void {
    if (this.#isClosed || this.#silentSinceMs === sinceMs) return;
    this.#silentSinceMs = sinceMs;
    for (const worker of this.#workers) worker.post({kind: 'silence', sinceMs});
  }

  stats(): DnsStats {
    return readStats(this.#settings.counters, this.#workers.length);
  }

  served(revision: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add({revision, resolve, reject});
      this.#settle();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ended ??= new IsthmusError('ISTHMUS_DNS_WORKER', 'the server was closed');
    this.#cookies?.stop();
    await Promise.all([...this.#workers.map((worker) => worker.close()), this.#keeper?.close()]);
    this.#settle();
  }

  crash(): void {
    this.#workers[0]?.crash();
  }

  #post(publish: Omit<Publish, 'kind'>): void {
    this.#workers.forEach((worker, index) => {
      // Memory is moved to a worker, not copied: the last gets the original.
      const isLast = index === this.#workers.length - 1;
      const slabs = isLast ? publish.slabs : publish.slabs.map((slab) => slab.slice(0));
      worker.post({kind: 'publish', ...publish, slabs});
    });
  }

  /** Before anybody can publish: what is in the file is older than every view. */
  async #restore(): Promise<void> {
    const stored = await this.#keeper?.load();
    if (!stored) return;
    const {atMs, ids, state, policies, serial} = stored.about;
    this.#compiler.adopt({groups: stored.groups, serial, ids, policies});
    const clusterset = {ids, policies, ...(state ? {state} : {})};
    this.#post({revision: 0, synced: false, slabs: stored.slabs, clusterset, restoredAtMs: atMs});
  }

  #noteSkipped(imports: CompiledChange['skipped']): void {
    if (imports.size === 0) return;
    const names = [...imports.values()].flat();
    if (names.length > 0) {
      const some = names.slice(0, LOGGED_NAMES);
      this.#logger.warn({count: names.length, names: some}, 'names do not fit dns and are skipped');
    }
    this.#options.onSkipped?.(imports);
  }

  #workerDied(error: Error): void {
    this.#ended ??= error;
    this.#logger.error({err: describeError(error)}, 'dns worker ended');
    this.#fail(error);
    this.#settle();
  }

  #settle(): void {
    const least = Math.min(...this.#workers.map((worker) => worker.served));
    for (const waiter of this.#waiting) {
      if (waiter.revision > least && !this.#ended) continue;
      this.#waiting.delete(waiter);
      if (waiter.revision <= least) waiter.resolve();
      else waiter.reject(this.#ended!);
    }
  }
}

function keeperOf(
  {state, logger, zone = CLUSTERSET_ZONE}: DnsServerOptions,
  compile: ZoneOptions,
): ZoneKeeper | undefined {
  if (state === undefined) return undefined;
  return new ZoneKeeper({...state, zone, answer: compile.answer ?? 'vips', compile, logger});
}
