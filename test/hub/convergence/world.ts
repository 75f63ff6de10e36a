import {pino} from 'pino';
import {vi} from 'vitest';
import type {Cluster} from '../../../src/api/kinds.ts';
import {clusters} from '../../../src/api/resources.ts';
import {Hub} from '../../../src/hub/hub.ts';
import {createAuthority} from '../../../src/pki/authority.ts';
import {LightApi} from '../../tools/light/light-api.ts';
import {network, nextTurn} from '../../tools/light/light-network.ts';
import {MEMBERS, type MemberName, type Playground} from './playground.ts';

/** The clock of every sequence begins here. */
const START_MS = Date.parse('2026-01-01T00:00:00Z');
/** So many turns of the event loop without any request, answer or event: nothing is under way but timers. */
const STILL_TURNS = 8;
/** A cut watch is opened again a moment later, as a garbage collector acts a moment later. */
const SOON_MS = 5;

const {certPem} = await createAuthority({
  commonName: 'light',
  notBeforeMs: START_MS - 86_400_000,
  notAfterMs: START_MS + 3_650 * 86_400_000,
});

interface Running {
  readonly hub: Hub;
  readonly stop: AbortController;
}

/**
 * A hub cluster and three members on light API servers, and a hub that may crash, all in virtual time. A sequence is replayed
 * exactly: time, chance and the order of everything are its own.
 */
export class World implements Playground {
  readonly clustersetId = 'light';
  readonly version = 'v1.36.3';
  readonly hubApi = newApi('hub', '10.95.0.1');
  readonly members: ReadonlyMap<MemberName, LightApi> = new Map(
    MEMBERS.map((name, i) => [name, newApi(name, `10.96.${i}.1`)]),
  );
  #hub: Running | undefined;
  #replicas: Running[] = [];
  #hubs = 0;

  constructor() {
    network.clear();
    network.join(originOf('hub'), this.hubApi);
    for (const [name, api] of this.members) {
      network.join(originOf(name), api);
      this.register(name);
    }
  }

  get hub(): Hub | undefined {
    return this.#hub?.hub;
  }

  member(name: MemberName): LightApi {
    const found = this.members.get(name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  register(name: MemberName): void {
    this.hubApi.seed(clusters, {name}, {spec: clusterSpec(name)});
  }

  startHub(): void {
    network.process = {isDead: false};
    this.#hub = this.#start(`hub-${++this.#hubs}`);
  }

  /** One more, beside the one that runs; both end together. */
  startReplica(identity: string): Hub {
    const replica = this.#start(identity);
    this.#replicas.push(replica);
    return replica.hub;
  }

  #start(identity: string): Running {
    const stop = new AbortController();
    const hub = new Hub({
      credentials: {server: originOf('hub'), ca: certPem, token: 'light'},
      namespace: 'isthmus-system',
      clustersetId: this.clustersetId,
      identity,
      development: true,
      createNamespaces: true,
      unreachableAfterMs: 3_000,
      leaseRenewMs: 1_000,
      logger: pino({level: process.env['HUB_TEST_LOG'] ?? 'silent'}),
    });
    hub.start(stop.signal);
    return {hub, stop};
  }

  /** @param how - a hub that crashes says nothing to anybody any more; one that is stopped gives its Leases back */
  async stopHub(how: 'crash' | 'stop'): Promise<void> {
    if (this.#hub === undefined) return;
    const running = [this.#hub, ...this.#replicas];
    this.#hub = undefined;
    this.#replicas = [];
    if (how === 'crash') network.process.isDead = true;
    for (const {stop} of running) stop.abort();
    const end = {isSeen: false};
    const closed = Promise.all(running.map(async ({hub}) => hub.closed)).then(() => (end.isSeen = true));
    for (let steps = 0; !end.isSeen && steps < 100; steps++) await this.pass(200);
    if (!end.isSeen) throw new Error('a hub that was told to stop did not end within 20 s');
    await closed;
    network.process = {isDead: false};
  }

  /** Until nothing is under way but timers. */
  async settle(): Promise<void> {
    for (let still = 0; still < STILL_TURNS;) {
      const before = network.activity;
      await nextTurn();
      still = before === network.activity ? still + 1 : 0;
    }
  }

  /** Lets virtual time pass, timer by timer. */
  async pass(ms: number): Promise<void> {
    const end = {isSeen: false};
    setTimeout(() => (end.isSeen = true), ms);
    await this.settle();
    while (!end.isSeen) {
      vi.advanceTimersToNextTimer();
      await this.settle();
    }
  }
}

/** Fake timers and one chance for all; called before a world is made. */
export function beginSequence(seed: number): void {
  vi.useFakeTimers({
    now: START_MS,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
  let state = seed >>> 0;
  vi.spyOn(Math, 'random').mockImplementation(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  });
}

export function endSequence(): void {
  vi.clearAllTimers();
  vi.useRealTimers();
  vi.restoreAllMocks();
}

function newApi(name: string, serviceAddress: string): LightApi {
  const later = (work: () => void): void => void setTimeout(work, SOON_MS);
  return new LightApi({name, nowMs: () => Date.now(), later, serviceAddress});
}

function originOf(name: string): string {
  return `https://${name}.example.org:6443`;
}

function clusterSpec(name: MemberName): Cluster['spec'] {
  const number = MEMBERS.indexOf(name) + 1;
  return {gatewayHost: `192.0.2.1${number}`, gatewayPort: 8080, kubeconfig: kubeconfigOf(name)};
}

function kubeconfigOf(name: string): string {
  const cluster = {'server': originOf(name), 'certificate-authority-data': Buffer.from(certPem).toString('base64')};
  return JSON.stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{name, cluster}],
    'users': [{name, user: {token: 'light'}}],
    'contexts': [{name, context: {cluster: name, user: name}}],
    'current-context': name,
  });
}
