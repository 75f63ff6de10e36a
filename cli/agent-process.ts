import type {Logger} from 'pino';

import {
  AGENT_MANAGER,
  AGENT_SERVICE,
  CLUSTERSET_ZONE,
  DNS_SERVICE,
  INJECTOR_CONFIGURATION,
  VALIDATOR_CONFIGURATION,
} from '../src/api/names.ts';
import {mutatingWebhookConfigurations, validatingWebhookConfigurations} from '../src/api/resources.ts';
import type {WiringCheck} from '../dns/cluster-dns/wiring-check.ts';
import type {DnsServer, DnsServerOptions} from '../dns/server.ts';
import {startDnsServer} from '../dns/server.ts';
import {Agent} from '../src/agent/agent.ts';
import type {DefaultExportPolicy} from '../src/clusterset/export-policy.ts';
import type {Backoff} from '../src/kube/backoff.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import type {GatewayProbing} from '../src/probes/gateway-prober.ts';
import {agentWebhooks} from '../webhooks/configuration.ts';
import {agentHandlers} from '../webhooks/handlers.ts';
import type {WebhookServer} from '../webhooks/server.ts';
import type {ListenAddress} from './arguments.ts';
import {Closers} from './closers.ts';
import {dnsWiringMetrics, startDnsWiring} from './dns-wiring-part.ts';
import type {DnsWiring} from './dns-wiring-part.ts';
import {keepDnsSecrets} from './dns-secrets.ts';
import {startHealth} from './health.ts';
import {agentMetrics} from './metrics.ts';
import type {Ports} from './ports-file.ts';
import type {ServedWebhooks} from './served-webhooks.ts';
import {startServedWebhooks} from './served-webhooks.ts';
import {markAnswersOfSilentApi} from './silent-api.ts';

export interface AgentProcessOptions {
  readonly credentials: ClusterCredentials;
  readonly clusterId: string;
  readonly namespace: string;
  readonly identity: string;
  readonly dnsListen: ListenAddress | readonly ListenAddress[];
  readonly webhookListen: ListenAddress;
  readonly healthListen: ListenAddress | undefined;
  /** Base URL that API servers call instead of the Service; `auto`: the address that was bound. */
  readonly webhookUrl: string | undefined;
  readonly sidecarImage: string;
  readonly ttlSeconds: number;
  /** What of the DNS server differs from its defaults. */
  readonly dnsOptions?: Partial<Omit<DnsServerOptions, 'listen' | 'logger'>>;
  /** Files with a certificate and with secrets of cookies; see `keepDnsSecrets`. */
  readonly dnsTlsSecret?: string;
  readonly dnsCookieSecret?: string;
  /** Default `off`. */
  readonly dnsWiring?: DnsWiring;
  /** How often it is looked at. Default 30 s. */
  readonly dnsWiringEveryMs?: number;
  readonly lingerMs: number;
  readonly maxVips: number;
  readonly defaultExportPolicy?: DefaultExportPolicy;
  /** Default: gateways of other clusters are not probed. */
  readonly probeGateways?: GatewayProbing | undefined;
  readonly backoff?: Backoff;
  readonly development: boolean;
  readonly logger: Logger;
  /** Called as soon as DNS listens: it answers (SERVFAIL) long before the API server has to. */
  readonly onDns?: (address: ListenAddress, dns: DnsServer) => void;
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
 * Starts the agent. DNS and health listen first (SERVFAIL and not ready until the first view); webhooks follow as soon
 * as the API server gave the CA.
 */
export async function startAgentProcess(options: AgentProcessOptions): Promise<AgentProcess> {
  const parts = new Closers();
  return parts.guard(() => startParts(options, parts));
}

async function startParts(options: AgentProcessOptions, parts: Closers): Promise<AgentProcess> {
  const {logger} = options;
  const stop = new AbortController();
  const agent = new Agent({
    ...options,
    ttlMs: options.ttlSeconds * 1000,
    onRequest: (report) => logger.trace(report, 'request'),
  });
  const dns = await startDnsServer({
    ...options.dnsOptions,
    listen: options.dnsListen,
    ttlSeconds: options.ttlSeconds,
    nameServer: `${options.namespace}/${DNS_SERVICE}`,
    onSkipped: (imports) => agent.noteSkippedNames(imports),
    logger,
  });
  options.onDns?.(dns.address, dns);
  agent.onView((view, change) => dns.publish(view, change));
  agent.start(stop.signal);
  markAnswersOfSilentApi({agent, dns, logger, signal: stop.signal});
  keepDnsSecrets({
    ...options,
    dns,
    tlsSecret: options.dnsTlsSecret,
    cookieSecret: options.dnsCookieSecret,
    client: agent.client,
    signal: stop.signal,
  });
  parts.add(async () => {
    stop.abort();
    await Promise.all([agent.closed, dns.close()]);
  });
  // The rest waits for the API server, without an end while that is away: a DNS that died meanwhile must not wait with it.
  const died = dns.failed.then((error) => {
    throw error;
  });
  return Promise.race([startAround({agent, dns, stop}, options, parts), died]);
}

interface Core {
  readonly agent: Agent;
  readonly dns: DnsServer;
  readonly stop: AbortController;
}

/** Everything that is started once DNS listens and the agent runs. */
async function startAround(core: Core, options: AgentProcessOptions, parts: Closers): Promise<AgentProcess> {
  const {agent, dns, stop} = core;
  const {logger, healthListen} = options;
  const wiring = startWiring(agent, options, stop.signal);
  if (wiring !== undefined) {
    parts.add(async () => {
      stop.abort();
      await wiring.closed;
    });
  }
  const metricsOfWiring = wiring && dnsWiringMetrics(() => wiring.status());
  const metrics = agentMetrics(agent, dns, () => webhooks?.server);
  let webhooks: ServedWebhooks | undefined;
  // Before anything waits for the API server: a probe that finds nobody would end a process whose DNS answers.
  const health =
    healthListen &&
    (await startHealth(healthListen, {
      logger,
      ready: () => readiness(agent, webhooks !== undefined),
      metrics: async () => (await metrics()) + ((await metricsOfWiring?.()) ?? ''),
    }));
  if (health !== undefined) parts.add(() => health.close());
  const served = await startAgentWebhooks(agent, options, stop.signal);
  if (stop.signal.aborted) {
    // Closed meanwhile: nobody will close what comes now.
    await served.close();
    throw stop.signal.reason;
  }
  webhooks = served;
  parts.add(async () => {
    await served.retire();
    stop.abort();
    await served.close();
  });
  return {
    agent,
    dns,
    webhooks: served.server,
    ports: {...dnsPorts(dns), webhooks: served.server.address, ...(health ? {health: health.address} : {})},
    failed: dns.failed,
    close: () => parts.close(),
  };
}

/** The first of each kind. */
function dnsPorts({address, addresses}: DnsServer): Ports {
  const [tls] = addresses.tls;
  const [https] = addresses.https;
  return {dns: address, ...(tls && {dnsTls: tls}), ...(https && {dnsHttps: https})};
}

function startWiring(agent: Agent, options: AgentProcessOptions, signal: AbortSignal): WiringCheck | undefined {
  const {dnsWiring = 'off', dnsWiringEveryMs: everyMs, dnsOptions, namespace, logger} = options;
  if (dnsWiring === 'off') return undefined;
  const zone = dnsOptions?.zone ?? CLUSTERSET_ZONE;
  const often = everyMs === undefined ? {} : {everyMs};
  return startDnsWiring({agent, mode: dnsWiring, zone, namespace, logger, signal, ...often});
}

async function startAgentWebhooks(
  agent: Agent,
  options: AgentProcessOptions,
  signal: AbortSignal,
): Promise<ServedWebhooks> {
  const served = await startServedWebhooks({
    ...options,
    client: agent.client,
    service: AGENT_SERVICE,
    manager: AGENT_MANAGER,
    handlers: agentHandlers({...options, view: () => agent.view(), zone: options.dnsOptions?.zone ?? CLUSTERSET_ZONE}),
    configurations: [
      {
        resource: mutatingWebhookConfigurations,
        name: INJECTOR_CONFIGURATION,
        entries: (facts) => agentWebhooks({...facts, hubIsHere: agent.view().hubIsHere}).mutating,
      },
      {
        resource: validatingWebhookConfigurations,
        name: VALIDATOR_CONFIGURATION,
        entries: (facts) => agentWebhooks({...facts, hubIsHere: agent.view().hubIsHere}).validating,
      },
    ],
    isKnown: () => agent.view().synced,
    mayWrite: () => agent.isWriter,
    signal,
  });
  agent.onView((_view, change) => {
    if (change.all || change.clusterset) served.poke();
  });
  agent.onWriter(() => served.poke());
  return served;
}

function readiness(agent: Agent, webhooksListen: boolean): {ready: boolean; reason: string} {
  if (!agent.view().synced) return {ready: false, reason: 'the first full view is not there yet'};
  if (!webhooksListen) return {ready: false, reason: 'the webhooks have no certificate yet'};
  return {ready: true, reason: `serving view ${agent.view().revision}`};
}
