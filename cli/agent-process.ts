import type {Logger} from 'pino';

import {
  AGENT_MANAGER,
  AGENT_SERVICE,
  CLUSTERSET_ZONE,
  INJECTOR_CONFIGURATION,
  VALIDATOR_CONFIGURATION,
} from '../src/api/names.ts';
import {mutatingWebhookConfigurations, validatingWebhookConfigurations} from '../src/api/resources.ts';
import type {DnsServer} from '../dns/server.ts';
import {startDnsServer} from '../dns/server.ts';
import {Agent} from '../src/agent/agent.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {ConfigurationWriter} from '../webhooks/configuration-writer.ts';
import {agentWebhooks} from '../webhooks/configuration.ts';
import {agentHandlers} from '../webhooks/handlers.ts';
import {startHealthServer} from '../webhooks/health-server.ts';
import type {WebhookServer} from '../webhooks/server.ts';
import {startWebhookServer} from '../webhooks/server.ts';
import type {ListenAddress} from './arguments.ts';
import type {ClosedOnce} from './closed-once.ts';
import {closedOnce} from './closed-once.ts';
import {agentMetrics} from './metrics.ts';
import type {Ports} from './ports-file.ts';
import {prepareServing, webhookClient} from './webhook-serving.ts';

export interface AgentProcessOptions {
  readonly credentials: ClusterCredentials;
  readonly clusterId: string;
  readonly namespace: string;
  readonly identity: string;
  readonly dnsListen: ListenAddress;
  readonly webhookListen: ListenAddress;
  readonly healthListen: ListenAddress | undefined;
  /** Base URL that API servers call instead of the Service; `auto`: the address that was bound. */
  readonly webhookUrl: string | undefined;
  readonly sidecarImage: string;
  readonly ttlSeconds: number;
  readonly lingerMs: number;
  readonly maxVips: number;
  readonly development: boolean;
  readonly logger: Logger;
  /** Called as soon as DNS listens: it answers (SERVFAIL) long before the API server has to. */
  readonly onDns?: (address: ListenAddress) => void;
}

/** One agent with its three plugins, wired: what `isthmus agent` runs, and `isthmus dev` for each member. */
export interface AgentProcess {
  readonly agent: Agent;
  readonly dns: DnsServer;
  readonly webhooks: WebhookServer;
  readonly ports: Ports;
  /** Resolves if a part dies that the process can't do without. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

/**
 * Starts the agent. DNS listens first (SERVFAIL until the first view); webhooks follow as soon as the API server gave
 * the CA; the webhook configurations are filled in last, when everything they name answers.
 */
export async function startAgentProcess(options: AgentProcessOptions): Promise<AgentProcess> {
  const {logger, namespace} = options;
  const stop = new AbortController();
  const agent = new Agent({...options, ttlMs: options.ttlSeconds * 1000});
  const dns = await startDnsServer({listen: options.dnsListen, ttlSeconds: options.ttlSeconds, logger});
  options.onDns?.(dns.address);
  agent.onView((view, change) => dns.publish(view, change));
  agent.start(stop.signal);

  const serving = await prepareServing({
    ...options,
    client: agent.client,
    service: AGENT_SERVICE,
    manager: AGENT_MANAGER,
    signal: stop.signal,
  });
  const webhooks = await startWebhookServer({
    listen: options.webhookListen,
    tls: serving.certificate.tls,
    logger,
    ready: () => agent.view().synced,
    handlers: agentHandlers({...options, view: () => agent.view(), zone: CLUSTERSET_ZONE}),
  });
  serving.onRenewed((certificate) => webhooks.setCertificate(certificate.tls));

  const entries = (serves: boolean): ReturnType<typeof agentWebhooks> =>
    agentWebhooks({
      client: webhookClient({...options, service: AGENT_SERVICE, bound: webhooks.address}),
      caBundle: serving.certificate.caPem,
      ready: serves,
      hubIsHere: agent.view().hubIsHere,
      namespace,
    });
  let serves = true;
  const common = {client: agent.client, fieldManager: AGENT_MANAGER, logger, mayWrite: () => agent.isWriter};
  const whenKnown = <T>(read: () => T): T | undefined => (agent.view().synced ? read() : undefined);
  const writers = [
    new ConfigurationWriter({
      ...common,
      resource: mutatingWebhookConfigurations,
      name: INJECTOR_CONFIGURATION,
      entries: () => whenKnown(() => entries(serves).mutating),
    }),
    new ConfigurationWriter({
      ...common,
      resource: validatingWebhookConfigurations,
      name: VALIDATOR_CONFIGURATION,
      entries: () => whenKnown(() => entries(serves).validating),
    }),
  ];
  for (const writer of writers) writer.start(stop.signal);
  agent.onView((_view, change) => {
    if (change.all || change.clusterset) for (const writer of writers) writer.poke();
  });
  agent.onWriter(() => {
    for (const writer of writers) writer.poke();
  });

  const health =
    options.healthListen &&
    (await startHealthServer({
      listen: options.healthListen,
      logger,
      ready: () =>
        agent.view().synced ? {ready: true, reason: 'synced'} : {ready: false, reason: 'first full view not there yet'},
      metrics: agentMetrics(agent, dns, webhooks),
    }));

  const close: ClosedOnce = closedOnce(async () => {
    serves = false;
    // Nobody may be left with a `Fail` entry that no one answers (design §8): said before the server goes.
    const limit = AbortSignal.timeout(1_000);
    for (const writer of writers) {
      await writer
        .writeNow(limit)
        .catch((error: unknown) => logger.warn({err: error}, 'webhook entries left as they were'));
    }
    stop.abort();
    await Promise.all([
      webhooks.close(),
      dns.close(),
      health?.close(),
      agent.closed,
      ...writers.map(({closed}) => closed),
    ]);
  });
  return {
    agent,
    dns,
    webhooks,
    ports: {dns: dns.address, webhooks: webhooks.address, ...(health ? {health: health.address} : {})},
    failed: dns.failed,
    close,
  };
}
