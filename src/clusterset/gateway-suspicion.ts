import {PROBE_PERIOD_MS} from './gateway-probe.ts';
import type {GatewayHealth, ProbeState} from './gateway-probe.ts';

/** With one gateway alone, its death and our own isolation look the same, and failover must still work. */
const MIN_GATEWAYS = 2;

/** What routing is told about the gateways of the other clusters. */
export interface GatewaysState {
  readonly health: ReadonlyMap<string, GatewayHealth>;
  /** True: all gateways fell silent at once, so it is ourselves that we suspect, and the last routes stay. */
  readonly suspectsItself: boolean;
}

export const noGateways: GatewaysState = {health: new Map(), suspectsItself: false};

/**
 * What is told after a round of probes. If all gateways that were alive stop answering within one probe period, the fault is
 * more likely here than in every other cluster at once (design §6): what was told before stays, until any of them answers.
 *
 * @param probes - by cluster id, all that are probed from here
 */
export function judgeGateways(before: GatewaysState, probes: ReadonlyMap<string, ProbeState>): GatewaysState {
  const anyAnswers = [...probes.values()].some(({successes}) => successes > 0);
  const suspectsItself = !anyAnswers && (before.suspectsItself || allFellTogether(before, probes));
  const health = new Map(
    [...probes].map(([id, probe]) => [id, (suspectsItself ? before.health.get(id) : undefined) ?? probe.health]),
  );
  return {health, suspectsItself};
}

function allFellTogether({health}: GatewaysState, probes: ReadonlyMap<string, ProbeState>): boolean {
  const alive = [...probes].filter(([id]) => health.get(id) === 'Alive').map(([, probe]) => probe);
  if (alive.length < MIN_GATEWAYS || !alive.some((probe) => probe.health === 'Dead')) return false;
  const since = alive.map(({failures, streakSinceMs}) => (failures > 0 ? streakSinceMs : undefined));
  const known = since.filter((at) => at !== undefined);
  return known.length === alive.length && Math.max(...known) - Math.min(...known) <= PROBE_PERIOD_MS;
}
