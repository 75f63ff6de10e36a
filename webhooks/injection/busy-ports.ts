import {LISTEN_PORTS_ANNOTATION} from '../../src/api/names.ts';
import type {LocalServiceView, View} from '../../src/clusterset/view.ts';
import {allContainers} from './pod.ts';
import type {Container, Pod, PortHandler} from './pod.ts';
import {indexOf} from './view-index.ts';

export interface BusyPorts {
  /** TCP ports that something in the pod listens on, as far as anybody declares it. */
  readonly ports: ReadonlySet<number>;
  /** Parts of the annotation that are not ports. */
  readonly unreadable: readonly string[];
}

/**
 * The TCP ports that are taken in a pod (design §8). A sidecar that bound one of them on a loopback VIP would start first
 * and make the application fail with EADDRINUSE: a specific address and 0.0.0.0 can't share a port on Linux.
 */
export function busyPorts(pod: Pod, view: View, namespace: string): BusyPorts {
  const containers = allContainers(pod);
  const declared = declaredPorts(pod);
  const services = indexOf(view).servicesByNamespace.get(namespace) ?? [];
  const ports = new Set([
    ...containers.flatMap(portsOf),
    ...services.filter((service) => selects(service, pod)).flatMap((service) => targetPorts(service, containers)),
    ...declared.ports,
  ]);
  return {ports, unreadable: declared.unreadable};
}

function portsOf(container: Container): number[] {
  const handlers = [
    container.livenessProbe,
    container.readinessProbe,
    container.startupProbe,
    container.lifecycle?.postStart,
    container.lifecycle?.preStop,
  ];
  const declared = (container.ports ?? []).filter(isTcp).map((port) => port.containerPort);
  return [...declared, ...handlers.flatMap((handler) => handlerPorts(handler, container))];
}

/** UDP and SCTP have port spaces of their own. */
function isTcp(port: {readonly protocol?: string}): boolean {
  return (port.protocol ?? 'TCP') === 'TCP';
}

function handlerPorts(handler: PortHandler | null | undefined, container: Container): number[] {
  const named = [handler?.httpGet?.port, handler?.tcpSocket?.port, handler?.grpc?.port];
  return named.flatMap((port) => resolvePort(port, [container]));
}

/** A name means a port of the given containers; a name that nobody declares can't be probed or reached either. */
function resolvePort(port: number | string | undefined, containers: readonly Container[]): number[] {
  if (port === undefined) return [];
  if (typeof port === 'number') return [port];
  return containers
    .flatMap((container) => container.ports ?? [])
    .filter((declared) => declared.name === port && isTcp(declared))
    .map((declared) => declared.containerPort);
}

/** A Service without a selector selects nothing (its endpoints are somebody's own); so does an ExternalName. */
function selects(service: LocalServiceView, pod: Pod): boolean {
  const wanted = Object.entries(service.selector);
  const labels = pod.metadata.labels ?? {};
  if (service.type === 'ExternalName' || wanted.length === 0) return false;
  return wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

function targetPorts(service: LocalServiceView, containers: readonly Container[]): number[] {
  return service.ports.filter(isTcp).flatMap((port) => resolvePort(port.targetPort, containers));
}

function declaredPorts(pod: Pod): {ports: readonly number[]; unreadable: readonly string[]} {
  const parts = (pod.metadata.annotations?.[LISTEN_PORTS_ANNOTATION] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const {ports = [], unreadable = []} = Object.groupBy(parts, (part) => (isPort(part) ? 'ports' : 'unreadable'));
  return {ports: ports.map(Number), unreadable};
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
