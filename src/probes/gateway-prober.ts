import {PROBE_PERIOD_MS} from '../clusterset/gateway-probe.ts';
import type {GatewayHealth, ProbeState} from '../clusterset/gateway-probe.ts';
import {gatewayTransitions, judgeGateways, noGateways, toVouchFor} from '../clusterset/gateway-suspicion.ts';
import type {GatewaysState, GatewayTransition} from '../clusterset/gateway-suspicion.ts';
import {ProbedGateway} from './probed-gateway.ts';
import type {GatewayTarget, ProbeAddress} from './probe-target.ts';
import {Slots} from './slots.ts';
import {probeTcp} from './tcp-probe.ts';

/** How gateways are probed; everything has the numbers of design §6 by default. */
export interface GatewayProbing {
  readonly everyMs?: number;
  /** Shorter than the period, so that failures are counted once a period. */
  readonly timeoutMs?: number;
  /** Of a clock that only goes forward, milliseconds. */
  readonly nowMs?: () => number;
  readonly probe?: ProbeAddress;
  /** In [0, 1): at which moment of the period each gateway is probed. */
  readonly random?: () => number;
}

export interface GatewayProberOptions extends GatewayProbing {
  /** What is told of the gateways, or what the probes of one have come to, is different now. */
  readonly onChange: (transitions: readonly GatewayTransition[]) => void;
}

/** What is known of one gateway. */
export interface GatewayReport {
  /** What routing is told. */
  readonly health: GatewayHealth;
  /** What the probes say; the two differ while this process suspects itself, and while no gateway has answered it yet. */
  readonly probed: GatewayHealth;
  /** It went down too often, and stays out for a while whatever it answers. */
  readonly held: boolean;
  /** What happened instead of an answer. */
  readonly because: string | undefined;
  readonly probes: number;
  readonly failures: number;
  /** What was told anew, by what. */
  readonly transitions: Readonly<Record<'Alive' | 'Dead', number>>;
}

const TIMEOUT_MS = 900;
/** Each makes up to {@link MAX_ADDRESSES_AT_ONCE} connections. */
const MAX_AT_ONCE = 128;
/**
 * Moments of a period at which probes begin. Spread, since all gateways at once would be a burst every second; not each at a moment
 * of its own, since hundreds of wake-ups a second cost more than the probes do.
 */
const MOMENTS = 10;

interface Probed {
  readonly gateway: ProbedGateway;
  /** Of {@link MOMENTS}. */
  readonly moment: number;
  readonly stop: AbortController;
}

/**
 * Probes gateways by TCP connect, once a second each, and judges them by the rules of the engine. Nothing is sent: what
 * stands there may be any gateway, so an accepted connection is all that every one of them has in common.
 */
export class GatewayProber {
  readonly #options: GatewayProberOptions;
  readonly #slots = new Slots(MAX_AT_ONCE);
  readonly #gateways = new Map<string, Probed>();
  readonly #transitions = new Map<string, Record<'Alive' | 'Dead', number>>();
  readonly #running = new Set<Promise<void>>();
  readonly #closing = Promise.withResolvers<void>();
  #told: GatewaysState = noGateways;
  #probed = '';
  #moment = 0;
  #signal: AbortSignal | undefined;

  constructor(options: GatewayProberOptions) {
    this.#options = options;
  }

  /** Resolves after the abort of the signal of `start`, when the last connection is gone. */
  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  get state(): GatewaysState {
    return this.#told;
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    const timer = setInterval(() => this.#tick(), this.#everyMs / MOMENTS);
    const end = (): void => {
      clearInterval(timer);
      for (const {stop} of this.#gateways.values()) stop.abort();
      void Promise.all(this.#running).then(() => this.#closing.resolve());
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, {once: true});
  }

  /** The gateways that matter from now on, by cluster id; those without an address are not probed. Others are forgotten. */
  want(targets: ReadonlyMap<string, GatewayTarget>): void {
    if (this.#signal === undefined || this.#signal.aborted) return;
    for (const [id, {stop}] of this.#gateways) {
      if ((targets.get(id)?.addresses.length ?? 0) > 0) continue;
      stop.abort();
      this.#gateways.delete(id);
      if (!targets.has(id)) this.#transitions.delete(id);
    }
    for (const [id, target] of targets) {
      if (target.addresses.length === 0) continue;
      const known = this.#gateways.get(id);
      if (known === undefined) this.#begin(id, target);
      else known.gateway.move(target);
    }
    this.#settle();
  }

  /** By cluster id; those without an address are not in it. */
  reports(): ReadonlyMap<string, GatewayReport> {
    return new Map(
      [...this.#gateways].map(([id, {gateway}]) => {
        const {state, because, counts} = gateway;
        const report: GatewayReport = {
          health: this.#told.health.get(id) ?? 'Unknown',
          probed: state.health,
          held: state.health === 'Dead' && state.heldUntilMs !== undefined,
          because,
          ...counts,
          transitions: {Alive: 0, Dead: 0, ...this.#transitions.get(id)},
        };
        return [id, report];
      }),
    );
  }

  #states(): ReadonlyMap<string, ProbeState> {
    return new Map([...this.#gateways].map(([id, {gateway}]) => [id, gateway.state]));
  }

  #begin(id: string, target: GatewayTarget): void {
    const {timeoutMs = Math.min(TIMEOUT_MS, this.#everyMs * 0.9)} = this.#options;
    const {nowMs = () => performance.now(), probe = probeTcp, random = Math.random} = this.#options;
    const gateway = new ProbedGateway({
      ...{target, timeoutMs, nowMs, probe},
      slots: this.#slots,
      onProbed: () => {
        // As a rule what is told of it is what it is. All gateways are looked at only where the two differ.
        if (this.#told.health.get(id) !== gateway.state.health) this.#settle();
      },
    });
    this.#gateways.set(id, {gateway, moment: Math.floor(random() * MOMENTS), stop: new AbortController()});
  }

  get #everyMs(): number {
    return this.#options.everyMs ?? PROBE_PERIOD_MS;
  }

  #tick(): void {
    this.#moment = (this.#moment + 1) % MOMENTS;
    for (const {gateway, moment, stop} of this.#gateways.values()) {
      if (moment !== this.#moment) continue;
      const running = gateway.probe(stop.signal).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  #settle(): void {
    const before = this.#told;
    for (const id of toVouchFor(before, this.#states())) this.#gateways.get(id)?.gateway.vouch();
    const probes = this.#states();
    this.#told = judgeGateways(before, probes);
    const transitions = gatewayTransitions(before, this.#told, probes);
    for (const {cluster, to} of transitions) {
      const counts = this.#transitions.get(cluster) ?? {Alive: 0, Dead: 0};
      counts[to]++;
      this.#transitions.set(cluster, counts);
    }
    const probed = [...probes].map(([id, {health}]) => `${id}=${health}`).join();
    const isNews = !isSame(before, this.#told) || probed !== this.#probed;
    this.#probed = probed;
    if (isNews) this.#options.onChange(transitions);
  }
}

function isSame(a: GatewaysState, b: GatewaysState): boolean {
  if (a.suspectsItself !== b.suspectsItself || a.anyEverAnswered !== b.anyEverAnswered) return false;
  return a.health.size === b.health.size && [...b.health].every(([id, health]) => a.health.get(id) === health);
}
