import {pino} from 'pino';

import {manifestDocuments} from '../../cli/install-manifests.ts';
import {startDnsServer} from '../../dns/server.ts';
import type {DnsServer} from '../../dns/server.ts';
import {Agent} from '../../src/agent/agent.ts';
import type {Cluster} from '../../src/api/kinds.ts';
import {DEFAULT_NAMESPACE} from '../../src/api/names.ts';
import {apiVersionOf, clusters} from '../../src/api/resources.ts';
import {Hub} from '../../src/hub/hub.ts';
import {TestCluster} from '../hub/clusterset.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {MEMBERS} from './clusterset-row.ts';
import type {MemberId} from './clusterset-row.ts';

const logger = pino({level: process.env['CONFORMANCE_LOG'] ?? 'silent'});
/** c10 is elsewhere: pods of the other two can't be reached from there (design §7). */
const NETWORKS: Readonly<Record<MemberId, object>> = {c1: {network: 'flat'}, c2: {network: 'flat'}, c10: {}};
const SETTLED_MS = 60_000;

/** Three clusters, each with an agent; one hub, which lives in c1. Namespaces are not made by it (MCS §2, 20). */
export class ClustersetUnderTest {
  readonly hub: Hub;
  readonly #members: ReadonlyMap<MemberId, TestCluster>;
  readonly #agents: readonly Agent[];
  readonly #dns: ReadonlyMap<MemberId, DnsServer>;
  readonly #stop = new AbortController();

  private constructor(members: ReadonlyMap<MemberId, TestCluster>, dns: ReadonlyMap<MemberId, DnsServer>) {
    this.#members = members;
    this.#dns = dns;
    this.#agents = MEMBERS.map((id) => this.#startAgent(id));
    this.hub = new Hub({
      credentials: this.member('c1').cluster.credentials,
      namespace: DEFAULT_NAMESPACE,
      clustersetId: 'conformance',
      identity: 'hub',
      development: true,
      createNamespaces: false,
      unreachableAfterMs: 5_000,
      logger,
    });
    this.hub.start(this.#stop.signal);
  }

  static async start(): Promise<ClustersetUnderTest> {
    const manifests = (await manifestDocuments(['crds', 'member', 'admission'])).join('\n---\n');
    const members = new Map<MemberId, TestCluster>();
    const dns = new Map<MemberId, DnsServer>();
    const listen = {host: '127.0.0.1', port: 0};
    for (const [index, id] of MEMBERS.entries()) {
      const member = new TestCluster(await startCluster({name: id, index}));
      members.set(id, member);
      await member.apply(manifests);
      dns.set(id, await startDnsServer({listen, ttlSeconds: 0, logger}));
    }
    const set = new ClustersetUnderTest(members, dns);
    for (const id of MEMBERS) await set.register(id, id);
    await eventually('every member to be synced', () => MEMBERS.every((id) => set.isSynced(id)), SETTLED_MS);
    return set;
  }

  member(id: MemberId): TestCluster {
    const found = this.#members.get(id);
    if (found === undefined) throw new Error(`no member ${id}`);
    return found;
  }

  dnsOf(id: MemberId): {readonly server: string; readonly port: number} {
    const {host = '', port = 0} = this.#dns.get(id)?.address ?? {};
    return {server: host, port};
  }

  isSynced(cluster: string): boolean {
    return this.hub.status().members.some((member) => member.cluster === cluster && member.synced);
  }

  /** Nothing that was seen so far is still to be written anywhere. */
  get isAtRest(): boolean {
    const {members, gathered} = this.hub.status();
    return gathered && members.every(({queueDepth, synced}) => queueDepth === 0 && synced);
  }

  /** Registers one of the clusters under a name, which is its cluster id. */
  async register(name: string, id: MemberId, spec: Cluster['spec'] = {}): Promise<void> {
    const gateways = [...MEMBERS, name];
    const object: Cluster = {
      apiVersion: apiVersionOf(clusters),
      kind: clusters.kind,
      metadata: {name},
      spec: {
        gatewayHost: `192.0.2.${10 + gateways.indexOf(name)}`,
        gatewayPort: 8080,
        kubeconfig: this.member(id).cluster.kubeconfig,
        ...NETWORKS[id],
        ...spec,
      },
    };
    await this.member('c1').client.apply(clusters, object, {fieldManager: 'kubectl', force: true});
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.hub.closed, ...this.#agents.map(({closed}) => closed)]);
    await Promise.all([...this.#dns.values()].map((server) => server.close()));
    await Promise.all([...this.#members.values()].map((member) => member.close()));
  }

  #startAgent(id: MemberId): Agent {
    const agent = new Agent({
      credentials: this.member(id).cluster.credentials,
      namespace: DEFAULT_NAMESPACE,
      clusterId: id,
      identity: `agent-${id}`,
      development: true,
      lingerMs: 100,
      ttlMs: 0,
      maxVips: 1_000,
      logger,
    });
    agent.onView((view, change) => this.#dns.get(id)?.publish(view, change));
    agent.start(this.#stop.signal);
    return agent;
  }
}
