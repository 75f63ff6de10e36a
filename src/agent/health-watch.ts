import type {Logger} from 'pino';

import type {RemoteCluster, Service} from '../api/kinds.ts';
import {AGENT_SERVICE} from '../api/names.ts';
import {noGateways} from '../clusterset/gateway-suspicion.ts';
import type {GatewaysState, GatewayTransition} from '../clusterset/gateway-suspicion.ts';
import type {HubSignal, View} from '../clusterset/view.ts';
import {describeError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import type {EventRecorder} from '../kube/event-recorder.ts';
import type {Store} from '../kube/reflector.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {GatewayProber} from '../probes/gateway-prober.ts';
import type {GatewayProbing, GatewayReport} from '../probes/gateway-prober.ts';
import {HealthWriter} from './health-writer.ts';

export interface HealthWatchOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly clusters: () => Store<RemoteCluster>;
  readonly services: () => Store<Service>;
  readonly view: () => View;
  /** Undefined: gateways are not probed. */
  readonly probeGateways: GatewayProbing | undefined;
  /** True while this replica is the one that writes, and knows enough to do so. */
  readonly mayWrite: () => boolean;
  readonly recorder: Pick<EventRecorder, 'record'>;
  /** What routing is told of gateways is different now. */
  readonly onGateways: () => void;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

export interface HealthStatus {
  readonly hub: HubSignal['state'];
  /** How often the heartbeat was seen to expire. */
  readonly hubLosses: number;
  /** By cluster id; undefined: they are not probed. */
  readonly gateways: ReadonlyMap<string, GatewayReport> | undefined;
  readonly suspectsItself: boolean;
  readonly suspicions: number;
}

const ALL = 'health';

/**
 * The signals of design §6 as one cluster sees them. Every replica probes and routes by what it sees itself; the one that
 * writes also tells it, by conditions of Service `isthmus-agent` and by Events.
 */
export class HealthWatch {
  readonly #options: HealthWatchOptions;
  readonly #prober: GatewayProber | undefined;
  readonly #queue: WorkQueue;
  #gateways: GatewaysState = noGateways;
  #hub: HubSignal['state'] = 'Never';
  #hubLosses = 0;
  #suspicions = 0;

  constructor(options: HealthWatchOptions) {
    this.#options = options;
    const {client, nowMs, probeGateways, view, logger} = options;
    this.#prober =
      probeGateways && new GatewayProber({...probeGateways, onChange: (transitions) => this.#onProbes(transitions)});
    const writer = new HealthWriter({
      client,
      nowMs,
      service: () => this.#ownService(),
      facts: () => ({
        view: view(),
        gateways: this.#prober?.reports(),
        suspectsItself: this.#gateways.suspectsItself,
      }),
    });
    this.#queue = new WorkQueue({
      concurrency: 1,
      handle: async (_all, signal) => (options.mayWrite() ? writer.reconcile(signal) : undefined),
      onError: (_all, error, attempt) =>
        logger.warn({attempt, err: describeError(error)}, 'the health of the clusterset could not be told'),
    });
  }

  get closed(): Promise<void> {
    return Promise.all([this.#queue.closed, this.#prober?.closed]).then(() => undefined);
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
    this.#prober?.start(signal);
  }

  /** What routing is told. */
  get gateways(): GatewaysState {
    return this.#gateways;
  }

  status(): HealthStatus {
    const {suspectsItself} = this.#gateways;
    const gateways = this.#prober?.reports();
    return {hub: this.#hub, hubLosses: this.#hubLosses, gateways, suspectsItself, suspicions: this.#suspicions};
  }

  /** A view in which clusters or the hub's signal may be others than before. */
  noteView({clusters, clusterId, hub}: View): void {
    const remote = [...clusters.values()].filter(({id}) => id !== clusterId);
    this.#prober?.want(
      new Map(remote.flatMap(({id, gateway}) => (gateway === undefined ? [] : [[id, gateway] as const]))),
    );
    this.#noteHub(hub);
    this.tell();
  }

  /** Says it again where it isn't said: this replica writes from now on, or somebody changed what stood there. */
  tell(): void {
    this.#queue.add(ALL);
  }

  #noteHub(hub: HubSignal): void {
    const before = this.#hub;
    this.#hub = hub.state;
    if (before === hub.state) return;
    const {logger} = this.#options;
    if (hub.state === 'Expired') {
      this.#hubLosses++;
      const message = 'the heartbeat of the hub has expired: membership stays as it was';
      logger.warn({lastSeen: new Date(hub.observedMs).toISOString()}, message);
      this.#record('Warning', 'HubUnreachable', `${message}, and no staleness clock runs`);
    } else if (before === 'Expired') {
      logger.info('the heartbeat of the hub is back');
      this.#record(
        'Normal',
        'HubReachable',
        'the heartbeat of the hub is back: what it says of other clusters counts from now on',
      );
    }
  }

  #onProbes(transitions: readonly GatewayTransition[]): void {
    const {logger, clusters, recorder, mayWrite, view, onGateways} = this.#options;
    const before = this.#gateways;
    this.#gateways = this.#prober?.state ?? noGateways;
    for (const {cluster, to, reason, message} of transitions) {
      const isDead = to === 'Dead';
      // That it answers is news of one that did not.
      const isNews = isDead || (before.health.get(cluster) ?? 'Unknown') !== 'Unknown';
      logger[isDead ? 'warn' : 'info']({gateway: cluster, health: to, reason}, message);
      const about = clusters().get(cluster);
      if (about === undefined || !isNews || !mayWrite()) continue;
      recorder.record(about, {
        type: isDead ? 'Warning' : 'Normal',
        reason,
        message: `seen from ${view().clusterId}: ${message}`,
      });
    }
    this.#noteSuspicion(before);
    onGateways();
    this.tell();
  }

  #noteSuspicion(before: GatewaysState): void {
    if (before.suspectsItself === this.#gateways.suspectsItself) return;
    const {logger} = this.#options;
    if (this.#gateways.suspectsItself) {
      this.#suspicions++;
      const message = 'all gateways fell silent at once: this cluster suspects itself and keeps the last routes';
      logger.warn({gateways: [...this.#gateways.health.keys()]}, message);
      this.#record('Warning', 'SuspectsItself', message);
    } else {
      const message = 'a gateway answers again: this cluster goes by its probes';
      logger.info(message);
      this.#record('Normal', 'TrustsItself', message);
    }
  }

  #record(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const {mayWrite, recorder, clusters, view} = this.#options;
    const about = this.#ownService() ?? clusters().get(view().clusterId);
    if (about !== undefined && mayWrite()) recorder.record(about, {type, reason, message});
  }

  #ownService(): Service | undefined {
    return this.#options.services().get(`${this.#options.namespace}/${AGENT_SERVICE}`);
  }
}
