import type {Cluster} from '../../src/api/kinds.ts';
import type {DrainedService, DrainObstacle} from '../../src/clusterset/drain-obstacles.ts';
import {drainObstacles, lostRoutes} from '../../src/clusterset/drain-obstacles.ts';
import {drainStepAt} from '../../src/clusterset/drain-ramp.ts';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {askMember} from '../ask-member.ts';
import {askingView} from '../asking-view.ts';
import type {OperatorHub} from '../operator-hub.ts';

export interface DrainFindings {
  /** `in`: the members that consume the service and would be left without it. */
  readonly obstacles: readonly (DrainObstacle & {readonly in: readonly string[]})[];
  /** Services of the cluster that stay in use, because their export says so; `namespace/name`. */
  readonly optedOut: readonly string[];
  /** Services of the cluster that others have too, and that move; `namespace/name`. */
  readonly moving: readonly string[];
  /** Members that could not be asked: what they consume is not known. */
  readonly silent: readonly {readonly cluster: string; readonly because: string}[];
}

/**
 * What a drain of one cluster would do to every member, by the imports that it holds and where its policies, ports and networks let
 * their traffic go.
 *
 * @param all - the registered Clusters, that one included
 */
export async function findObstacles(
  hub: OperatorHub,
  {name, all, signal}: {readonly name: string; readonly all: readonly Cluster[]; readonly signal: AbortSignal},
): Promise<DrainFindings> {
  const members = all.filter(({metadata}) => metadata.deletionTimestamp === undefined);
  const asked = await Promise.all(
    members.map((cluster) =>
      askMember(hub, cluster, {ask: (client) => viewOf(cluster, {client, hub, signal}), signal}),
    ),
  );
  const found = new Map<string, DrainObstacle & {readonly in: readonly string[]}>();
  const concerned: DrainedService[] = [];
  for (const consumer of asked) {
    if (!consumer.ok || consumer.answer === undefined) continue;
    const view = asPlanned(consumer.answer, members);
    const isUsable = (other: string): boolean => mayTake(members, {from: consumer.cluster, to: other});
    for (const imported of view.imports.values()) {
      if (!imported.clusters.includes(name)) continue;
      const service = toService(imported);
      concerned.push(service);
      const [obvious] = drainObstacles(name, [service], isUsable);
      for (const obstacle of obvious === undefined ? lostRoutes(name, imported, view) : [obvious]) {
        found.set(obstacle.message, {...obstacle, in: [...(found.get(obstacle.message)?.in ?? []), consumer.cluster]});
      }
    }
  }
  const optedOut = keysOf(concerned.filter(({ignoreDrain}) => ignoreDrain?.includes(name) === true));
  const stopped = new Set(keysOf([...found.values()]));
  return {
    obstacles: [...found.values()],
    optedOut,
    moving: keysOf(concerned).filter((key) => !stopped.has(key) && !optedOut.includes(key)),
    silent: asked.flatMap((one) => (one.ok ? [] : [{cluster: one.cluster, because: one.because}])),
  };
}

async function viewOf(
  {metadata: {name: clusterId}}: Cluster,
  {client, hub, signal}: {readonly client: KubeClient; readonly hub: OperatorHub; readonly signal: AbortSignal},
): Promise<View | undefined> {
  return askingView({client, clusterId, isthmusNamespace: hub.namespace, nowMs: Date.now(), signal});
}

/**
 * What a consumer will know once all that is declared was told to it: drains that lead to the end, gateways that the hub finds
 * dead where the consumer has no word of its own. What it heard too long ago is taken as it was said: a drain is no time to hope.
 */
function asPlanned(view: View, members: readonly Cluster[]): View {
  const clusters = [...view.clusters].map(([id, at]) => {
    const cluster = members.find(({metadata}) => metadata.name === id);
    const drain = at.drain || (cluster !== undefined && isDrainedInTheEnd(cluster));
    const isUnseen =
      at.gatewayHealth === 'Unknown' && cluster !== undefined && !isNear(view.clusterId, cluster, members);
    const isDead = isUnseen && isGatewayDead(cluster);
    return [id, {...at, drain, ...(isDead ? {gatewayHealth: 'Dead' as const} : {})}] as const;
  });
  const hub = {state: 'Alive', observedMs: view.atMs, sinceMs: view.atMs} as const;
  return {...view, clusters: new Map(clusters), hub};
}

/** Who consumes a service isn't known anywhere, so that every import counts as consumed. */
function toService({namespace, name, clusters, readyClusters, ignoreDrain = []}: ImportView): DrainedService {
  return {namespace, name, clusters, readyClusters, consumed: undefined, ignoreDrain};
}

/** A cluster that is drained itself, or whose gateway is dead and which isn't reached directly, takes nothing over. */
function mayTake(all: readonly Cluster[], {from, to}: {readonly from: string; readonly to: string}): boolean {
  const target = all.find(({metadata}) => metadata.name === to);
  if (target === undefined || isDrainedInTheEnd(target)) return false;
  return isNear(from, target, all) || !isGatewayDead(target);
}

/** Reached without its gateway. */
function isNear(from: string, {metadata, spec}: Cluster, all: readonly Cluster[]): boolean {
  const {network} = all.find((one) => one.metadata.name === from)?.spec ?? {};
  return from === metadata.name || (network !== undefined && network === spec?.network);
}

function isDrainedInTheEnd({spec}: Cluster): boolean {
  return drainStepAt({...spec, drainRamp: NO_RAMP}, 0).percent === 100;
}

function isGatewayDead({status}: Cluster): boolean {
  return status?.conditions?.find(({type}) => type === 'GatewayHealthy')?.status === 'False';
}

/** Where it leads counts, not how far it is. */
const NO_RAMP = {startedAt: '', overSeconds: 0};

function keysOf(services: readonly {readonly namespace: string; readonly name: string}[]): readonly string[] {
  return [...new Set(services.map(({namespace, name}) => `${namespace}/${name}`))].sort();
}
