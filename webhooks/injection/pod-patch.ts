import {INJECT_STATUS_ANNOTATION} from '../../src/api/names.ts';
import type {PatchOperation} from '../review.ts';
import type {Pod} from './pod.ts';
import {sidecarVolume} from './sidecar.ts';

export const UNPRIVILEGED_PORT_SYSCTL = 'net.ipv4.ip_unprivileged_port_start';

/** JSON Patch (RFC 6902) that only adds: nothing of the user's is replaced, moved or removed. */
export function sidecarPatch(
  pod: Pod,
  parts: {
    readonly sidecar: object;
    readonly aliases: readonly {readonly ip: string; readonly hostnames: readonly string[]}[];
    readonly status: string;
  },
): PatchOperation[] {
  const {spec} = pod;
  return [
    // First of all init containers, so that they have it too.
    isList(spec?.initContainers)
      ? add('/spec/initContainers/0', parts.sidecar)
      : add('/spec/initContainers', [parts.sidecar]),
    ...append('/spec/volumes', spec?.volumes, [sidecarVolume]),
    ...append('/spec/hostAliases', spec?.hostAliases, parts.aliases),
    ...sysctlPatch(pod),
    ...statusPatch(pod, parts.status),
  ];
}

/** Empty where it already stands there: a second pass changes nothing. */
export function statusPatch(pod: Pod, status: string): PatchOperation[] {
  const {annotations} = pod.metadata;
  if (annotations?.[INJECT_STATUS_ANNOTATION] === status) return [];
  return annotations === undefined || annotations === null
    ? [add('/metadata/annotations', {[INJECT_STATUS_ANNOTATION]: status})]
    : [add(`/metadata/annotations/${INJECT_STATUS_ANNOTATION.replaceAll('~', '~0').replaceAll('/', '~1')}`, status)];
}

/** A safe sysctl since Kubernetes 1.22. Runtimes differ in their default, so it is always said; a user's own value stays. */
function sysctlPatch(pod: Pod): PatchOperation[] {
  const context = pod.spec?.securityContext;
  const sysctl = {name: UNPRIVILEGED_PORT_SYSCTL, value: '0'};
  if (context?.sysctls?.some((entry) => entry.name === UNPRIVILEGED_PORT_SYSCTL) === true) return [];
  if (context === undefined || context === null) return [add('/spec/securityContext', {sysctls: [sysctl]})];
  return append('/spec/securityContext/sysctls', context.sysctls, [sysctl]);
}

function append(
  path: string,
  list: readonly unknown[] | null | undefined,
  values: readonly object[],
): PatchOperation[] {
  if (values.length === 0) return [];
  return isList(list) ? values.map((value) => add(`${path}/-`, value)) : [add(path, values)];
}

function isList(list: readonly unknown[] | null | undefined): boolean {
  return list !== undefined && list !== null;
}

function add(path: string, value: unknown): PatchOperation {
  return {op: 'add', path, value};
}
