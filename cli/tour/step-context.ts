import type {KubeObject, ObjectKey} from '../../src/api/meta.ts';
import type {Resource} from '../../src/api/resources.ts';
import {IsthmusError} from '../../src/errors.ts';
import {KubeClient} from '../../src/kube/client.ts';
import type {DnsResult} from '../../dns/client.ts';
import {queryDns} from '../../dns/client.ts';
import type {DevClusterset} from '../dev-clusterset.ts';

/** The fields manager of what the tour applies, as a user's kubectl would have its own. */
export const TOUR_MANAGER = 'isthmus-dev';
const LOOK_EVERY_MS = 15;
/** Of one question. A machine that stands still for seconds is no server that is silent. */
const ASK_MS = 10_000;

export interface StepContextOptions {
  readonly clusterset: DevClusterset;
  readonly members: readonly string[];
  readonly exportGroup: 'flomesh.io' | 'multicluster.x-k8s.io';
  /** How long a step waits for what it expects, milliseconds. */
  readonly deadlineMs: number;
  readonly onObserved: (line: string) => void;
  /** What is being waited for, undefined when it has come. */
  readonly onWaiting: (what: string | undefined) => void;
}

export interface Question {
  readonly name: string;
  readonly type: string;
  readonly transport?: 'udp' | 'tcp';
}

/**
 * What a step may use: the API servers' public interface, DNS over sockets, and a way to wait for what should be seen.
 * Steps never look into hub or agents.
 */
export class StepContext {
  readonly options: StepContextOptions;
  readonly #clients = new Map<string, KubeClient>();
  #deadlineMs: number;

  constructor(options: StepContextOptions) {
    this.options = options;
    this.#deadlineMs = options.deadlineMs;
  }

  /** From now on, instead of the deadline that it was made with. @param ms - milliseconds */
  waitAtMost(ms: number): void {
    this.#deadlineMs = ms;
  }

  get members(): readonly string[] {
    return this.options.members;
  }

  client(cluster: string): KubeClient {
    const known = this.#clients.get(cluster);
    if (known !== undefined) return known;
    const {credentials} = this.options.clusterset.apis.get(cluster);
    const client = new KubeClient({credentials, userAgent: 'isthmus-tour'});
    this.#clients.set(cluster, client);
    return client;
  }

  observe(line: string): void {
    this.options.onObserved(line);
  }

  /** Applies as `kubectl apply --server-side` would; throws what the API server says against it. */
  async apply<T extends KubeObject>(cluster: string, resource: Resource, object: KubeObject): Promise<T> {
    return this.client(cluster).apply<T>(resource, object, {fieldManager: TOUR_MANAGER, force: true});
  }

  async find<T extends KubeObject>(cluster: string, resource: Resource, at: ObjectKey): Promise<T | undefined> {
    return this.client(cluster).find<T>(resource, at);
  }

  /** One DNS question to a member's own server, over a socket. */
  async ask(cluster: string, question: Question): Promise<DnsResult> {
    const dns = this.options.clusterset.agent(cluster)?.dns;
    if (dns === undefined) throw failed(`no DNS server runs for ${cluster}`);
    return this.askAt(dns.address, question);
  }

  /** The same, for a server whose agent is not up yet. */
  async askAt(server: {host: string; port: number}, question: Question): Promise<DnsResult> {
    return queryDns({server: server.host, port: server.port, timeoutMs: ASK_MS, ...question});
  }

  /**
   * Waits until `look` returns something, and returns it.
   * @throws IsthmusError ISTHMUS_TOUR_STEP at the deadline, with what was seen last
   */
  async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const {onWaiting} = this.options;
    const deadlineMs = this.#deadlineMs;
    const endsAt = performance.now() + deadlineMs;
    let last = 'nothing yet';
    onWaiting(what);
    try {
      for (;;) {
        try {
          const seen = await look();
          if (seen !== undefined) return seen;
        } catch (error) {
          // Part of the wait: a server that is not there yet, an object that is refused still. Told if it never changes.
          last = error instanceof Error ? error.message : String(error);
        }
        if (performance.now() > endsAt) throw failed(`waited ${deadlineMs / 1000} s for ${what}; last: ${last}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    } finally {
      onWaiting(undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}

/** The error of a step that did not see what it should. */
export function failed(what: string): IsthmusError {
  return new IsthmusError('ISTHMUS_TOUR_STEP', what);
}

/** States what must hold now; for waiting there is {@link StepContext.until}. */
export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) throw failed(what);
}
