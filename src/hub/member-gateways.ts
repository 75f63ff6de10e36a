import type {Logger} from 'pino';
import {PROBE_PERIOD_MS} from '../clusterset/gateway-probe.ts';
import type {GatewayTransition} from '../clusterset/gateway-suspicion.ts';
import {concludeSource, STALENESS_BOUND_MS} from '../clusterset/staleness.ts';
import {withdrawnOf} from '../clusterset/withdrawal.ts';
import {GatewayProber, type GatewayProbing} from '../probes/gateway-prober.ts';
import {gatewayOpinion} from './gateway-opinion.ts';
import type {HubStatus} from './hub-status.ts';
import type {Member} from './member.ts';
import type {Opinion} from './plan-cluster-status.ts';
import type {RegisteredGateways} from './registered-gateways.ts';

export interface MemberGatewaysOptions {
  readonly members: ReadonlyMap<string, Member>;
  readonly gateways: Pick<RegisteredGateways, 'addresses' | 'takenBy'>;
  /** Undefined: they are not probed, so nothing is ever withdrawn. */
  readonly probeGateways: GatewayProbing | undefined;
  readonly stalenessBoundMs?: number | undefined;
  readonly nowMs: () => number;
  readonly logger: Logger;
  /** What is believed of its gateway may be different. */
  readonly onHealth: (id: string) => void;
}

/**
 * The gateways of members as this hub probes them. It moves no traffic: that is each consumer's own probe. The hub's is for
 * the condition of the Cluster, and for the last row of design §6: a member that nobody reaches for longer than the staleness bound,
 * and whose gateway is dead too, has its endpoints withdrawn.
 */
export class MemberGateways {
  readonly #options: MemberGatewaysOptions;
  readonly #prober: GatewayProber | undefined;
  /** Whose endpoints are withdrawn, and since when nobody reaches their API server. */
  #lostMs: ReadonlyMap<string, number> = new Map();
  /** Members that this process has reached. */
  readonly #reached = new Set<string>();

  constructor(options: MemberGatewaysOptions) {
    this.#options = options;
    const {probeGateways} = options;
    this.#prober =
      probeGateways && new GatewayProber({...probeGateways, onChange: (transitions) => this.#onProbes(transitions)});
  }

  get closed(): Promise<void> {
    return this.#prober?.closed ?? Promise.resolve();
  }

  start(signal: AbortSignal): void {
    if (this.#prober === undefined) return;
    this.#prober.start(signal);
    if (signal.aborted) return;
    // Gateways move, clusters come and go, and the bound passes: nothing else tells of the last one.
    const timer = setInterval(() => this.look(), this.#options.probeGateways?.everyMs ?? PROBE_PERIOD_MS);
    signal.addEventListener('abort', () => clearInterval(timer), {once: true});
  }

  /** Of one that may be a gateway; undefined: it is not probed. */
  opinion(id: string): Opinion | undefined {
    const host = this.#options.members.get(id)?.cluster.spec?.gatewayHost;
    if (this.#prober === undefined || host === undefined) return undefined;
    const {suspectsItself} = this.#prober.state;
    return gatewayOpinion({host, report: this.#prober.reports().get(id), suspectsItself});
  }

  /**
   * Undefined: this process has neither reached it nor withdrawn anything, so what was said before is still so. Endpoints that a hub before
   * it took away can't be given back before its API server says which there are.
   */
  isWithdrawn(id: string): boolean | undefined {
    if (this.#lostMs.has(id)) return true;
    const isReached = this.#reached.has(id) || this.#options.members.get(id)?.api?.state === 'Reachable';
    return isReached ? false : undefined;
  }

  /** Of the exporters of one import. Cheap: as a rule there are none. */
  withdrawnOf(exporters: readonly string[]): ReadonlySet<string> {
    return this.#lostMs.size === 0 ? NOBODY : withdrawnOf(exporters, this.#lostMs);
  }

  status(): HubStatus['gateways'] {
    return {
      reports: this.#prober?.reports(),
      suspectsItself: this.#prober?.state.suspectsItself ?? false,
      withdrawn: [...this.#lostMs.keys()].sort(),
    };
  }

  /** Which there are now, and whom nobody has reached for too long. */
  look(): void {
    const {members, gateways} = this.#options;
    this.#prober?.want(
      new Map(
        [...members.values()].flatMap(({id, cluster: {spec}}) => {
          const {gatewayHost: host, gatewayPort: port} = spec ?? {};
          const isOurs = host !== undefined && port !== undefined && gateways.takenBy(id) === undefined;
          return isOurs ? [[id, {port, addresses: gateways.addresses.of(host)}] as const] : [];
        }),
      ),
    );
    this.#withdraw();
  }

  #onProbes(transitions: readonly GatewayTransition[]): void {
    const {members, logger, onHealth} = this.#options;
    for (const {cluster, to, reason, message} of transitions) {
      logger[to === 'Dead' ? 'warn' : 'info']({gateway: cluster, health: to, reason}, message);
    }
    this.#withdraw();
    for (const id of members.keys()) onHealth(id);
  }

  #withdraw(): void {
    const {members, logger, onHealth} = this.#options;
    for (const id of this.#reached) if (!members.has(id)) this.#reached.delete(id);
    for (const {id, api} of members.values()) {
      if (api?.state !== 'Reachable' || this.#reached.has(id)) continue;
      this.#reached.add(id);
      onHealth(id);
    }
    const before = this.#lostMs;
    const after = new Map(
      [...members.values()].flatMap(({id, api}) => (this.#isLost(id, api) ? [[id, api?.sinceMs ?? 0] as const] : [])),
    );
    this.#lostMs = after;
    for (const id of new Set([...before.keys(), ...after.keys()])) {
      // One that has left is no news: what was its goes with it.
      if (before.has(id) === after.has(id) || !members.has(id)) continue;
      const isLost = after.has(id);
      const what = isLost
        ? 'endpoints withdrawn: unreachable for too long, and its gateway is dead'
        : 'endpoints restored';
      logger[isLost ? 'warn' : 'info']({cluster: id}, what);
      const keys = [...(members.get(id)?.accepted.keys() ?? [])];
      for (const {session} of members.values()) session?.enqueueNames(keys);
      onHealth(id);
    }
  }

  #isLost(id: string, api: Member['api']): boolean {
    const {nowMs, stalenessBoundMs = STALENESS_BOUND_MS} = this.#options;
    const gateway = this.#prober?.state.health.get(id) ?? 'Unknown';
    const signals = {
      // It is this hub that reaches or doesn't: its own word is fresh.
      heartbeat: 'Fresh',
      source: api?.state ?? 'Unknown',
      unreachableForMs: api === undefined ? undefined : nowMs() - api.sinceMs,
      gateway,
      hubProbe: gateway,
    } as const;
    return concludeSource(signals, stalenessBoundMs).state === 'Withdrawn';
  }
}

const NOBODY: ReadonlySet<string> = new Set();
