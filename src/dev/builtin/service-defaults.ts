import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {defined, objectIn, objectsIn, textIn} from './read-json.ts';
import {hasSelector, isHeadless, needsClusterIp, needsNodePorts} from './service-fields.ts';

/** What a session sticks for where nobody says: three hours. */
const AFFINITY_SECONDS = 10_800;

/** The `spec` of a Service with upstream's defaults; addresses and node ports are not chosen here. */
export function defaultServiceSpec(given: JsonObject): JsonObject {
  const spec: JsonObject = {...given, type: textIn(given, 'type') || 'ClusterIP'};
  spec['sessionAffinity'] = textIn(given, 'sessionAffinity') || 'None';
  spec['sessionAffinityConfig'] = affinityConfig(spec);
  if (Array.isArray(given['ports'])) spec['ports'] = objectsIn(given, 'ports').map(defaultPort);
  if (needsNodePorts(spec)) spec['externalTrafficPolicy'] ??= 'Cluster';
  if (spec['type'] === 'LoadBalancer') spec['allocateLoadBalancerNodePorts'] ??= true;
  if (needsClusterIp(spec)) spec['internalTrafficPolicy'] ??= 'Cluster';
  return withoutEmpty(defined(spec));
}

function defaultPort(port: JsonObject): JsonObject {
  const {targetPort} = port;
  const isUnset = targetPort === undefined || targetPort === null || targetPort === 0 || targetPort === '';
  return {...port, protocol: textIn(port, 'protocol') || 'TCP', targetPort: isUnset ? port['port'] : targetPort};
}

function affinityConfig(spec: JsonObject): unknown {
  if (spec['sessionAffinity'] !== 'ClientIP') return undefined;
  const given = objectIn(objectIn(spec, 'sessionAffinityConfig'), 'clientIP');
  return {clientIP: {...given, timeoutSeconds: given['timeoutSeconds'] ?? AFFINITY_SECONDS}};
}

const OMITTED_WHEN_EMPTY = [
  'clusterIP',
  'clusterIPs',
  'ipFamilies',
  'ipFamilyPolicy',
  'externalName',
  'selector',
  'ports',
];

/** Empty lists, maps and strings are absent on the wire (`omitempty`). */
function withoutEmpty(spec: JsonObject): JsonObject {
  const isEmpty = (value: unknown): boolean =>
    value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(
    Object.entries(spec).filter(([key, value]) => !(OMITTED_WHEN_EMPTY.includes(key) && isEmpty(value))),
  );
}

/**
 * Fields that only the old type could have, where the request just carried them along: a changed `type` alone must not fail because
 * of what the server itself had filled in.
 */
export function dropFieldsOfOldType(given: JsonObject, old: JsonObject): JsonObject {
  const spec: JsonObject = {...given};
  const dropUnchanged = (...keys: readonly string[]): void => {
    for (const key of keys) if (jsonEquals(spec[key], old[key])) delete spec[key];
  };
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    dropUnchanged('clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy');
  }
  if (needsNodePorts(old) && !needsNodePorts(spec)) {
    dropUnchanged('externalTrafficPolicy');
    spec['ports'] = dropOldNodePorts(objectsIn(spec, 'ports'), objectsIn(old, 'ports'));
  }
  if (old['type'] === 'LoadBalancer' && spec['type'] !== 'LoadBalancer') {
    dropUnchanged('allocateLoadBalancerNodePorts', 'loadBalancerClass', 'loadBalancerIP', 'healthCheckNodePort');
  }
  if (old['type'] === 'ExternalName' && spec['type'] !== 'ExternalName') dropUnchanged('externalName');
  return spec;
}

function dropOldNodePorts(ports: readonly JsonObject[], old: readonly JsonObject[]): JsonObject[] {
  const before = new Set(old.map((port) => port['nodePort']));
  return ports.map((port) => (before.has(port['nodePort']) ? defined({...port, nodePort: undefined}) : port));
}

/** Which family policy holds where the request names none. */
export function defaultFamilyPolicy(spec: JsonObject, old: JsonObject | undefined): string {
  const before = old === undefined ? '' : textIn(old, 'ipFamilyPolicy');
  if (before !== '') return before;
  return isHeadless(spec) && !hasSelector(spec) ? 'RequireDualStack' : 'SingleStack';
}
