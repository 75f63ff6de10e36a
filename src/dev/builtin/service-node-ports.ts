import {internal, invalid} from '../apiserver/api-error.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import type {JsonObject} from '../schema/json.ts';
import {invalidValue} from './field-errors.ts';
import {nameOf, objectIn, objectsIn} from './read-json.ts';
import {needsNodePorts, nodePortsOf, portKey} from './service-fields.ts';
import {ownerKey} from './service-ip-allocator.ts';

const FIRST = 30_000;
const LAST = 32_767;

/**
 * The Service with a node port for every port that needs one. Nothing listens on them here; they exist so that objects look and
 * clash as they do elsewhere.
 *
 * @throws ApiError 422 for a port out of range or taken by another Service
 */
export function settleNodePorts(service: JsonObject, old: JsonObject | undefined, storage: InternalApi): JsonObject {
  const spec = objectIn(service, 'spec');
  if (!needsNodePorts(spec)) return service;
  const ports = keepNodePorts(objectsIn(spec, 'ports'), objectsIn(objectIn(old ?? {}, 'spec'), 'ports'));
  const taken = takenByOthers(service, storage);
  const errors = ports.flatMap((port, at) => {
    const wrong = wrongNodePort(port['nodePort'], taken);
    return wrong === undefined ? [] : [invalidValue(`spec.ports[${at}].nodePort`, port['nodePort'], wrong)];
  });
  if (errors.length > 0) throw invalid({group: '', kind: 'Service'}, nameOf(service), errors);
  const wanted = spec['allocateLoadBalancerNodePorts'] !== false;
  return {...service, spec: {...spec, ports: wanted ? ports.map((port) => withNodePort(port, taken)) : ports}};
}

function keepNodePorts(ports: readonly JsonObject[], old: readonly JsonObject[]): JsonObject[] {
  const asked = new Set(ports.map((port) => port['nodePort']));
  return ports.map((port) => {
    if (isGiven(port['nodePort'])) return port;
    const before = old.find((candidate) => portKey(candidate) === portKey(port))?.['nodePort'];
    return isGiven(before) && !asked.has(before) ? {...port, nodePort: before} : port;
  });
}

function isGiven(nodePort: unknown): nodePort is number {
  return typeof nodePort === 'number' && nodePort !== 0;
}

function takenByOthers(service: JsonObject, storage: InternalApi): Set<number> {
  const others = storage.list({group: '', plural: 'services'}).filter((other) => ownerKey(other) !== ownerKey(service));
  return new Set(others.flatMap((other) => nodePortsOf(objectIn(other, 'spec'))));
}

function wrongNodePort(nodePort: unknown, taken: ReadonlySet<number>): string | undefined {
  if (!isGiven(nodePort)) return undefined;
  if (nodePort < FIRST || nodePort > LAST)
    return `provided port is not in the valid range. The range of valid ports is ${FIRST}-${LAST}`;
  return taken.has(nodePort) ? 'provided port is already allocated' : undefined;
}

function withNodePort(port: JsonObject, taken: Set<number>): JsonObject {
  if (isGiven(port['nodePort'])) {
    taken.add(port['nodePort']);
    return port;
  }
  const start = Math.floor(Math.random() * (LAST - FIRST + 1));
  for (let tries = 0; tries <= LAST - FIRST; tries++) {
    const nodePort = FIRST + ((start + tries) % (LAST - FIRST + 1));
    if (taken.has(nodePort)) continue;
    taken.add(nodePort);
    return {...port, nodePort};
  }
  throw internal('failed to allocate a nodePort: range is full');
}
