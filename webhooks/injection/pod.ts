import type {KubeObject} from '../../src/api/meta.ts';

/** `core/v1` Pod, as much of it as injection reads. Whatever it does not know it leaves as it is. */
export interface Pod extends KubeObject {
  readonly spec?: PodSpec | null;
}

export interface PodSpec {
  readonly containers?: readonly Container[] | null;
  readonly initContainers?: readonly Container[] | null;
  readonly volumes?: readonly {readonly name: string}[] | null;
  readonly hostAliases?: readonly {readonly ip: string; readonly hostnames?: readonly string[] | null}[] | null;
  readonly hostNetwork?: boolean | null;
  readonly os?: {readonly name?: string} | null;
  readonly nodeSelector?: Readonly<Record<string, string>> | null;
  readonly securityContext?: {
    readonly runAsUser?: number | null;
    readonly sysctls?: readonly {readonly name: string; readonly value: string}[] | null;
  } | null;
}

export interface Container {
  /** `Always` in an init container: a native sidecar (KEP-753). */
  readonly restartPolicy?: string;
  readonly name: string;
  readonly ports?: readonly ContainerPort[] | null;
  readonly livenessProbe?: PortHandler | null;
  readonly readinessProbe?: PortHandler | null;
  readonly startupProbe?: PortHandler | null;
  readonly lifecycle?: {readonly postStart?: PortHandler | null; readonly preStop?: PortHandler | null} | null;
  readonly securityContext?: {readonly runAsUser?: number | null} | null;
}

export interface ContainerPort {
  readonly containerPort: number;
  readonly name?: string;
  readonly protocol?: string;
}

/** A probe or a lifecycle handler: the ways in which one can name a port. */
export interface PortHandler {
  readonly httpGet?: {readonly port: number | string} | null;
  readonly tcpSocket?: {readonly port: number | string} | null;
  readonly grpc?: {readonly port: number} | null;
}

/** All containers that a spec names: init containers too, because a sidecar among them, ours, runs beside all the others. */
export function allContainers(pod: Pod): readonly Container[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
}
