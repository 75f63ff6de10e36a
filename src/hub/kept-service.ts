import type {EndpointSlice, Service, ServicePort} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {keyOf} from '../api/meta.ts';
import {isDnsLabel, SERVICE_NAME_LABEL} from '../api/names.ts';
import type {ExportedPort, ExportedService} from '../clusterset/member-export.ts';
import {IsthmusError} from '../errors.ts';

const TYPES: readonly string[] = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'];
const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];

function refuse(raw: KubeObject, what: string): never {
  throw new IsthmusError('ISTHMUS_KUBE_BAD_ANSWER', `Service ${keyOf(raw.metadata)} has ${what}`);
}

function keepPort(raw: KubeObject, port: ServicePort): ExportedPort {
  const protocol = port.protocol ?? 'TCP';
  if (!Number.isInteger(port.port) || port.port < 1 || port.port > 65_535) refuse(raw, 'a port outside 1-65535');
  if (!PROTOCOLS.includes(protocol)) refuse(raw, 'a protocol that is not TCP, UDP or SCTP');
  if (port.name !== undefined && port.name !== '' && !isDnsLabel(port.name))
    refuse(raw, 'a port name that is no label');
  return {
    port: port.port,
    protocol,
    ...(port.name ? {name: port.name} : {}),
    ...(typeof port.appProtocol === 'string' ? {appProtocol: port.appProtocol.slice(0, 253)} : {}),
  };
}

/**
 * The facts of a Service that an import is made of, node ports and selectors left behind (KEP-1645: they stay cluster-local).
 * A Service being deleted is gone already.
 *
 * @throws IsthmusError for values that no API server admits: the reflector then leaves the object out and counts it
 */
export function keepService(raw: KubeObject): ExportedService | undefined {
  const {spec = {}} = raw as Service;
  if (raw.metadata.deletionTimestamp !== undefined) return undefined;
  const type = spec.type ?? 'ClusterIP';
  if (!TYPES.includes(type)) refuse(raw, 'an unknown type');
  return {
    type,
    headless: spec.clusterIP === 'None',
    ports: (spec.ports ?? []).map((port) => keepPort(raw, port)),
    ipFamilies: (spec.ipFamilies ?? []).filter((family) => family === 'IPv4' || family === 'IPv6'),
    sessionAffinity: spec.sessionAffinity ?? 'None',
    ...(spec.sessionAffinityConfig ? {sessionAffinityConfig: spec.sessionAffinityConfig} : {}),
    ...(spec.internalTrafficPolicy ? {internalTrafficPolicy: spec.internalTrafficPolicy} : {}),
    ...(spec.trafficDistribution ? {trafficDistribution: spec.trafficDistribution} : {}),
  };
}

/** `namespace/name` of the Service that a slice belongs to; undefined: of none, so it says nothing about an export. */
export function serviceOfSlice(raw: KubeObject): string | undefined {
  const name = raw.metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined || raw.metadata.namespace === undefined ? undefined : `${raw.metadata.namespace}/${name}`;
}

/** True where the slice has an endpoint that takes traffic. An absent `ready` counts as ready (EndpointSlice API). */
export function keepReadiness(raw: KubeObject): boolean {
  const endpoints = (raw as EndpointSlice).endpoints ?? [];
  return endpoints.some((endpoint) => endpoint.addresses.length > 0 && endpoint.conditions?.ready !== false);
}
