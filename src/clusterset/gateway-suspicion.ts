import {PROBE_PERIOD_MS, probeTransition} from './gateway-probe.ts';
import type {GatewayHealth, ProbeState, ProbeTransition} from './gateway-probe.ts';

/** With one gateway alone, its death and our own isolation look the same, and failover must still work. */
const MIN_GATEWAYS = 2;
/**
 * Gateways that fall silent at one moment are found out up to a period apart, as each has its own moment within it; the half
 * is for probes that come late.
 */
const TOGETHER_MS = 1.5 * PROBE_PERIOD_MS;

/** What routing is told about the gateways of the other clusters. */
export interface GatewaysState {
  readonly health: ReadonlyMap<string, GatewayHealth>;
  /** True: all gateways fell silent at once, so it is ourselves that we suspect, and the last routes stay. */
  readonly suspectsItself: boolean;
  /** False: not one gateway has answered from here yet, so it isn't known whether any can. */
  readonly anyEverAnswered: boolean;
}

export const noGateways: GatewaysState = {health: new Map(), suspectsItself: false, anyEverAnswered: false};

/**
 * What is told after a round of probes. If all gateways that were alive stop answering within one probe period, the fault is
 * more likely here than in every other cluster at once (design §6): what was told before stays, until any of them answers.
 * Where none has answered since the start, there may be no way out of here for probes (a NetworkPolicy) or no gateways yet, and
 * pods may still get through: then all are Unknown, which leaves nobody out.
 *
 * @param probes - by cluster id, all that are probed from here
 */
export function judgeGateways(before: GatewaysState, probes: ReadonlyMap<string, ProbeState>): GatewaysState {
  const anyAnswers = [...probes.values()].some(({successes}) => successes > 0);
  const anyEverAnswered = before.anyEverAnswered || anyAnswers;
  if (!anyEverAnswered) {
    const health = new Map([...probes.keys()].map((id) => [id, 'Unknown'] as const));
    return {health, suspectsItself: false, anyEverAnswered};
  }
  const suspectsItself = !anyAnswers && (before.suspectsItself || allFellTogether(before, probes));
  const toldOf = (id: string, probe: ProbeState): GatewayHealth => {
    const earlier = before.health.get(id);
    if (suspectsItself && earlier !== undefined) return earlier;
    // It begins to answer after nothing was known: it is not called dead for the seconds that it takes to be believed.
    const isComing = probe.health === 'Dead' && probe.successes > 0 && (earlier ?? 'Unknown') === 'Unknown';
    return isComing ? 'Unknown' : probe.health;
  };
  const health = new Map([...probes].map(([id, probe]) => [id, toldOf(id, probe)]));
  return {health, suspectsItself, anyEverAnswered};
}

/**
 * Where the first one answers after all fell silent at once, the silence was ours: what was observed meanwhile says nothing about
 * those that were told alive all along. Without this each of them would be dead for the seconds until it is asked and believed again,
 * and at the second time within a minute for half a minute.
 *
 * @returns ids of the gateways to begin anew with (`vouchedFor`), before the round is judged
 */
export function toVouchFor(before: GatewaysState, probes: ReadonlyMap<string, ProbeState>): readonly string[] {
  if (!before.suspectsItself || ![...probes.values()].some(({successes}) => successes > 0)) return [];
  return [...probes].flatMap(([id, {health}]) => (health === 'Dead' && before.health.get(id) === 'Alive' ? [id] : []));
}

function allFellTogether({health}: GatewaysState, probes: ReadonlyMap<string, ProbeState>): boolean {
  const alive = [...probes].filter(([id]) => health.get(id) === 'Alive').map(([, probe]) => probe);
  if (alive.length < MIN_GATEWAYS || !alive.some((probe) => probe.health === 'Dead')) return false;
  const since = alive.map(({failures, streakSinceMs}) => (failures > 0 ? streakSinceMs : undefined));
  const known = since.filter((at) => at !== undefined);
  return known.length === alive.length && Math.max(...known) - Math.min(...known) <= TOGETHER_MS;
}

export interface GatewayTransition extends ProbeTransition {
  readonly cluster: string;
}

/** What routing is told anew after a round: each of these leaves an Event and is counted (design §6). */
export function gatewayTransitions(
  before: GatewaysState,
  after: GatewaysState,
  probes: ReadonlyMap<string, ProbeState>,
): readonly GatewayTransition[] {
  return [...after.health].flatMap(([cluster, health]) => {
    const probe = probes.get(cluster);
    const earlier = before.health.get(cluster) ?? 'Unknown';
    if (probe === undefined || health === 'Unknown' || health === earlier) return [];
    const transition = probeTransition({...probe, health: earlier}, {...probe, health});
    return transition === undefined ? [] : [{cluster, ...transition}];
  });
}
