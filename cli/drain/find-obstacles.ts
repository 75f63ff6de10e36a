import type {Cluster, ServiceImport} from '../../src/api/kinds.ts';
import {IGNORE_DRAIN_ANNOTATION, READY_ANNOTATION} from '../../src/api/names.ts';
import {serviceImports} from '../../src/api/resources.ts';
import type {DrainedService, DrainObstacle} from '../../src/clusterset/drain.ts';
import {drainObstacles} from '../../src/clusterset/drain.ts';
import {drainStepAt} from '../../src/clusterset/drain-ramp.ts';
import {exportersOf} from '../../src/hub/remembered-export.ts';
import {askMember} from '../ask-member.ts';
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
 * What a drain of one cluster would do to every member, by the imports that it holds.
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
      askMember(hub, cluster, {
        ask: async (client) => (await client.list<ServiceImport>(serviceImports, {signal})).items.map(toService),
        signal,
      }),
    ),
  );
  const found = new Map<string, DrainObstacle & {readonly in: readonly string[]}>();
  const concerned: DrainedService[] = [];
  for (const consumer of asked) {
    if (!consumer.ok) continue;
    const services = consumer.answer.filter(({clusters}) => clusters.includes(name));
    concerned.push(...services);
    const isUsable = (other: string): boolean => mayTake(members, {from: consumer.cluster, to: other});
    for (const obstacle of drainObstacles(name, services, isUsable)) {
      const key = `${obstacle.namespace}/${obstacle.name}`;
      found.set(key, {...obstacle, in: [...(found.get(key)?.in ?? []), consumer.cluster]});
    }
  }
  const optedOut = keysOf(concerned.filter(({ignoreDrain}) => ignoreDrain?.includes(name) === true));
  return {
    obstacles: [...found.values()],
    optedOut,
    moving: keysOf(concerned).filter((key) => !found.has(key) && !optedOut.includes(key)),
    silent: asked.flatMap((one) => (one.ok ? [] : [{cluster: one.cluster, because: one.because}])),
  };
}

/** Who consumes a service isn't known anywhere, so that every import counts as consumed. */
function toService(object: ServiceImport): DrainedService {
  const {namespace = '', name, annotations = {}} = object.metadata;
  const listOf = (text: string | undefined): readonly string[] | undefined =>
    text?.split(',').filter((id) => id !== '');
  const ignoreDrain = listOf(annotations[IGNORE_DRAIN_ANNOTATION]);
  return {
    namespace,
    name,
    clusters: exportersOf(object),
    readyClusters: listOf(annotations[READY_ANNOTATION]),
    consumed: undefined,
    ...(ignoreDrain === undefined ? {} : {ignoreDrain}),
  };
}

/** A cluster that is drained itself, or whose gateway is dead and which isn't reached directly, takes nothing over. */
function mayTake(all: readonly Cluster[], {from, to}: {readonly from: string; readonly to: string}): boolean {
  const target = all.find(({metadata}) => metadata.name === to);
  if (target === undefined || drainStepAt({...target.spec, drainRamp: NO_RAMP}, 0).percent === 100) return false;
  const {network} = all.find(({metadata}) => metadata.name === from)?.spec ?? {};
  const isNear = from === to || (network !== undefined && network === target.spec?.network);
  const health = target.status?.conditions?.find(({type}) => type === 'GatewayHealthy');
  return isNear || health?.status !== 'False';
}

/** Where it leads counts, not how far it is. */
const NO_RAMP = {startedAt: '', overSeconds: 0};

function keysOf(services: readonly DrainedService[]): readonly string[] {
  return [...new Set(services.map(({namespace, name}) => `${namespace}/${name}`))].sort();
}
