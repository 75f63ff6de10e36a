import {readdirSync, readFileSync} from 'node:fs';
import {pino, type Logger} from 'pino';
import type {Cluster, ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import type {Condition, KubeObject, ObjectKey} from '../../src/api/meta.ts';
import {clusters, type Resource} from '../../src/api/resources.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {Hub, type HubOptions, type MemberStatus} from '../../src/hub/hub.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';

/** What `kubectl apply` is given in every cluster: all CRDs, and Isthmus' namespace. */
const manifests = [...listCrds(), 'install/namespace.yaml']
  .map((file) => readFileSync(new URL(`../../manifests/${file}`, import.meta.url), 'utf8'))
  .join('\n---\n');

function listCrds(): readonly string[] {
  return readdirSync(new URL('../../manifests/crds/', import.meta.url)).map((file) => `crds/${file}`);
}

export const quietLogger: Logger = pino({level: process.env['HUB_TEST_LOG'] ?? 'silent'});

/** One cluster, and what a test does to it as its administrator. */
export class TestCluster {
  readonly cluster: DevCluster;
  readonly client: KubeClient;

  constructor(cluster: DevCluster) {
    this.cluster = cluster;
    this.client = new KubeClient({credentials: cluster.credentials, userAgent: 'kubectl'});
  }

  get name(): string {
    return this.cluster.name;
  }

  async apply(yaml: string): Promise<void> {
    await this.cluster.applyManifests(yaml);
  }

  async find<T extends KubeObject>(resource: Resource, at: ObjectKey): Promise<T | undefined> {
    return this.client.find<T>(resource, at);
  }

  async namespace(name: string): Promise<void> {
    await this.apply(`apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}`);
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.cluster.close();
  }
}

export interface TestClusterset {
  readonly hubCluster: TestCluster;
  readonly members: readonly TestCluster[];
  /** Starts one more API server, not registered. */
  add(name: string): Promise<TestCluster>;
  register(member: TestCluster, spec?: Cluster['spec']): Promise<void>;
  startHub(options?: Partial<HubOptions>): RunningHub;
  close(): Promise<void>;
}

export interface RunningHub {
  readonly hub: Hub;
  status(cluster: string): MemberStatus;
  stop(): Promise<void>;
}

/** A hub cluster and members `cluster-1`… with CRDs and manifests; no hub runs and nobody is registered yet. */
export async function startClusterset(members: number): Promise<TestClusterset> {
  const all: TestCluster[] = [];
  const hubs: RunningHub[] = [];
  const add = async (name: string): Promise<TestCluster> => {
    const cluster = new TestCluster(await startCluster({name, index: all.length}));
    all.push(cluster);
    await cluster.apply(manifests);
    return cluster;
  };
  const hubCluster = await add('hub');
  const memberClusters: TestCluster[] = [];
  for (let i = 1; i <= members; i++) memberClusters.push(await add(`cluster-${i}`));
  return {
    hubCluster,
    members: memberClusters,
    add,
    register: async (member, spec) => register(hubCluster, member, spec),
    startHub: (options) => {
      const running = startHub(hubCluster, options);
      hubs.push(running);
      return running;
    },
    close: async () => {
      await Promise.all(hubs.map(async (each) => each.stop()));
      await Promise.all(all.map(async (each) => each.close()));
    },
  };
}

const gateways: string[] = [];

/** Two clusters never share one: `cluster-1` has 192.0.2.11, others follow from 192.0.2.101 on. */
export function gatewayOf(name: string): string {
  const number = /^cluster-(\d)$/.exec(name)?.[1];
  if (number !== undefined) return `192.0.2.1${number}`;
  if (!gateways.includes(name)) gateways.push(name);
  return `192.0.2.${101 + gateways.indexOf(name)}`;
}

async function register(hubCluster: TestCluster, member: TestCluster, spec: Cluster['spec'] = {}): Promise<void> {
  const object: Cluster = {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'Cluster',
    metadata: {name: member.name},
    spec: {gatewayHost: gatewayOf(member.name), gatewayPort: 8080, kubeconfig: member.cluster.kubeconfig, ...spec},
  };
  await hubCluster.client.apply(clusters, object, {fieldManager: 'kubectl', force: true});
}

let identities = 0;

function startHub(hubCluster: TestCluster, options: Partial<HubOptions> = {}): RunningHub {
  const stop = new AbortController();
  const hub = new Hub({
    credentials: hubCluster.cluster.credentials,
    namespace: 'isthmus-system',
    clustersetId: 'test-set',
    identity: `hub-${++identities}`,
    development: true,
    createNamespaces: true,
    // A machine that stands still for a moment is no news of a member.
    unreachableAfterMs: 3_000,
    logger: quietLogger,
    ...options,
  });
  hub.start(stop.signal);
  return {
    hub,
    status: (cluster) => {
      const found = hub.status().members.find((member) => member.cluster === cluster);
      if (found === undefined) throw new Error(`no member ${cluster}`);
      return found;
    },
    stop: async () => {
      stop.abort();
      await hub.closed;
    },
  };
}

export function conditionOf(
  object: ServiceExport | Cluster | ServiceImport | undefined,
  type: string,
): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

/** A Service and its export, exactly as the seed has them, or with the standard's group. */
export function exportYaml(
  namespace: string,
  name: string,
  options: {group?: 'multicluster.x-k8s.io/v1beta1' | 'flomesh.io/v1alpha1'; port?: number} = {},
): string {
  const {group = 'multicluster.x-k8s.io/v1beta1', port = 80} = options;
  return `apiVersion: v1
kind: Service
metadata: {namespace: ${namespace}, name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: ${port}}]}
---
apiVersion: ${group}
kind: ServiceExport
metadata: {namespace: ${namespace}, name: ${name}}`;
}

/** Waits until the hub has applied everything in these members. */
export async function synced(running: RunningHub, members: readonly TestCluster[]): Promise<void> {
  await eventually('every member is synced', () => {
    const known = running.hub.status().members;
    return members.every(({name}) => known.some(({cluster, synced: isSynced}) => cluster === name && isSynced));
  });
}
