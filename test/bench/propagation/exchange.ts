import {readFile} from 'node:fs/promises';
import {setTimeout as pause} from 'node:timers/promises';

import type {KubeObject} from '../../../src/api/meta.ts';
import {clusters, endpointSlices, namespaces, serviceExports, services} from '../../../src/api/resources.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import {loadKubeconfig} from '../../../src/kube/operator-kubeconfig.ts';
import {ClustersetOfProcesses, eventually} from '../../e2e/os-processes.ts';
import {AnswerWait} from './answer-wait.ts';

export const EXPORTER = 'cluster-1';
export const CONSUMER = 'cluster-2';
const NAMESPACE = 'bench';
const manager = {fieldManager: 'bench'};
/** After the last condition was written: heartbeats are all that goes on then. */
const REST_MS = 150;

/** One export on its way; milliseconds since the epoch, with fractions. */
export interface Propagation {
  readonly name: string;
  readonly sentMs: number;
  /** The API server has answered the create: what `kubectl apply` waits for. */
  readonly createdMs: number;
  readonly answeredMs: number;
}

type Clients = Readonly<Record<'hub' | typeof EXPORTER | typeof CONSUMER, KubeClient>>;

interface Conditioned extends KubeObject {
  readonly status?: {readonly conditions?: readonly {readonly type: string; readonly status: string}[]};
}

/** A hub, two members and their agents, each a process of its own, and Services that wait to be exported. */
export class Exchange {
  readonly #clusterset: ClustersetOfProcesses;
  readonly #clients: Clients;
  readonly #answers: AnswerWait;

  private constructor(clusterset: ClustersetOfProcesses, clients: Clients, answers: AnswerWait) {
    this.#clusterset = clusterset;
    this.#clients = clients;
    this.#answers = answers;
  }

  /** @param o.count - Services that can be exported, `svc-0` and on */
  static async start(o: {
    readonly backend: string;
    readonly count: number;
    readonly logLevel: string;
  }): Promise<Exchange> {
    const clusterset = await ClustersetOfProcesses.start(2, (dir, members) => [
      'test/bench/propagation/apis.ts',
      o.backend,
      dir,
      String(members),
    ]);
    try {
      clusterset.startHub({'log-level': o.logLevel});
      for (const member of [EXPORTER, CONSUMER]) clusterset.startAgent(member, {'log-level': o.logLevel});
      const client = async (name: string): Promise<KubeClient> =>
        new KubeClient({credentials: await loadKubeconfig(clusterset.kubeconfig(name)), userAgent: 'bench'});
      const clients = {
        hub: await client('hub'),
        [EXPORTER]: await client(EXPORTER),
        [CONSUMER]: await client(CONSUMER),
      };
      const {dns} = await clusterset.ports(CONSUMER);
      if (dns === undefined) throw new Error(`the agent of ${CONSUMER} says no DNS port`);
      const exchange = new Exchange(clusterset, clients, await AnswerWait.open(dns.port));
      await exchange.#prepare(o.count);
      return exchange;
    } catch (error) {
      await clusterset.stop();
      throw error;
    }
  }

  /** What hub and the consumer's agent have logged so far. */
  logs(): {readonly hub: string; readonly agent: string} {
    return {hub: this.#clusterset.hub?.output ?? '', agent: this.#clusterset.agents.get(CONSUMER)?.output ?? ''};
  }

  /** Exports `svc-N` and waits for its address in the other cluster, then until all is at rest again. */
  async propagate(index: number): Promise<Propagation> {
    const name = `svc-${index}`;
    const client = this.#clients[EXPORTER];
    const answered = this.#answers.wait(`${name}.${NAMESPACE}.svc.clusterset.local`);
    const sentMs = epochMs();
    const metadata = {namespace: NAMESPACE, name};
    const object = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata};
    await client.create(serviceExports, object, manager);
    const createdMs = epochMs();
    const answeredMs = await answered;
    await eventually(`${name} to be Ready`, async () => {
      const {status} = await client.get<Conditioned>(serviceExports, metadata);
      return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
        ? true
        : undefined;
    });
    await pause(REST_MS);
    return {name, sentMs, createdMs, answeredMs};
  }

  async close(): Promise<void> {
    this.#answers.close();
    await Promise.all(Object.values(this.#clients).map((client) => client.close()));
    await this.#clusterset.stop();
  }

  async #prepare(count: number): Promise<void> {
    for (const [index, member] of [EXPORTER, CONSUMER].entries()) await this.#register(member, `192.0.2.${index + 1}`);
    for (const member of [EXPORTER, CONSUMER] as const) {
      const namespace = {apiVersion: 'v1', kind: 'Namespace', metadata: {name: NAMESPACE}};
      await this.#clients[member].create(namespaces, namespace, manager);
      await eventually(`${member} to be Synced`, async () => {
        const {status} = await this.#clients.hub.get<Conditioned>(clusters, {name: member});
        return status?.conditions?.some((one) => one.type === 'Synced' && one.status === 'True') === true
          ? true
          : undefined;
      });
    }
    for (let index = 0; index < count; index++) await this.#createService(`svc-${index}`);
    await eventually(
      'a slice of each Service',
      async () => {
        const {items} = await this.#clients[EXPORTER].list(endpointSlices, {namespace: NAMESPACE});
        return items.length >= count ? true : undefined;
      },
      60_000,
    );
  }

  async #register(name: string, gatewayHost: string): Promise<void> {
    const kubeconfig = await readFile(this.#clusterset.kubeconfig(name, 'isthmus-hub'), 'utf8');
    const spec = {gatewayHost, gatewayPort: 80, kubeconfig};
    const object = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name}, spec};
    await this.#clients.hub.create(clusters, object, manager);
  }

  async #createService(name: string): Promise<void> {
    const metadata = {namespace: NAMESPACE, name};
    const spec = {selector: {app: name}, ports: [{port: 80}]};
    await this.#clients[EXPORTER].create(services, {apiVersion: 'v1', kind: 'Service', metadata, spec}, manager);
  }
}

function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
