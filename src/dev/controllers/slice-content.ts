import {familyOfIp} from '../builtin/ip-rules.ts';
import {
  defined,
  isTerminating,
  nameOf,
  namespaceOf,
  objectIn,
  objectsIn,
  textIn,
  textsIn,
  uidOf,
} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';

/** As many endpoints as the upstream controller puts into one slice. */
const MAX_ENDPOINTS = 100;

export interface SliceContent {
  readonly addressType: string;
  /** Null, not an empty list: both fields lack `omitempty`. */
  readonly endpoints: readonly JsonObject[] | null;
  readonly ports: readonly JsonObject[] | null;
}

/**
 * What the slices of a Service should hold. Without any pod there is one slice without endpoints for each family, so that readers can
 * tell "none" from "not yet".
 *
 * @param pods - those that the selector matches, in any order
 */
export function desiredSlices(service: JsonObject, pods: readonly JsonObject[]): readonly SliceContent[] {
  const families = textsIn(objectIn(service, 'spec'), 'ipFamilies');
  const living = pods.filter((pod) => !['Succeeded', 'Failed'].includes(textIn(objectIn(pod, 'status'), 'phase')));
  const inOrder = living.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return families.flatMap((family) => slicesOfFamily(service, inOrder, family));
}

function slicesOfFamily(
  service: JsonObject,
  pods: readonly JsonObject[],
  addressType: string,
): readonly SliceContent[] {
  // Pods may give one port name different numbers; each combination needs slices of its own.
  const groups = new Map<string, {ports: readonly JsonObject[]; endpoints: JsonObject[]}>();
  for (const pod of pods) {
    const addresses = addressesOf(pod).filter((address) => familyOfIp(address) === addressType);
    if (addresses.length === 0) continue;
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? {ports, endpoints: []};
    groups.set(key, group);
    group.endpoints.push(toEndpoint(service, pod, addresses.slice(0, 1)));
  }
  if (groups.size === 0) return [{addressType, endpoints: null, ports: null}];
  return [...groups.values()].flatMap(({ports, endpoints}) =>
    chunks(endpoints).map((part) => ({addressType, endpoints: part, ports: ports.length === 0 ? null : ports})),
  );
}

function chunks(endpoints: readonly JsonObject[]): readonly (readonly JsonObject[])[] {
  const count = Math.ceil(endpoints.length / MAX_ENDPOINTS);
  return Array.from({length: count}, (_, at) => endpoints.slice(at * MAX_ENDPOINTS, (at + 1) * MAX_ENDPOINTS));
}

function addressesOf(pod: JsonObject): readonly string[] {
  return objectsIn(objectIn(pod, 'status'), 'podIPs').map((one) => textIn(one, 'ip'));
}

function toEndpoint(service: JsonObject, pod: JsonObject, addresses: readonly string[]): JsonObject {
  const spec = objectIn(pod, 'spec');
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const ready = objectIn(service, 'spec')['publishNotReadyAddresses'] === true || (serving && !terminating);
  // The pod's own name in the zone of its headless Service (`hostname` and `subdomain`).
  const hasHostname = textIn(spec, 'hostname') !== '' && textIn(spec, 'subdomain') === nameOf(service);
  return defined({
    addresses,
    conditions: {ready, serving, terminating},
    hostname: hasHostname ? spec['hostname'] : undefined,
    targetRef: {kind: 'Pod', namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod)},
    nodeName: textIn(spec, 'nodeName') === '' ? undefined : spec['nodeName'],
  });
}

export function isReady(pod: JsonObject): boolean {
  const conditions = objectsIn(objectIn(pod, 'status'), 'conditions');
  return conditions.some((condition) => condition['type'] === 'Ready' && condition['status'] === 'True');
}

/** The Service's ports with the numbers that this pod has behind their target names; a name it lacks is left out. */
function portsOf(service: JsonObject, pod: JsonObject): readonly JsonObject[] {
  return objectsIn(objectIn(service, 'spec'), 'ports').flatMap((port) => {
    const number = resolveTarget(port, pod);
    if (number === undefined) return [];
    const appProtocol = textIn(port, 'appProtocol') === '' ? undefined : port['appProtocol'];
    return [defined({name: textIn(port, 'name'), protocol: port['protocol'], port: number, appProtocol})];
  });
}

function resolveTarget(port: JsonObject, pod: JsonObject): number | undefined {
  const target = port['targetPort'] ?? port['port'];
  if (typeof target === 'number') return target;
  const spec = objectIn(pod, 'spec');
  const sidecars = objectsIn(spec, 'initContainers').filter((container) => container['restartPolicy'] === 'Always');
  const named = [...objectsIn(spec, 'containers'), ...sidecars]
    .flatMap((container) => objectsIn(container, 'ports'))
    .find((one) => one['name'] === target && one['protocol'] === port['protocol']);
  return typeof named?.['containerPort'] === 'number' ? named['containerPort'] : undefined;
}
