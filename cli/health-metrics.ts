import type {HealthStatus} from '../src/agent/health-watch.ts';
import type {HubStatus} from '../src/hub/hub-status.ts';
import type {GatewayReport} from '../src/probes/gateway-prober.ts';
import type {Sample, Sampled} from './sampled-metric.ts';

/** Gateways as this process probes them; what isn't known has no sample. */
function gatewayMetrics(
  sampled: Sampled,
  area: 'agent' | 'hub',
  read: () => ReadonlyMap<string, GatewayReport> | undefined,
): void {
  const reports = (): readonly (readonly [string, GatewayReport])[] => [...(read() ?? [])];
  sampled.gauge(`isthmus_${area}_gateway_alive`, '1 alive, 0 dead; none while it is not known', ['cluster'], () =>
    reports().flatMap(([cluster, {health}]): Sample[] =>
      health === 'Unknown' ? [] : [[[cluster], Number(health === 'Alive')]],
    ),
  );
  sampled.counter(`isthmus_${area}_gateway_probes_total`, 'Probes by outcome', ['cluster', 'outcome'], () =>
    reports().flatMap(([cluster, {probes, failures}]): Sample[] => [
      [[cluster, 'answered'], probes - failures],
      [[cluster, 'failed'], failures],
    ]),
  );
  sampled.counter(
    `isthmus_${area}_gateway_transitions_total`,
    'How often a gateway was told to be alive or dead, damped',
    ['cluster', 'to'],
    () =>
      reports().flatMap(([cluster, {transitions}]): Sample[] => [
        [[cluster, 'Alive'], transitions.Alive],
        [[cluster, 'Dead'], transitions.Dead],
      ]),
  );
}

/** The signals of design §6 as an agent sees them. */
export function agentHealthMetrics(sampled: Sampled, read: () => HealthStatus): void {
  gatewayMetrics(sampled, 'agent', () => read().gateways);
  sampled.gauge(
    'isthmus_agent_suspects_itself',
    '1 while all gateways fell silent at once and routes are kept',
    [],
    () => [[[], Number(read().suspectsItself)]],
  );
  sampled.counter('isthmus_agent_suspicions_total', 'How often all gateways fell silent at once', [], () => [
    [[], read().suspicions],
  ]);
  // By label, since a gauge without one can't be left out: 0 before the first heartbeat would be an alarm for nothing.
  sampled.gauge(
    'isthmus_agent_hub_heartbeat',
    '1 for the state of the heartbeat: Alive, Expired or Never',
    ['state'],
    () => [[[read().hub], 1]],
  );
  sampled.counter('isthmus_agent_hub_losses_total', 'How often the heartbeat of the hub expired', [], () => [
    [[], read().hubLosses],
  ]);
}

/** The same as the hub sees them. */
export function hubHealthMetrics(sampled: Sampled, read: () => HubStatus['gateways']): void {
  gatewayMetrics(sampled, 'hub', () => read().reports);
  sampled.gauge('isthmus_hub_suspects_itself', '1 while all gateways fell silent at once', [], () => [
    [[], Number(read().suspectsItself)],
  ]);
  sampled.gauge('isthmus_hub_member_withdrawn', '1 while the endpoints of the member are withdrawn', ['cluster'], () =>
    read().withdrawn.map((cluster) => [[cluster], 1]),
  );
}
