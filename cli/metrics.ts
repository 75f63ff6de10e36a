import {Registry, collectDefaultMetrics} from 'prom-client';

import type {Agent} from '../src/agent/agent.ts';
import type {Hub} from '../src/hub/hub.ts';
import type {ReflectorStatus} from '../src/kube/reflector.ts';
import type {DnsServer} from '../dns/server.ts';
import type {WebhookServer} from '../webhooks/server.ts';
import type {WebhookStats} from '../webhooks/stats.ts';
import {dnsMetrics} from './dns-metrics.ts';
import {agentHealthMetrics, hubHealthMetrics} from './health-metrics.ts';
import type {Sample} from './sampled-metric.ts';
import {Sampled} from './sampled-metric.ts';

/**
 * The metrics of one process, read out of what its parts know of themselves at the moment of the scrape. Nothing is
 * counted twice, so a metric can't claim more than its part saw.
 */
export function agentMetrics(
  agent: Agent,
  dns: DnsServer,
  webhooks: () => WebhookServer | undefined,
): () => Promise<string> {
  const registry = processRegistry();
  const sampled = new Sampled(registry);
  const status = () => agent.status();
  sampled.gauge('isthmus_agent_view_revision', 'Revision of the last published view', [], () => [
    [[], status().revision],
  ]);
  sampled.gauge('isthmus_agent_synced', '1 once the first full view was published', [], () => [
    [[], Number(status().synced)],
  ]);
  sampled.gauge('isthmus_agent_writer', '1 while this replica holds the writers lease', [], () => [
    [[], Number(status().writer)],
  ]);
  sampled.gauge('isthmus_agent_imports', 'ServiceImports in the view', [], () => [[[], status().imports]]);
  sampled.gauge('isthmus_agent_derived_services', 'Derived Services, each with a gateway VIP', [], () => [
    [[], status().derivedServices],
  ]);
  sampled.gauge(
    'isthmus_agent_policy_findings',
    'Exports that a rule of a policy finds fault with, said by who writes',
    ['policy', 'rule', 'enforcement'],
    () => status().policyFindings.map(({policy, rule, enforcement, exports}) => [[policy, rule, enforcement], exports]),
  );
  agentHealthMetrics(sampled, () => status().health);
  reflectorMetrics(sampled, 'agent', ['source'], () =>
    Object.entries(status().sources).map(([source, of]) => [[source], of]),
  );
  dnsMetrics(sampled, () => dns.stats());
  webhookMetrics(sampled, webhooks);
  return () => registry.metrics();
}

export function hubMetrics(hub: Pick<Hub, 'status'>, webhooks: () => WebhookServer | undefined): () => Promise<string> {
  const registry = processRegistry();
  const sampled = new Sampled(registry);
  const members = () => hub.status().members;
  sampled.gauge('isthmus_hub_member_reachable', '1 while the API server of the member answers', ['cluster'], () =>
    members().map(({cluster, reachable}) => [[cluster], Number(reachable)]),
  );
  sampled.gauge('isthmus_hub_member_writing', '1 while this replica writes to the member', ['cluster'], () =>
    members().map(({cluster, writing}) => [[cluster], Number(writing)]),
  );
  sampled.gauge(
    'isthmus_hub_member_synced',
    '1 while the member holds all it should, said by who writes to it',
    ['cluster'],
    () =>
      members()
        .filter(({writing}) => writing)
        .map(({cluster, synced}) => [[cluster], Number(synced)]),
  );
  sampled.gauge('isthmus_hub_member_exports', 'Exports accepted from the member', ['cluster'], () =>
    members().map(({cluster, exports}) => [[cluster], exports]),
  );
  sampled.gauge(
    'isthmus_hub_member_token_expiry_timestamp_seconds',
    "When the hub's token for the member expires, since the epoch; none where the token does not say",
    ['cluster'],
    () =>
      members().flatMap(({cluster, tokenExpiresMs}): Sample[] =>
        tokenExpiresMs === undefined ? [] : [[[cluster], tokenExpiresMs / 1_000]],
      ),
  );
  sampled.gauge('isthmus_hub_member_imported_slices', 'EndpointSlices imported into the member', ['cluster'], () =>
    members().map(({cluster, importedSlices}) => [[cluster], importedSlices]),
  );
  sampled.gauge('isthmus_hub_replicas', 'Replicas that live; 0 while this one can not tell', [], () => [
    [[], hub.status().replicas?.length ?? 0],
  ]);
  sampled.gauge('isthmus_hub_epoch', 'Raised by each takeover from a lost hub', [], () => [[[], hub.status().epoch]]);
  hubHealthMetrics(sampled, () => hub.status().gateways);
  reflectorMetrics(sampled, 'hub', ['cluster', 'resource'], () =>
    members().flatMap(({cluster, reflectors}) =>
      Object.entries(reflectors).map(([resource, of]): [string[], ReflectorStatus] => [[cluster, resource], of]),
    ),
  );
  webhookMetrics(sampled, webhooks);
  return () => registry.metrics();
}

function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({register: registry, prefix: 'isthmus_'});
  return registry;
}

function reflectorMetrics(
  sampled: Sampled,
  area: 'agent' | 'hub',
  labels: readonly string[],
  read: () => readonly (readonly [readonly string[], ReflectorStatus])[],
): void {
  const counter = (what: string, help: string, pick: (of: ReflectorStatus) => number): void =>
    sampled.counter(`isthmus_${area}_${what}_total`, help, labels, () =>
      read().map(([values, of]) => [values, pick(of)]),
    );
  counter('lists', 'Complete lists', (of) => of.lists);
  counter('list_failures', 'Lists that failed; none of them changed anything', (of) => of.listFailures);
  counter('watches', 'Watches that the API server took', (of) => of.watches);
  counter('watch_restarts', 'Watches that ended and were taken up again', (of) => of.restarts);
  counter('watch_expired', 'Times that the resource version was too old', (of) => of.expired);
  counter('watch_events', 'Changes received by watch', (of) => of.events);
}

function webhookMetrics(sampled: Sampled, webhooks: () => WebhookServer | undefined): void {
  const paths = (): WebhookStats['paths'] => webhooks()?.stats().paths ?? [];
  sampled.counter('isthmus_webhook_reviews_total', 'Reviews by what became of them', ['path', 'outcome'], () =>
    paths().flatMap(({path, outcomes}) =>
      Object.entries(outcomes).map(([outcome, count]): Sample => [[path, outcome], count]),
    ),
  );
  sampled.counter('isthmus_webhook_warnings_total', 'Warnings sent', ['path'], () =>
    paths().map(({path, warnings}) => [[path], warnings]),
  );
  sampled.counter('isthmus_webhook_audits_total', 'Findings of policies that only audit', ['path'], () =>
    paths().map(({path, audits}) => [[path], audits]),
  );
  sampled.counter('isthmus_webhook_review_seconds_total', 'Time spent on reviews', ['path'], () =>
    paths().map(({path, durationSumMs}) => [[path], durationSumMs / 1000]),
  );
  sampled.counter('isthmus_webhook_tls_errors_total', 'Handshakes that failed', [], () => [
    [[], webhooks()?.stats().tlsErrors ?? 0],
  ]);
}
