import {once} from 'node:events';
import {createServer} from 'node:https';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import {expect} from 'vitest';
import {KubeClient} from '../../src/kube/client.ts';
import type {KubeClientOptions} from '../../src/kube/client.ts';
import type {ClusterCredentials} from '../../src/kube/credentials.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {createAuthority, issueServing} from '../../src/pki/authority.ts';
import type {KeyPairPem} from '../../src/pki/authority.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** An HTTPS server that does what a test says, well or badly; it counts connections and keeps what it was asked. */
export interface RawServer {
  readonly credentials: ClusterCredentials;
  readonly port: number;
  readonly requests: readonly {method: string; url: string; headers: IncomingMessage['headers']; body: string}[];
  readonly connections: () => number;
  readonly open: () => number;
  /** Replaces the behaviour. */
  serve(handler: Handler): void;
  destroySockets(): void;
  close(): Promise<void>;
}

const HOUR = 3_600_000;
let authority: Promise<{ca: KeyPairPem; serving: KeyPairPem}> | undefined;

/** One CA and one serving certificate (127.0.0.1, localhost, kube.test) for a test file. */
export function testCertificates(): Promise<{ca: KeyPairPem; serving: KeyPairPem}> {
  authority ??= (async () => {
    const times = {notBeforeMs: Date.now() - HOUR, notAfterMs: Date.now() + HOUR};
    const ca = await createAuthority({commonName: 'test CA', ...times});
    const names = {commonName: 'kube.test', dnsNames: ['localhost', 'kube.test'], ipAddresses: ['127.0.0.1']};
    return {ca, serving: await issueServing(ca, {...names, ...times})};
  })();
  return authority;
}

export async function startRawServer(handler: Handler): Promise<RawServer> {
  const {ca, serving} = await testCertificates();
  const requests: RawServer['requests'][number][] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let current = handler;
  const options = {cert: serving.certPem, key: serving.keyPem, keepAliveTimeout: 60_000};
  const server: Server = createServer(options, (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      requests.push({method: request.method ?? '', url: request.url ?? '', headers: request.headers, body});
      current(request, response, body);
    });
  });
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const destroySockets = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    credentials: {server: `https://127.0.0.1:${port}`, ca: ca.certPem, token: 'test-token'},
    port,
    requests,
    connections: () => connections,
    open: () => sockets.size,
    serve: (next) => (current = next),
    destroySockets,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      destroySockets();
      await closed;
    },
  };
}

export function newClient(server: RawServer, options: Partial<KubeClientOptions> = {}): KubeClient {
  return new KubeClient({credentials: server.credentials, userAgent: 'test/1', requestTimeoutMs: 2_000, ...options});
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {'content-type': 'application/json', ...headers});
  response.end(`${JSON.stringify(body)}\n`);
}

export function status(code: number, reason: string, message: string, more: object = {}): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message,
    details: {},
    ...more,
  };
}

export function configMap(name: string, resourceVersion: string, data: Record<string, string> = {}): object {
  const metadata = {name, namespace: 'default', uid: `uid-${name}`, resourceVersion};
  return {apiVersion: 'v1', kind: 'ConfigMap', metadata, data};
}

export function listOf(items: readonly object[], resourceVersion: string, token = ''): object {
  return {kind: 'ConfigMapList', apiVersion: 'v1', metadata: {resourceVersion, continue: token}, items};
}

/** A handler that always gives this answer; a text goes out as text/plain. */
export function answer(code: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return (_request, response) => {
    if (typeof body !== 'string') json(response, code, body, headers);
    else response.writeHead(code, {'content-type': 'text/plain; charset=utf-8', ...headers}).end(body);
  };
}

/** The KubeError that a call must end with. */
export async function failure(call: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KubeError);
  return error as KubeError;
}
