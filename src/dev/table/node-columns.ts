import {isObject, listAt, objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {age, none} from './kind-column.ts';
import type {KindColumn} from './kind-column.ts';

const rolePrefix = 'node-role.kubernetes.io/';

export const nodeColumns: readonly KindColumn[] = [
  {name: 'Status', cell: statusText},
  {name: 'Roles', cell: rolesText},
  age,
  {name: 'Version', cell: (node) => info(node, 'kubeletVersion') ?? ''},
  {name: 'Internal-IP', wide: true, cell: (node) => address(node, 'InternalIP')},
  {name: 'External-IP', wide: true, cell: (node) => address(node, 'ExternalIP')},
  {name: 'OS-Image', wide: true, cell: (node) => info(node, 'osImage') || '<unknown>'},
  {name: 'Kernel-Version', wide: true, cell: (node) => info(node, 'kernelVersion') || '<unknown>'},
  {name: 'Container-Runtime', wide: true, cell: (node) => info(node, 'containerRuntimeVersion') || '<unknown>'},
];

function statusText(node: JsonObject): string {
  const ready = listAt(objectAt(node, 'status'), 'conditions').find(
    (condition) => isObject(condition) && condition['type'] === 'Ready',
  );
  const state = isObject(ready) ? (ready['status'] === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return objectAt(node, 'spec')?.['unschedulable'] === true ? `${state},SchedulingDisabled` : state;
}

function rolesText(node: JsonObject): string {
  const labels = Object.keys(objectAt(objectAt(node, 'metadata'), 'labels') ?? {});
  const roles = labels.filter((label) => label.startsWith(rolePrefix)).map((label) => label.slice(rolePrefix.length));
  return roles.sort().join(',') || none;
}

function info(node: JsonObject, field: string): string | undefined {
  return stringAt(objectAt(objectAt(node, 'status'), 'nodeInfo'), field);
}

function address(node: JsonObject, type: string): string {
  const found = listAt(objectAt(node, 'status'), 'addresses').find((item) => isObject(item) && item['type'] === type);
  return (isObject(found) ? stringAt(found, 'address') : undefined) ?? none;
}
