import type {IPFamily, SessionAffinityConfig} from '../../api/kinds.ts';
import {isDnsLabel} from '../../api/names.ts';
import {portKey} from '../merge-ports.ts';
import type {ExportedPort, ExportedService, ExportFault} from '../member-export.ts';
import {asList, asText, FaultList, fieldOf, isPortNumber, show} from './untrusted.ts';

/** Either the facts that an import is made of, with what had to be left out, or why there are none. */
export type ReadService =
  | {readonly service: ExportedService; readonly faults: readonly ExportFault[]}
  | {readonly service: undefined; readonly refusal: ExportFault}
  /** Being deleted, which is gone already. */
  | {readonly service: undefined; readonly refusal: undefined};

const TYPES: readonly string[] = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'];
/** More than any Service that is used; each port costs a listener in every gateway. */
const MAX_PORTS = 1_000;
const MAX_AFFINITY_SECONDS = 86_400;

/**
 * The facts of a Service, node ports and selectors left behind (KEP-1645: they stay cluster-local). What no API server admits
 * (a port 0, a protocol that is none, two ports of one name) says that its API server is not one to believe: the whole Service
 * is refused. What only this version doesn't know is left out, and named.
 */
export function readService(raw: unknown): ReadService {
  if (fieldOf(raw, 'metadata', 'deletionTimestamp') !== undefined) return {service: undefined, refusal: undefined};
  const faults = new FaultList();
  const service = factsOf(fieldOf(raw, 'spec'), faults);
  const {refusal} = faults;
  return refusal === undefined ? {service, faults: faults.all} : {service: undefined, refusal};
}

function factsOf(spec: unknown, faults: FaultList): ExportedService {
  const type = fieldOf(spec, 'type') ?? 'ClusterIP';
  if (!TYPES.includes(type as string)) refuse(faults, 'Service.spec.type', `${show(type)} is not a type of Service`);
  const headless = fieldOf(spec, 'clusterIP') === 'None';
  const affinity = readChoice(spec, 'sessionAffinity', ['None', 'ClientIP'], faults) ?? 'None';
  const internalTrafficPolicy = readChoice(spec, 'internalTrafficPolicy', ['Cluster', 'Local'], faults);
  const trafficDistribution = readDistribution(spec, faults);
  const config = affinity === 'ClientIP' ? readAffinityConfig(spec, faults) : undefined;
  return {
    type: type as ExportedService['type'],
    headless,
    ports: readPorts(fieldOf(spec, 'ports'), faults),
    ipFamilies: readFamilies(spec, faults),
    sessionAffinity: affinity,
    ...(config === undefined ? {} : {sessionAffinityConfig: config}),
    ...(internalTrafficPolicy === undefined ? {} : {internalTrafficPolicy}),
    ...(trafficDistribution === undefined ? {} : {trafficDistribution}),
  };
}

function refuse(faults: FaultList, field: string, message: string): void {
  faults.refuse({field, reason: 'InvalidService', message});
}

function readPorts(value: unknown, faults: FaultList): readonly ExportedPort[] {
  const field = 'Service.spec.ports';
  const list = asList(value);
  if (list.length > MAX_PORTS) refuse(faults, field, `${list.length} ports are too many: use at most ${MAX_PORTS}`);
  const ports = list.slice(0, MAX_PORTS).flatMap((port, index) => readPort(port, `${field}[${index}]`, faults) ?? []);
  const names = new Set(ports.map(({name = ''}) => name));
  const keys = new Set(ports.map(portKey));
  if (names.size < ports.length) refuse(faults, field, 'two ports have the same name');
  if (keys.size < ports.length) refuse(faults, field, 'two ports have the same protocol and number');
  return ports;
}

function readPort(value: unknown, field: string, faults: FaultList): ExportedPort | undefined {
  const port = fieldOf(value, 'port');
  const protocol = fieldOf(value, 'protocol') ?? 'TCP';
  const name = fieldOf(value, 'name') ?? '';
  const appProtocol = asText(fieldOf(value, 'appProtocol'));
  if (!isPortNumber(port)) {
    refuse(faults, `${field}.port`, `${show(port)} is not a port: use 1 to 65535`);
    return undefined;
  }
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') {
    refuse(faults, `${field}.protocol`, `${show(protocol)} is not a protocol: use TCP, UDP or SCTP`);
    return undefined;
  }
  if (typeof name !== 'string' || (name !== '' && !isDnsLabel(name))) {
    refuse(faults, `${field}.name`, `${show(name)} can't be the name of a port: use one DNS label`);
    return undefined;
  }
  return {
    port,
    protocol,
    ...(name === '' ? {} : {name}),
    ...(appProtocol === undefined || !isAppProtocol(appProtocol) ? {} : {appProtocol}),
  };
}

/** A qualified name, as a Service's; it ends in configuration and logs. */
function isAppProtocol(text: string): boolean {
  return text.length <= 253 && /^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$/.test(text);
}

/** Of each kind once, at most two. A Service without the field is told by its addresses (it predates dual stack). */
function readFamilies(spec: unknown, faults: FaultList): readonly IPFamily[] {
  const families = asList(fieldOf(spec, 'ipFamilies'));
  const known = families.filter((family): family is IPFamily => family === 'IPv4' || family === 'IPv6');
  if (known.length < families.length) {
    faults.add('Service.spec.ipFamilies', 'InvalidService', 'a family that is neither IPv4 nor IPv6 is not used');
  }
  if (known.length > 0) return [...new Set(known)];
  const address = asText(fieldOf(spec, 'clusterIP')) ?? '';
  if (address === '' || address === 'None') return [];
  return [address.includes(':') ? 'IPv6' : 'IPv4'];
}

function readChoice(spec: unknown, name: string, choices: readonly string[], faults: FaultList): string | undefined {
  const value = fieldOf(spec, name);
  if (value === undefined || value === '') return undefined;
  if (choices.includes(value as string)) return value as string;
  faults.add(
    `Service.spec.${name}`,
    'InvalidService',
    `${show(value)} is not known and not used: use ${choices.join(' or ')}`,
  );
  return undefined;
}

/** Kubernetes adds values from time to time; consumers that don't know one ignore it, so any that looks like one passes. */
function readDistribution(spec: unknown, faults: FaultList): string | undefined {
  const value = fieldOf(spec, 'trafficDistribution');
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && /^[A-Za-z][A-Za-z0-9./-]{0,252}$/.test(value)) return value;
  faults.add(
    'Service.spec.trafficDistribution',
    'InvalidService',
    `${show(value)} can't be a value of it and is not used`,
  );
  return undefined;
}

function readAffinityConfig(spec: unknown, faults: FaultList): SessionAffinityConfig | undefined {
  const seconds = fieldOf(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds');
  if (seconds === undefined) return undefined;
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_AFFINITY_SECONDS) {
    return {clientIP: {timeoutSeconds: seconds}};
  }
  const field = 'Service.spec.sessionAffinityConfig.clientIP.timeoutSeconds';
  faults.add(field, 'InvalidService', `${show(seconds)} is not used: use 1 to ${MAX_AFFINITY_SECONDS}`);
  return undefined;
}
