import type {Service} from '../../src/api/kinds.ts';

/** Where the clusterset zone is to be asked for. */
export interface DnsTarget {
  /** Lower case, without a dot at the end. */
  readonly zone: string;
  /** Of Service `isthmus-dns`: `192.0.2.1`, `192.0.2.1:1053`, `2001:db8::1`, `[2001:db8::1]:1053`. */
  readonly address: string;
}

export type FoundTarget =
  | {readonly ok: true; readonly address: string}
  /** A sentence with what to do. */
  | {readonly ok: false; readonly because: string};

/**
 * The address of the Service in front of the DNS servers. One of its families is enough: pods of a cluster with two reach both.
 *
 * @param shown - the Service as it is told to a person, `namespace/name`
 */
export function targetOf(service: Service | undefined, shown: string): FoundTarget {
  if (service === undefined) {
    return {ok: false, because: `there is no Service ${shown}: apply manifests/install/agent.yaml first`};
  }
  const ip = service.spec?.clusterIP ?? '';
  if (ip === '' || ip === 'None') {
    return {ok: false, because: `Service ${shown} has no cluster address: it must be of type ClusterIP, not headless`};
  }
  const ports = service.spec?.ports ?? [];
  const port = ports.find(({protocol}) => protocol === 'UDP')?.port;
  const isBoth = ports.some((other) => (other.protocol ?? 'TCP') === 'TCP' && other.port === port);
  if (port === undefined || !isBoth) {
    return {ok: false, because: `Service ${shown} must have one port for UDP and for TCP: DNS needs both`};
  }
  if (port === 53) return {ok: true, address: ip};
  return {ok: true, address: ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`};
}
