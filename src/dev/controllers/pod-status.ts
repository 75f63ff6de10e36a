import {toKubeTime} from '../../api/meta.ts';
import {objectIn, objectsIn, textIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';

export interface Placement {
  readonly hostIP: string;
  readonly podIPs: readonly string[];
  readonly nowMs: number;
}

/** The `status` of a pod whose containers all came up at once. */
export function runningStatus(pod: JsonObject, placement: Placement): JsonObject {
  const spec = objectIn(pod, 'spec');
  const now = toKubeTime(placement.nowMs);
  const condition = (type: string): JsonObject => ({
    type,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
  });
  const initContainers = objectsIn(spec, 'initContainers');
  return {
    ...objectIn(pod, 'status'),
    phase: 'Running',
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
    hostIP: placement.hostIP,
    hostIPs: [{ip: placement.hostIP}],
    podIP: placement.podIPs[0],
    podIPs: placement.podIPs.map((ip) => ({ip})),
    startTime: now,
    ...(initContainers.length === 0
      ? {}
      : {initContainerStatuses: initContainers.map((container) => initStatus(container, now))}),
    containerStatuses: objectsIn(spec, 'containers').map((container) => runningContainer(container, now)),
  };
}

/** A sidecar keeps running; any other init container has done its work. */
function initStatus(container: JsonObject, now: string): JsonObject {
  if (container['restartPolicy'] === 'Always') return runningContainer(container, now);
  const terminated = {exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now};
  return {...runningContainer(container, now), started: false, state: {terminated}};
}

function runningContainer(container: JsonObject, now: string): JsonObject {
  return {
    name: textIn(container, 'name'),
    image: textIn(container, 'image'),
    imageID: '',
    ready: true,
    started: true,
    restartCount: 0,
    lastState: {},
    state: {running: {startedAt: now}},
  };
}
