import {readFile} from 'node:fs/promises';

import {apiVersionOf, clusters} from '../../../src/api/resources.ts';

import {AGENT_MANAGER, DEFAULT_NAMESPACE, HUB_MANAGER} from '../../../src/api/names.ts';
import type {Cluster} from '../../../src/api/kinds.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import {DEFAULT_SIDECAR_IMAGE} from '../../../webhooks/injection/sidecar.ts';
import type {AgentProcess} from '../../../cli/agent-process.ts';
import {startAgentProcess} from '../../../cli/agent-process.ts';
import type {AccountAccess} from '../../../cli/dev-accounts.ts';
import {accountAccess} from '../../../cli/dev-accounts.ts';
import type {Account} from '../../../cli/dev-accounts.ts';
import type {HubProcess} from '../../../cli/hub-process.ts';
import {startHubProcess} from '../../../cli/hub-process.ts';
import {installManifests} from '../../../cli/install-manifests.ts';
import type {DevCluster} from '../../../src/dev/dev-cluster.ts';
import type {RealCluster} from '../../../src/dev/real/real-cluster.ts';
import {Testbed} from '../../../src/dev/real/testbed.ts';
import {Refusals} from './refusals.ts';

const LOOPBACK = {host: '127.0.0.1', port: 0};
export const HUB = 'hub';
export const MEMBER = 'cluster-1';
/** The hub's cluster as a member, by its administrator: somebody who exports, and whose rights are not what is tried. */
export const HOME = 'home';

/** One API server, and what a test does to it as its administrator. */
export interface Place<C extends DevCluster = RealCluster> {
  readonly cluster: C;
  readonly admin: KubeClient;
  access(account: Account): AccountAccess;
}

/** A real hub's cluster and a real member, with hub and agent as ServiceAccounts in this process. */
export class World {
  readonly refusals: Refusals;
  readonly hubPlace: Place;
  readonly memberPlace: Place;
  readonly #testbed: Testbed;
  #hub: Part<HubProcess> | undefined;
  #agent: Part<AgentProcess> | undefined;
  #count = 0;

  /** The hub's credential in the member, in whosever hands. */
  readonly memberAsHub: KubeClient;

  private constructor(testbed: Testbed, places: {hub: Place; member: Place}, refusals: Refusals) {
    this.#testbed = testbed;
    this.refusals = refusals;
    this.memberAsHub = new KubeClient({
      credentials: places.member.access(HUB_MANAGER).credentials,
      userAgent: 'isthmus-hub',
    });
    this.hubPlace = places.hub;
    this.memberPlace = places.member;
  }

  static async start(): Promise<World> {
    const refusals = new Refusals();
    const testbed = await Testbed.start({clusters: [HUB, MEMBER], logger: refusals.logger});
    try {
      const [hub, member] = await Promise.all([
        openPlace(testbed.get(HUB), 'hub'),
        openPlace(testbed.get(MEMBER), 'agent'),
      ]);
      return new World(testbed, {hub, member}, refusals);
    } catch (error) {
      await testbed.close();
      throw error;
    }
  }

  get hub(): HubProcess | undefined {
    return this.#hub?.running;
  }

  get agent(): AgentProcess | undefined {
    return this.#agent?.running;
  }

  /** A name that nothing had before. */
  fresh(prefix: string): string {
    return `${prefix}-${++this.#count}`;
  }

  async stopHub(): Promise<void> {
    await this.#hub?.stop();
    this.#hub = undefined;
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.stop();
    this.#agent = undefined;
  }

  /** Doesn't wait until it is there: what it lacks a right for may keep it from that. */
  startHub(): void {
    this.#hub ??= new Part(
      startHubProcess({
        credentials: this.hubPlace.access(HUB_MANAGER).credentials,
        namespace: DEFAULT_NAMESPACE,
        identity: this.fresh('hub'),
        clustersetId: 'least-privilege',
        ...{webhookListen: LOOPBACK, healthListen: undefined, webhookUrl: 'auto'},
        ...{createNamespaces: true, unreachableAfterMs: 800, development: true, logger: this.refusals.logger},
      }),
    );
  }

  startAgent(): void {
    this.#agent ??= new Part(
      startAgentProcess({
        credentials: this.memberPlace.access(AGENT_MANAGER).credentials,
        clusterId: MEMBER,
        namespace: DEFAULT_NAMESPACE,
        identity: this.fresh('agent'),
        ...{dnsListen: LOOPBACK, webhookListen: LOOPBACK, healthListen: undefined, webhookUrl: 'auto'},
        ...{sidecarImage: DEFAULT_SIDECAR_IMAGE, ttlSeconds: 1, lingerMs: 100, maxVips: 100},
        ...{development: true, logger: this.refusals.logger},
      }),
    );
  }

  /** The kinds of newer FSM releases, which are read where they are served (design §4). */
  async serveNewerFlomesh(): Promise<void> {
    const file = new URL('../../../manifests/crds/flomesh.io_serviceexports.yaml', import.meta.url);
    const text = await readFile(file, 'utf8');
    await this.memberPlace.cluster.applyManifests(text.replaceAll('flomesh.io', 'multicluster.flomesh.io'));
  }

  /** Registers the member by the hub's own account in it, and the hub's cluster by its administrator. */
  async registerAll(): Promise<void> {
    const member = this.memberPlace.access(HUB_MANAGER);
    await this.register(MEMBER, {gatewayHost: '192.0.2.1', kubeconfig: member.kubeconfig});
    await this.register(HOME, {gatewayHost: '192.0.2.2', kubeconfig: this.hubPlace.cluster.kubeconfig});
  }

  async register(name: string, access: Cluster['spec']): Promise<void> {
    const spec = {gatewayPort: 80, ...access};
    const object = {apiVersion: apiVersionOf(clusters), kind: clusters.kind, metadata: {name}, spec} as Cluster;
    await this.hubPlace.admin.apply(clusters, object, {fieldManager: 'kubectl', force: true});
  }

  async unregister(name: string): Promise<void> {
    await this.hubPlace.admin.delete(clusters, {name});
  }

  async close(): Promise<void> {
    await Promise.all([this.stopHub(), this.stopAgent()]);
    await Promise.all([this.hubPlace.admin, this.memberPlace.admin, this.memberAsHub].map((client) => client.close()));
    await this.#testbed.close();
  }
}

/** A process on its way. */
class Part<T extends {close(): Promise<void>}> {
  readonly #starting: Promise<T>;
  running: T | undefined;

  constructor(starting: Promise<T>) {
    this.#starting = starting;
    void this.#note();
  }

  async #note(): Promise<void> {
    this.running = await this.#starting;
  }

  /** Once it has started, which it does when nothing keeps it from that any more. */
  async stop(): Promise<void> {
    await (await this.#starting).close();
  }
}

/** Installs hub or agent in a cluster of either kind, by the manifests alone, and hands out what their accounts speak as. */
export async function openPlace<C extends DevCluster>(cluster: C, part: 'hub' | 'agent'): Promise<Place<C>> {
  await cluster.applyManifests(await installManifests(part));
  const accounts: readonly Account[] = part === 'hub' ? [HUB_MANAGER] : [HUB_MANAGER, AGENT_MANAGER];
  const all = new Map(
    await Promise.all(accounts.map(async (name) => [name, await accountAccess(cluster, name)] as const)),
  );
  return {
    cluster,
    admin: new KubeClient({credentials: cluster.credentials, userAgent: 'kubectl'}),
    access: (account) => {
      const found = all.get(account);
      if (found === undefined) throw new Error(`${cluster.name} has no account ${account}`);
      return found;
    },
  };
}
