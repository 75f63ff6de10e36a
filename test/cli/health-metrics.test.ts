import {Registry} from 'prom-client';
import {expect, test} from 'vitest';

import {agentHealthMetrics, hubHealthMetrics} from '../../cli/health-metrics.ts';
import {Sampled} from '../../cli/sampled-metric.ts';
import type {GatewayReport} from '../../src/probes/gateway-prober.ts';

function aReport(health: GatewayReport['health']): GatewayReport {
  const counts = {probes: 10, failures: 4, transitions: {Alive: 2, Dead: 1}};
  return {health, probed: health, held: false, because: undefined, ...counts};
}

const reports = new Map([
  ['cluster-2', aReport('Alive')],
  ['cluster-3', aReport('Dead')],
  ['cluster-4', aReport('Unknown')],
]);

async function metricsOf(register: (sampled: Sampled) => void): Promise<readonly string[]> {
  const registry = new Registry();
  register(new Sampled(registry));
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('an agent counts probes and transitions, and says nothing of what it does not know', async () => {
  const seen = await metricsOf((sampled) =>
    agentHealthMetrics(sampled, () => ({
      ...{hub: 'Expired', hubLosses: 3, gateways: reports, suspectsItself: true, suspicions: 2},
    })),
  );
  expect(seen).toContain('isthmus_agent_gateway_alive{cluster="cluster-2"} 1');
  expect(seen).toContain('isthmus_agent_gateway_alive{cluster="cluster-3"} 0');
  expect(seen.join()).not.toContain('gateway_alive{cluster="cluster-4"}');
  expect(seen).toContain('isthmus_agent_gateway_probes_total{cluster="cluster-2",outcome="answered"} 6');
  expect(seen).toContain('isthmus_agent_gateway_probes_total{cluster="cluster-2",outcome="failed"} 4');
  expect(seen).toContain('isthmus_agent_gateway_transitions_total{cluster="cluster-3",to="Dead"} 1');
  expect(seen).toContain('isthmus_agent_suspects_itself 1');
  expect(seen).toContain('isthmus_agent_suspicions_total 2');
  expect(seen).toContain('isthmus_agent_hub_heartbeat{state="Expired"} 1');
  expect(seen).toContain('isthmus_agent_hub_losses_total 3');
});

test('before the first heartbeat, and without probes, there is no sample that could be taken for bad news', async () => {
  const seen = await metricsOf((sampled) =>
    agentHealthMetrics(sampled, () => ({
      ...{hub: 'Never', hubLosses: 0, gateways: undefined, suspectsItself: false, suspicions: 0},
    })),
  );
  expect(seen).toContain('isthmus_agent_hub_heartbeat{state="Never"} 1');
  expect(seen.join()).not.toMatch(/Alive|Expired|gateway_alive/);
});

test('the hub tells whose endpoints are withdrawn', async () => {
  const seen = await metricsOf((sampled) =>
    hubHealthMetrics(sampled, () => ({reports, suspectsItself: false, withdrawn: ['cluster-3']})),
  );
  expect(seen).toContain('isthmus_hub_member_withdrawn{cluster="cluster-3"} 1');
  expect(seen).toContain('isthmus_hub_gateway_alive{cluster="cluster-3"} 0');
  expect(seen).toContain('isthmus_hub_suspects_itself 0');
});
