import type {Logger} from 'pino';

import {AGENT_MANAGER, DEFAULT_NAMESPACE, HUB_MANAGER} from '../src/api/names.ts';
import {DEFAULT_SIDECAR_IMAGE} from '../webhooks/injection/sidecar.ts';
import type {AgentProcess} from './agent-process.ts';
import {startAgentProcess} from './agent-process.ts';
import type {DevApis} from './dev-apis.ts';
import {HUB_CLUSTER} from './dev-apis.ts';
import type {HubProcess} from './hub-process.ts';
import {startHubProcess} from './hub-process.ts';

const LOOPBACK = {host: '127.0.0.1', port: 0};
/** Short on purpose: nobody wants to watch a minute of nothing. Installed ones use the defaults of `hub` and `agent`. */
export const DEV_UNREACHABLE_AFTER_MS = 2_000;
/** A stopped API server is about to be started again. */
const DEV_BACKOFF = {minMs: 100, maxMs: 1_000};
const DEV_TTL_SECONDS = 1;
/** Twice the TTL: an agent lingers for no less (design §7), whatever it is told. */
export const DEV_LINGER_MS = 2 * DEV_TTL_SECONDS * 1_000;

/** Hub and agents, all in this process, each knowing nothing but its own API server. */
export class DevClusterset {
  readonly apis: DevApis;
  readonly #logger: Logger;
  readonly #agents = new Map<string, AgentProcess>();
  #hub: HubProcess | undefined;

  constructor(apis: DevApis, logger: Logger) {
    this.apis = apis;
    this.#logger = logger;
  }

  /** @param unreachableAfterMs - of members; where a busy machine must be no news of them, longer than here */
  async startHub(unreachableAfterMs: number = DEV_UNREACHABLE_AFTER_MS): Promise<HubProcess> {
    this.#hub = await startHubProcess({
      credentials: this.apis.access(HUB_CLUSTER, HUB_MANAGER).credentials,
      namespace: DEFAULT_NAMESPACE,
      identity: 'isthmus-dev',
      clustersetId: 'isthmus-dev',
      webhookListen: LOOPBACK,
      healthListen: LOOPBACK,
      webhookUrl: 'auto',
      createNamespaces: true,
      unreachableAfterMs,
      development: true,
      logger: this.#logger.child({process: 'hub'}),
    });
    return this.#hub;
  }

  /** `onDns` is called as soon as DNS listens, which is long before the API server has to answer. */
  async startAgent(
    name: string,
    onDns: (address: {host: string; port: number}) => void = () => undefined,
  ): Promise<AgentProcess> {
    const agent = await startAgentProcess({
      credentials: this.apis.access(name, AGENT_MANAGER).credentials,
      clusterId: name,
      namespace: DEFAULT_NAMESPACE,
      identity: 'isthmus-dev',
      dnsListen: LOOPBACK,
      webhookListen: LOOPBACK,
      healthListen: LOOPBACK,
      webhookUrl: 'auto',
      sidecarImage: DEFAULT_SIDECAR_IMAGE,
      ttlSeconds: DEV_TTL_SECONDS,
      lingerMs: DEV_LINGER_MS,
      maxVips: 2_000,
      backoff: DEV_BACKOFF,
      development: true,
      logger: this.#logger.child({process: 'agent', cluster: name}),
      onDns,
    });
    this.#agents.set(name, agent);
    return agent;
  }

  get hub(): HubProcess | undefined {
    return this.#hub;
  }

  agent(name: string): AgentProcess | undefined {
    return this.#agents.get(name);
  }

  /** Ends hub and agents; the API servers are not its own. */
  async close(): Promise<void> {
    await Promise.all([this.#hub?.close(), ...[...this.#agents.values()].map((agent) => agent.close())]);
  }
}
