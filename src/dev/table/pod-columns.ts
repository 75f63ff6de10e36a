import {isObject, listAt, objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {age, none} from './kind-column.ts';
import type {KindColumn} from './kind-column.ts';

export const podColumns: readonly KindColumn[] = [
  {name: 'Ready', cell: (pod) => readyText(pod)},
  {name: 'Status', cell: (pod) => statusText(pod)},
  {name: 'Restarts', cell: (pod) => String(restarts(pod))},
  age,
  {name: 'IP', wide: true, cell: (pod) => stringAt(statusOf(pod), 'podIP') || none},
  {name: 'Node', wide: true, cell: (pod) => stringAt(objectAt(pod, 'spec'), 'nodeName') || none},
  {name: 'Nominated Node', wide: true, cell: (pod) => stringAt(statusOf(pod), 'nominatedNodeName') || none},
  {name: 'Readiness Gates', wide: true, cell: readinessGates},
];

function statusOf(pod: JsonObject): JsonObject | undefined {
  return objectAt(pod, 'status');
}

function itemsAt(object: JsonObject | undefined, key: string): readonly JsonObject[] {
  return listAt(object, key).filter(isObject);
}

/** Native sidecars: init containers that go on running, and count like the others (KEP-753). */
function sidecarNames(pod: JsonObject): ReadonlySet<unknown> {
  const containers = itemsAt(objectAt(pod, 'spec'), 'initContainers');
  return new Set(
    containers.filter((container) => container['restartPolicy'] === 'Always').map((container) => container['name']),
  );
}

function running(pod: JsonObject): readonly JsonObject[] {
  const sidecars = sidecarNames(pod);
  const init = itemsAt(statusOf(pod), 'initContainerStatuses').filter((status) => sidecars.has(status['name']));
  return [...init, ...itemsAt(statusOf(pod), 'containerStatuses')];
}

function readyText(pod: JsonObject): string {
  const total = itemsAt(objectAt(pod, 'spec'), 'containers').length + sidecarNames(pod).size;
  return `${running(pod).filter((status) => status['ready'] === true).length}/${total}`;
}

function restarts(pod: JsonObject): number {
  return running(pod).reduce((sum, status) => sum + Number(status['restartCount'] ?? 0), 0);
}

function statusText(pod: JsonObject): string {
  const status = statusOf(pod);
  const phase = stringAt(status, 'phase') ?? '';
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  if (stringAt(objectAt(pod, 'metadata'), 'deletionTimestamp') !== undefined && !isOver) return 'Terminating';
  return (
    initText(pod) ?? containerReason(itemsAt(status, 'containerStatuses')) ?? (stringAt(status, 'reason') || phase)
  );
}

/** The first init container that is not done says how far the pod is. */
function initText(pod: JsonObject): string | undefined {
  const sidecars = sidecarNames(pod);
  const statuses = itemsAt(statusOf(pod), 'initContainerStatuses');
  const open = statuses.findIndex((status) => {
    const isDone = objectAt(objectAt(status, 'state'), 'terminated')?.['exitCode'] === 0;
    return !isDone && !(sidecars.has(status['name']) && status['started'] === true);
  });
  const status = statuses[open];
  if (status === undefined) return undefined;
  const reason = containerReason([status]);
  if (reason !== undefined && reason !== 'PodInitializing') return `Init:${reason}`;
  return `Init:${open}/${itemsAt(objectAt(pod, 'spec'), 'initContainers').length}`;
}

function containerReason(statuses: readonly JsonObject[]): string | undefined {
  for (const status of statuses) {
    const state = objectAt(status, 'state');
    const waiting = stringAt(objectAt(state, 'waiting'), 'reason');
    const terminated = objectAt(state, 'terminated');
    if (waiting !== undefined && waiting !== '') return waiting;
    if (terminated !== undefined)
      return stringAt(terminated, 'reason') || `ExitCode:${Number(terminated['exitCode'] ?? 0)}`;
  }
  return undefined;
}

function readinessGates(pod: JsonObject): string {
  const gates = itemsAt(objectAt(pod, 'spec'), 'readinessGates').map((gate) => gate['conditionType']);
  if (gates.length === 0) return none;
  const conditions = itemsAt(statusOf(pod), 'conditions');
  const isTrue = (gate: unknown): boolean => conditions.some(({type, status}) => type === gate && status === 'True');
  return `${gates.filter(isTrue).length}/${gates.length}`;
}
