import {isIP} from 'node:net';
import type {Logger} from 'pino';
import {CLUSTERSET_ZONE} from '../src/api/names.ts';
import type {View, ViewChange} from '../src/clusterset/view.ts';
import {describeError, IsthmusError} from '../src/errors.ts';
import {Counters, readStats} from './counters.ts';
import type {DnsStats} from './counters.ts';
import {DEFAULT_TCP_LIMITS} from './transport/tcp-limits.ts';
import type {TcpLimits} from './transport/tcp-limits.ts';
import {nameFromText} from './wire/name.ts';
import type {WireName} from './wire/name.ts';
import {WorkerHandle} from './worker-handle.ts';
import type {WorkerSettings} from './worker-messages.ts';
import {ZoneCompiler} from './zone/zone-compiler.ts';

const DEFAULT_TTL_SECONDS = 5;
/** As CoreDNS bounds it: longer, and a change of the clusterset goes unseen. */
const MAX_TTL_SECONDS = 3600;
const MAX_WORKERS = 64;
/** Names that are skipped are logged, but a change with thousands of them is one line. */
const LOGGED_NAMES = 5;

export interface DnsServerOptions {
  /** An IP address; `::` takes IPv4 too. Port 0: any that is free for UDP and TCP. */
  readonly listen: {readonly host: string; readonly port: number};
  /** Default `clusterset.local`. */
  readonly zone?: string;
  /** Of answers and of negative answers, where an import does not say otherwise. Default 5, at most 3600. */
  readonly ttlSeconds?: number;
  readonly logger: Logger;
  /** Answering threads; more than one share the port (`SO_REUSEPORT`). Default 1. */
  readonly workers?: number;
  readonly tcp?: Partial<TcpLimits>;
}

/** The authoritative server of the clusterset zone in one cluster. */
export interface DnsServer {
  /** The same port for UDP and TCP. */
  readonly address: {readonly host: string; readonly port: number};
  /**
   * Compiles what the change names and hands it to the workers. Returns before they serve it; see `served`. Views that are not
   * synced are not compiled: until the first one that is, names of the zone are SERVFAIL.
   */
  publish(view: View, change: ViewChange): void;
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
  return zone;
}

function findProblem({listen, workers = 1, ttlSeconds = DEFAULT_TTL_SECONDS}: DnsServerOptions): string | undefined {
  if (isIP(listen.host) === 0) return `${listen.host} is not an IP address; use for example 0.0.0.0 or ::`;
  if (!isWithin(workers, 1, MAX_WORKERS)) return `${workers} workers; use 1 to ${MAX_WORKERS}`;
  if (!isWithin(ttlSeconds, 0, MAX_TTL_SECONDS)) return `a TTL of ${ttlSeconds} s; use 0 to ${MAX_TTL_SECONDS}`;
  return undefined;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

class Server implements DnsServer {
  readonly failed: Promise<Error>;
  readonly #options: DnsServerOptions;
  readonly #logger: Logger;
  readonly #compiler: ZoneCompiler;
  readonly #settings: Omit<WorkerSettings, 'index' | 'listen'>;
  readonly #workers: WorkerHandle[] = [];
  readonly #waiting = new Set<{revision: number; resolve: () => void; reject: (error: Error) => void}>();
  #port = 0;
  #ended: Error | undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(options: DnsServerOptions, zone: WireName) {
    const {workers = 1, ttlSeconds = DEFAULT_TTL_SECONDS} = options;
    this.#options = options;
    this.#logger = options.logger;
    this.#compiler = new ZoneCompiler({zone, ttlSeconds});
    this.#settings = {
      zone,
      ttlSeconds,
      reusePort: workers > 1,
      tcp: {...DEFAULT_TCP_LIMITS, ...options.tcp},
      counters: Counters.allocate(workers),
    };
    this.failed = new Promise((resolve) => (this.#fail = resolve));
  }

  get address(): {readonly host: string; readonly port: number} {
    return {host: this.#options.listen.host, port: this.#port};
  }

  /** One after the other: the first finds the port that the others share. */
  async listen(): Promise<void> {
    const {listen, workers = 1} = this.#options;
    this.#port = listen.port;
    try {
      for (let index = 0; index < workers; index++) {
        const settings = {...this.#settings, index, listen: {host: listen.host, port: this.#port}};
        const worker = new WorkerHandle(settings, () => this.#settle());
        this.#workers.push(worker);
        this.#port = await worker.listening;
        void worker.exited.then((error) => error && this.#workerDied(error));
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#logger.info({host: listen.host, port: this.#port, workers}, 'dns server is listening');
  }

  publish(view: View, change: ViewChange): void {
    if (this.#ended) return;
    const compiled = view.synced ? this.#compiler.compile(view, change) : {slabs: [], skipped: []};
    if (compiled.skipped.length > 0) {
      const names = compiled.skipped.slice(0, LOGGED_NAMES);
      this.#logger.warn({count: compiled.skipped.length, names}, 'names do not fit dns and are skipped');
    }
    this.#workers.forEach((worker, index) => {
      // Memory is moved to a worker, not copied: the last gets the original.
      const isLast = index === this.#workers.length - 1;
      const slabs = isLast ? compiled.slabs : compiled.slabs.map((slab) => slab.slice(0));
      worker.post({kind: 'publish', revision: view.revision, synced: view.synced, slabs});
    });
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
    this.#ended ??= new IsthmusError('ISTHMUS_DNS_WORKER', 'the server was closed');
    await Promise.all(this.#workers.map((worker) => worker.close()));
    this.#settle();
  }

  crash(): void {
    this.#workers[0]?.crash();
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
