import type {probeTcp} from './tcp-probe.ts';

/** Where one cluster's gateway is. */
export interface GatewayTarget {
  readonly port: number;
  /** Addresses, not names; empty: not known, so there is nothing to probe. */
  readonly addresses: readonly string[];
}

export type ProbeAddress = typeof probeTcp;

export interface ProbeTargetOptions {
  /** The address that answered last. */
  readonly preferred: string | undefined;
  /** For all of it, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly probe: ProbeAddress;
}

export type ProbeOutcome =
  | {readonly answered: true; readonly address: string}
  /** `because`: of the first address in order. */
  | {readonly answered: false; readonly because: string};

/** At once, of one gateway: a name with 32 addresses must not make 32 connections a second. */
export const MAX_ADDRESSES_AT_ONCE = 8;

/**
 * A gateway with several addresses is alive where one of them answers: clients try the others too. As long as the one that
 * answered last does, no other is asked.
 */
export async function probeTarget(target: GatewayTarget, options: ProbeTargetOptions): Promise<ProbeOutcome> {
  const {preferred, timeoutMs, signal, probe} = options;
  const {addresses, port} = target;
  const known = preferred !== undefined && addresses.includes(preferred) ? preferred : undefined;
  const isAlone = known === undefined || addresses.length === 1;
  const eachMs = isAlone ? timeoutMs : timeoutMs / 2;
  const ask = async (host: string): Promise<ProbeOutcome> => {
    const because = await probe({host, port}, {timeoutMs: eachMs, signal});
    return because === undefined ? {answered: true, address: host} : {answered: false, because};
  };
  if (!isAlone) {
    const first = await ask(known);
    if (first.answered) return first;
  }
  const outcomes = await Promise.all(addresses.slice(0, MAX_ADDRESSES_AT_ONCE).map(ask));
  return outcomes.find(({answered}) => answered) ?? outcomes[0] ?? {answered: false, because: 'no address is known'};
}
