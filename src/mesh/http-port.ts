import type {ImportPort} from '../api/kinds.ts';

/** What `appProtocol` says for plaintext HTTP: IANA names, Istio's, and those of KEP-3726. TLS (`https`, `kubernetes.io/wss`) is TCP to a proxy. */
const HTTP_PROTOCOLS: ReadonlySet<string> = new Set([
  'http',
  'http2',
  'h2c',
  'grpc',
  'grpc-web',
  'ws',
  'kubernetes.io/h2c',
  'kubernetes.io/ws',
]);

/** Whether a port is routed as HTTP: `appProtocol` decides where it is given; else the port's name; else port 80 is HTTP. */
export function isHttpPort(port: ImportPort): boolean {
  if ((port.protocol ?? 'TCP') !== 'TCP') return false;
  if (port.appProtocol !== undefined && port.appProtocol !== '') {
    return HTTP_PROTOCOLS.has(port.appProtocol.toLowerCase());
  }
  return namesHttp(port.name ?? '') || port.port === 80;
}

function namesHttp(name: string): boolean {
  return /^(http(?!s)|grpc(?!s))/.test(name);
}
