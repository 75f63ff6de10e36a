import {Registry} from 'prom-client';
import type {Logger} from 'pino';

import {WiringCheck} from '../dns/cluster-dns/wiring-check.ts';
import type {WiringStatus} from '../dns/cluster-dns/wiring-check.ts';
import type {Agent} from '../src/agent/agent.ts';
import {AGENT_MANAGER} from '../src/api/names.ts';
import {EventRecorder} from '../src/kube/event-recorder.ts';
import {Sampled} from './sampled-metric.ts';

/** What an agent does about the wiring of its cluster's DNS: nothing, say what it sees, or write it again where it is missing. */
export type DnsWiring = 'off' | 'check' | 'repair';

export interface DnsWiringOptions {
  readonly agent: Agent;
  readonly namespace: string;
  readonly zone: string;
  readonly mode: Exclude<DnsWiring, 'off'>;
  readonly logger: Logger;
  /** Default 30 s. */
  readonly everyMs?: number;
  readonly signal: AbortSignal;
}

/** Starts the check; it ends with the signal. */
export function startDnsWiring({agent, mode, signal, ...rest}: DnsWiringOptions): WiringCheck {
  const {client} = agent;
  const check = new WiringCheck({
    ...rest,
    client,
    repair: mode === 'repair',
    mayWrite: () => agent.isWriter,
    events: new EventRecorder({client, component: AGENT_MANAGER, logger: rest.logger}),
  });
  check.start(signal);
  return check;
}

/** Nothing is said of what nobody has seen: there is no `isthmus_dns_wired` until it was looked at, and while it can't be. */
export function dnsWiringMetrics(status: () => WiringStatus): () => Promise<string> {
  const registry = new Registry();
  const sampled = new Sampled(registry);
  sampled.gauge('isthmus_dns_wired', "1 while the cluster's DNS is configured to forward the zone", ['reason'], () => {
    const {wired, reason} = status();
    return wired === undefined ? [] : [[[reason], Number(wired)]];
  });
  sampled.counter('isthmus_dns_wiring_overwritten_total', 'Times that the wiring was seen to be gone', [], () => [
    [[], status().overwritten],
  ]);
  sampled.counter('isthmus_dns_wiring_repairs_total', 'Times that the wiring was written again', [], () => [
    [[], status().repairs],
  ]);
  return () => registry.metrics();
}
