import type {
  Cluster,
  FlomeshServiceExport,
  RemoteCluster,
  Service,
  ServiceExport,
  ServiceImport,
} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import {keyOf} from '../../src/api/meta.ts';
import {AGENT_SERVICE} from '../../src/api/names.ts';
import {
  clusters,
  flomeshServiceExports,
  remoteClusters,
  serviceExports,
  serviceImports,
  services,
} from '../../src/api/resources.ts';
import {isHealthCondition} from '../../src/agent/health-conditions.ts';
import {conditionsOf} from '../../src/agent/health-writer.ts';
import {IsthmusError} from '../../src/errors.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {askMember} from '../ask-member.ts';
import type {OperatorHub} from '../operator-hub.ts';

/** What a member itself shows. Keys are `namespace/name`, sorted. */
export interface SeenInMember {
  /** Services that it exports, by whichever group. */
  readonly exports: readonly string[];
  readonly imports: readonly string[];
  readonly conflicts: readonly string[];
  /** How much of each cluster's weight is drained for this member, 0 to 100. */
  readonly drained: Readonly<Record<string, number>>;
  /** What its agent says of the hub and of other clusters' gateways; empty: no agent has said anything. */
  readonly health: readonly Condition[];
}

/** One cluster, as it was observed. Whatever is undefined was not: it is not nothing. */
export interface ClusterStatus {
  readonly cluster: string;
  readonly leaving: boolean;
  readonly conditions: readonly Condition[];
  readonly member: SeenInMember | undefined;
  /** Why it could not be asked. */
  readonly memberUnknown: string | undefined;
  readonly heldBack: readonly string[];
  readonly drain: Pick<NonNullable<Cluster['spec']>, 'drain' | 'drainPercent' | 'drainRamp'>;
}

export interface ClustersetStatus {
  readonly clusters: readonly ClusterStatus[];
  /** Clusters that are registered no more and were not cleared yet, and since when (RFC 3339). */
  readonly left: readonly {readonly cluster: string; readonly since: string}[];
}

/**
 * @param only - one cluster; undefined: all
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED where it is not registered; KubeError where the hub's cluster doesn't answer
 */
export async function collectStatus(
  hub: OperatorHub,
  only: string | undefined,
  signal: AbortSignal,
): Promise<ClustersetStatus> {
  const [{items}, records] = await Promise.all([hub.client.list<Cluster>(clusters, {signal}), hub.records(signal)]);
  const wanted = items.filter(({metadata}) => only === undefined || metadata.name === only);
  const left = records.filter(
    // Of one that was cleared only the record is to go.
    (record) => record.left !== undefined && record.left.over === undefined && [undefined, record.name].includes(only),
  );
  if (only !== undefined && wanted.length === 0 && left.length === 0) {
    throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', `no Cluster ${only} is registered`);
  }
  const found = await Promise.all(wanted.map((cluster) => statusOf(hub, cluster, signal)));
  return {
    clusters: found.map((status) => {
      const {held} = records.find(({name}) => name === status.cluster) ?? {};
      return {...status, heldBack: [...(held?.keys ?? [])].sort()};
    }),
    left: left.map(({name, left: of}) => ({cluster: name, since: new Date(of?.sinceMs ?? 0).toISOString()})),
  };
}

async function statusOf(hub: OperatorHub, cluster: Cluster, signal: AbortSignal): Promise<ClusterStatus> {
  const asked = await askMember(hub, cluster, {ask: (client) => lookInto(client, hub.namespace, signal), signal});
  const {drain, drainPercent, drainRamp} = cluster.spec ?? {};
  return {
    cluster: cluster.metadata.name,
    leaving: cluster.metadata.deletionTimestamp !== undefined,
    conditions: cluster.status?.conditions ?? [],
    member: asked.ok ? asked.answer : undefined,
    memberUnknown: asked.ok ? undefined : asked.because,
    heldBack: [],
    drain: {
      ...(drain === undefined ? {} : {drain}),
      ...(drainPercent === undefined ? {} : {drainPercent}),
      ...(drainRamp === undefined ? {} : {drainRamp}),
    },
  };
}

async function lookInto(client: KubeClient, namespace: string, signal: AbortSignal): Promise<SeenInMember> {
  const [standard, flomesh, imports, remotes, agent] = await Promise.all([
    client.list<ServiceExport>(serviceExports, {signal}),
    listIfServed(client, signal),
    client.list<ServiceImport>(serviceImports, {signal}),
    client.list<RemoteCluster>(remoteClusters, {signal}),
    client.find<Service>(services, {namespace, name: AGENT_SERVICE}, {signal}),
  ]);
  const exported = [...standard.items, ...flomesh];
  const inConflict = exported.filter(({status}) => status?.conditions?.some(isConflict) === true);
  return {
    exports: keysOf(exported),
    imports: keysOf(imports.items),
    conflicts: keysOf(inConflict),
    drained: Object.fromEntries(remotes.items.map((remote) => [remote.metadata.name, drainedPercent(remote)])),
    health: agent === undefined ? [] : conditionsOf(agent).filter(isHealthCondition),
  };
}

/** FSM's group is no condition for membership. */
async function listIfServed(client: KubeClient, signal: AbortSignal): Promise<readonly FlomeshServiceExport[]> {
  try {
    return (await client.list<FlomeshServiceExport>(flomeshServiceExports, {signal})).items;
  } catch (error) {
    if (error instanceof KubeError && error.isKindMissing) return [];
    throw error;
  }
}

function isConflict({type, status}: Condition): boolean {
  return type === 'Conflict' && status === 'True';
}

function keysOf(
  objects: readonly {readonly metadata: {readonly namespace?: string; readonly name: string}}[],
): readonly string[] {
  return [...new Set(objects.map(({metadata}) => keyOf(metadata)))].sort();
}

/** As the member was told. */
export function drainedPercent({spec}: RemoteCluster): number {
  return spec?.drain === true ? 100 : (spec?.drainPercent ?? 0);
}
