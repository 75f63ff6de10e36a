/** The numbers of design §6. */
export const PROBE_PERIOD_MS = 1_000;
const FAILURES_TO_DIE = 3;
const RISE_AFTER_MS = 5_000;
const FLAP_WINDOW_MS = 60_000;
const HOLD_DOWN_MS = 30_000;

export type GatewayHealth = 'Alive' | 'Dead' | 'Unknown';

/** All that has to be remembered of one gateway between two probes. Times are of one monotonic clock, milliseconds. */
export interface ProbeState {
  /** Unknown until something is known: a gateway is neither dead nor alive because it was not asked yet. */
  readonly health: GatewayHealth;
  /** Outcomes without an interruption, of which one of the two is always 0. */
  readonly failures: number;
  readonly successes: number;
  /** When the first of them was observed. */
  readonly streakSinceMs: number | undefined;
  /** When it went down, the last minute only. */
  readonly downsMs: readonly number[];
  /** It stays down until then, whatever it answers. */
  readonly heldUntilMs: number | undefined;
}

export const unprobed: ProbeState = {
  health: 'Unknown',
  failures: 0,
  successes: 0,
  streakSinceMs: undefined,
  downsMs: [],
  heldUntilMs: undefined,
};

/**
 * Takes in the outcome of one probe (one a second): down after 3 failures in a row; up after 2 successes in a row that span
 * 5 s; down for the second time within 60 s, it stays down for 30 s. A gateway that nothing was known of is believed at once
 * when it answers: there is no flapping yet that could be damped.
 */
export function noteProbe(state: ProbeState, answered: boolean, nowMs: number): ProbeState {
  const continues = answered ? state.successes > 0 : state.failures > 0;
  const streak = {
    failures: answered ? 0 : state.failures + 1,
    successes: answered ? state.successes + 1 : 0,
    streakSinceMs: continues ? state.streakSinceMs : nowMs,
  };
  const next: ProbeState = {...state, ...streak, downsMs: state.downsMs.filter((at) => nowMs - at <= FLAP_WINDOW_MS)};
  if (!answered) return next.health !== 'Dead' && next.failures >= FAILURES_TO_DIE ? fall(next, nowMs) : next;
  return mayRise(next, nowMs) ? {...next, health: 'Alive', heldUntilMs: undefined} : next;
}

/**
 * Its failures were ours: it counts as alive until there are new ones, and it has not fallen.
 *
 * @param state - of one that died while this process suspected itself
 */
export function vouchedFor(state: ProbeState): ProbeState {
  const {successes, streakSinceMs} = state;
  const streak = successes > 0 ? {successes, streakSinceMs} : {};
  return {...unprobed, ...streak, health: 'Alive'};
}

/** What was never up has not flapped. */
function fall(state: ProbeState, nowMs: number): ProbeState {
  if (state.health === 'Unknown') return {...state, health: 'Dead'};
  const downsMs = [...state.downsMs, nowMs];
  return {...state, health: 'Dead', downsMs, heldUntilMs: downsMs.length < 2 ? undefined : nowMs + HOLD_DOWN_MS};
}

function mayRise(state: ProbeState, nowMs: number): boolean {
  if (state.health !== 'Dead') return true;
  // What spans 5 s is 2 successes at least: the time of a single one is now.
  const isLong = nowMs - (state.streakSinceMs ?? nowMs) >= RISE_AFTER_MS;
  return isLong && nowMs >= (state.heldUntilMs ?? nowMs);
}

export interface ProbeTransition {
  readonly to: Exclude<GatewayHealth, 'Unknown'>;
  readonly reason: 'GatewayAnswers' | 'GatewayDead' | 'GatewayFlapping';
  readonly message: string;
}

/** What changed between two states, for the Event and the counter that every transition leaves (design §6). */
export function probeTransition(before: ProbeState, after: ProbeState): ProbeTransition | undefined {
  if (before.health === after.health) return undefined;
  if (after.health !== 'Dead') {
    return {to: 'Alive', reason: 'GatewayAnswers', message: `the gateway answered ${after.successes} times in a row`};
  }
  const dead = `the gateway did not answer ${after.failures} times in a row`;
  if (after.heldUntilMs === undefined) return {to: 'Dead', reason: 'GatewayDead', message: dead};
  const seconds = HOLD_DOWN_MS / 1_000;
  const message = `${dead}; it went down ${after.downsMs.length} times within 60 s, so it stays out for ${seconds} s`;
  return {to: 'Dead', reason: 'GatewayFlapping', message};
}
