import type {KubeObject} from '../../../src/api/meta.ts';
import {keyOf} from '../../../src/api/meta.ts';
import {
  clusterProperties,
  clusters,
  configMaps,
  endpointSlices,
  exportPolicies,
  flomeshServiceExports,
  flomeshServiceImports,
  globalTrafficPolicies,
  leases,
  namespaces,
  remoteClusters,
  secrets,
  serviceExports,
  serviceImports,
  services,
  type Resource,
} from '../../../src/api/resources.ts';
import type {Faults} from '../../../src/dev/faults.ts';
import type {Hub} from '../../../src/hub/hub.ts';
import type {HttpCall} from '../../../src/kube/transport.ts';
import {tableId} from '../../tools/light/light-storage.ts';
import type {LightCall} from '../../tools/light/light-request.ts';
import {gatewayOf, type RunningHub, startClusterset, type TestCluster, type TestClusterset} from '../clusterset.ts';
import {MEMBERS, type MemberName, type Place, type Playground} from './playground.ts';
import * as user from './user.ts';

/** All that a sequence looks at. */
const LOOKED_AT: readonly Resource[] = [
  ...[clusterProperties, clusters, configMaps, endpointSlices, exportPolicies, flomeshServiceExports],
  ...[flomeshServiceImports, globalTrafficPolicies, leases, namespaces, remoteClusters, secrets],
  ...[serviceExports, serviceImports, services],
];
/** In no sequence here does time matter: waiting longer only lets more happen in between. */
const LONGEST_PASS_MS = 150;

/** One embedded cluster: what users do is sent one after the other, what they see is how it was when it was last looked at. */
class EmbeddedPlace implements Place {
  readonly faults: Faults;
  readonly allocates = true;
  readonly #cluster: TestCluster;
  readonly #seen = new Map<string, Map<string, KubeObject>>();
  #sending: Promise<unknown> = Promise.resolve();

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
    this.faults = cluster.cluster.faults;
  }

  find<T extends KubeObject>(resource: Resource, key: string): T | undefined {
    return this.#seen.get(tableId(resource))?.get(key) as T | undefined;
  }

  list<T extends KubeObject>(resource: Resource): readonly T[] {
    return [...(this.#seen.get(tableId(resource))?.values() ?? [])] as T[];
  }

  user({method, path, body, contentType}: LightCall): number {
    const {client} = this.#cluster;
    // A partition is between clusters: the cluster's own users are inside.
    this.#sending = this.#sending.then(async () =>
      client
        .raw(method as HttpCall['method'], path, {body, ...(contentType === undefined ? {} : {contentType})})
        .catch(() => undefined),
    );
    return 200;
  }

  repeatEvents(): void {
    // An embedded API server sends each event once.
  }

  async sent(): Promise<void> {
    await this.#sending;
  }

  async look(): Promise<void> {
    await this.sent();
    for (const resource of LOOKED_AT) {
      const {items} = await this.#cluster.client.list(resource);
      this.#seen.set(tableId(resource), new Map(items.map((item) => [keyOf(item.metadata), item])));
    }
  }
}

/** A hub cluster and three members on embedded API servers, in real time. */
export class EmbeddedPlayground implements Playground {
  readonly clustersetId = 'test-set';
  readonly version = 'v1.36.3';
  readonly hubApi: EmbeddedPlace;
  readonly #set: TestClusterset;
  readonly #members: ReadonlyMap<string, EmbeddedPlace>;
  #running: RunningHub | undefined;

  constructor(set: TestClusterset) {
    this.#set = set;
    this.hubApi = new EmbeddedPlace(set.hubCluster);
    this.#members = new Map(set.members.map((each) => [each.name, new EmbeddedPlace(each)]));
  }

  static async start(): Promise<EmbeddedPlayground> {
    const set = await startClusterset(MEMBERS.length);
    for (const member of set.members) await set.register(member);
    return new EmbeddedPlayground(set);
  }

  get hub(): Hub | undefined {
    return this.#running?.hub;
  }

  member(name: MemberName): EmbeddedPlace {
    const found = this.#members.get(name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  register(name: MemberName): void {
    const found = this.#set.members.find((each) => each.name === name);
    const spec = {gatewayHost: gatewayOf(name), gatewayPort: 8080, kubeconfig: found?.cluster.kubeconfig};
    user.apply(this.hubApi, clusters, {name}, {spec});
  }

  startHub(): void {
    this.#running = this.#set.startHub({leaseRenewMs: 300, unreachableAfterMs: 1_000});
  }

  /** In one process with its API servers it can't be killed: cut off from everybody it can't give anything back either. */
  async stopHub(how: 'crash' | 'stop'): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const all = [this.hubApi, ...this.#members.values()];
    const mend = how === 'crash' ? all.map(({faults}) => faults.add({userAgent: 'isthmus-hub'}, {kind: 'reset'})) : [];
    await running.stop();
    for (const each of mend) each();
  }

  async settle(): Promise<void> {
    for (const place of [this.hubApi, ...this.#members.values()]) await place.sent();
  }

  async pass(ms: number): Promise<void> {
    await this.settle();
    await new Promise((resolve) => setTimeout(resolve, Math.min(ms, LONGEST_PASS_MS)));
  }

  /** Looks at everything anew. */
  async look(): Promise<void> {
    await Promise.all([this.hubApi, ...this.#members.values()].map(async (place) => place.look()));
  }

  /** Ends whatever disturbs; where lists lacked something, everything is listed anew. */
  mend(isEmptied: boolean): void {
    for (const {faults} of [this.hubApi, ...this.#members.values()]) {
      faults.clear();
      faults.partition(false);
      if (!isEmptied) continue;
      faults.add({userAgent: 'isthmus-hub', verb: 'watch'}, {kind: 'gone'}, {times: LOOKED_AT.length * 3});
      faults.dropWatches({userAgent: 'isthmus-hub'});
    }
  }

  async close(): Promise<void> {
    await this.stopHub('stop');
    await this.#set.close();
  }
}
