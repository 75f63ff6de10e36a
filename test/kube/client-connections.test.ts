import {connect} from 'node:net';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {configMaps} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {configMap, failure, json, newClient, startRawServer, testCertificates} from './raw-server.ts';
import type {RawServer} from './raw-server.ts';
import {eventually} from './eventually.ts';

const at = {namespace: 'default', name: 'a'};
const write = {fieldManager: 'tester'};

let server: RawServer;
let client: KubeClient;
beforeEach(async () => {
  server = await startRawServer((_request, response) => json(response, 200, configMap('a', '1')));
  client = newClient(server);
});
afterEach(async () => {
  await client.close();
  await server.close();
});

describe('connections that break', () => {
  test('a GET is sent once more, a write never', async () => {
    let broken = 1;
    server.serve((request, response) => {
      if (broken-- > 0) request.socket.destroy();
      else json(response, 200, configMap('a', '1'));
    });
    await client.get(configMaps, at);
    expect(server.requests).toHaveLength(2);
    broken = 1;
    expect((await failure(client.apply(configMaps, configMap('a', '') as KubeObject, write))).isTransport).toBe(true);
    expect(server.requests).toHaveLength(3);
    broken = 2;
    expect((await failure(client.get(configMaps, at))).isTransport).toBe(true);
    expect(server.requests).toHaveLength(5);
  });

  test('a body that is cut is a transport error, not an answer', async () => {
    server.serve((request, response) => {
      response.writeHead(200, {'content-type': 'application/json', 'content-length': '1000'});
      response.write('{"metadata":', () => request.socket.destroy());
    });
    expect((await failure(client.get(configMaps, at))).isTransport).toBe(true);
  });

  test('an answer that trickles in ends at the timeout of the whole call', async () => {
    const timers: NodeJS.Timeout[] = [];
    server.serve((_request, response) => {
      response.writeHead(200, {'content-type': 'application/json'});
      timers.push(setInterval(() => response.write(' '), 20));
    });
    const error = await failure(client.get(configMaps, at, {timeoutMs: 150}));
    timers.forEach(clearInterval);
    expect(error.code).toBe('ISTHMUS_KUBE_TIMEOUT');
    expect(error.isTransport).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test("the caller's signal ends a call, and is not a transport error", async () => {
    server.serve(() => undefined);
    const stop = new AbortController();
    const call = failure(client.get(configMaps, at, {signal: stop.signal}));
    await eventually(() => server.requests.length).toBe(1);
    stop.abort();
    const error = await call;
    expect([error.isAborted, error.isTransport]).toEqual([true, false]);
    expect((await failure(client.get(configMaps, at, {signal: stop.signal}))).isAborted).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test('nobody listens: a transport error with its cause', async () => {
    await server.close();
    const error = await failure(client.get(configMaps, at));
    expect(error.isTransport).toBe(true);
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.message).toContain('ECONNREFUSED');
    server = await startRawServer(() => undefined);
  });

  test('a server that speaks no HTTP', async () => {
    server.serve((request) => request.socket.end('SSH-2.0-hello\r\n'));
    expect((await failure(client.get(configMaps, at))).isTransport).toBe(true);
  });
});

describe('TLS', () => {
  test('a server of another CA is not believed, and the reason says what to change', async () => {
    const {createAuthority} = await import('../../src/pki/authority.ts');
    const other = await createAuthority({
      commonName: 'x',
      notBeforeMs: Date.now() - 1_000,
      notAfterMs: Date.now() + 60_000,
    });
    const wary = newClient(server, {credentials: {...server.credentials, ca: other.certPem}});
    const error = await failure(wary.get(configMaps, at));
    await wary.close();
    expect(error.isTransport).toBe(true);
    expect(error.message).toContain('its certificate is not of the CA in the credentials');
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    {name: 'kube.test', ok: true},
    {name: 'other.test', ok: false},
  ])('tls-server-name $name is what the certificate must be for: $ok', async ({name, ok}) => {
    const named = newClient(server, {credentials: {...server.credentials, tlsServerName: name}});
    const result = await named.get(configMaps, at).then(
      () => true,
      (error: unknown) => !(error instanceof KubeError && error.isTransport),
    );
    await named.close();
    expect(result).toBe(ok);
  });

  test('a name of an untrusted kubeconfig that resolves to this machine is not connected to', async () => {
    const {ca} = await testCertificates();
    const credentials = {server: `https://localhost:${server.port}`, ca: ca.certPem, refuseLocalAddresses: true};
    const guarded = newClient(server, {credentials});
    const error = await failure(guarded.get(configMaps, at));
    await guarded.close();
    expect(error.message).toContain('addresses of this machine');
    expect(server.connections()).toBe(0);
  });

  test('plain HTTP spoken to the TLS port ends nothing', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    socket.end('GET / HTTP/1.1\r\n\r\n');
    await client.get(configMaps, at);
    socket.destroy();
  });
});
