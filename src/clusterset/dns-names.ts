import {CLUSTERSET_ZONE, isDnsLabel} from '../api/names.ts';

/** RFC 1035 §2.3.4: 255 octets on the wire are 253 characters of text. */
const MAX_NAME_LENGTH = 253;

/** The name that consumers use: `foo.bar.svc.clusterset.local` (KEP-1645, multi-cluster DNS specification 1.0.0). */
export function serviceHost(namespace: string, name: string, zone: string = CLUSTERSET_ZONE): string {
  return `${name}.${namespace}.svc.${zone}`;
}

/** Whether both parts are DNS labels and the whole is not too long: a ServiceExport's name may be longer than a Service's. */
export function fitsDns(namespace: string, name: string): boolean {
  return isDnsLabel(namespace) && isDnsLabel(name) && serviceHost(namespace, name).length <= MAX_NAME_LENGTH;
}
