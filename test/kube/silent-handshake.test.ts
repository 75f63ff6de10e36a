import {once} from 'node:events';
import type {AddressInfo, Server, Socket} from 'node:net';
import {createServer} from 'node:net';

import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import {namespaces} from '../../src/api/resources.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {createAuthority} from '../../src/pki/authority.ts';

/** Far more than the limits below, and less than what connecting may take. */
const AT_ONCE_MS = 2_000;
const sockets = new Set<Socket>();
let server: Server;
let client: KubeClient;

beforeAll(async () => {
  // Takes connections and says nothing, as the kernel does for a process that hangs.
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {certPem} = await createAuthority({commonName: 'test', notBeforeMs: 0, notAfterMs: Date.now() + 60_000});
  const {port} = server.address() as AddressInfo;
  const credentials = {server: `https://127.0.0.1:${port}`, ca: certPem, token: 'secret'};
  client = new KubeClient({credentials, userAgent: 'test'});
});

afterAll(async () => {
  await client.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function tookMs(call: Promise<unknown>, code: string): Promise<number> {
  const startedAt = performance.now();
  await expect(call).rejects.toMatchObject({code});
  return performance.now() - startedAt;
}

async function firstEvent(o: {signal: AbortSignal} | {timeoutMs: number}): Promise<unknown> {
  for await (const event of client.watch(namespaces, {resourceVersion: '1', ...o})) return event;
  return undefined;
}

describe('an API server that hangs before the TLS handshake', () => {
  test.each([
    {name: 'a request', call: () => client.version({timeoutMs: 100})},
    {name: 'a watch', call: () => firstEvent({timeoutMs: 100})},
  ])('does not keep $name longer than its time', async ({call}) => {
    expect(await tookMs(call(), 'ISTHMUS_KUBE_TIMEOUT')).toBeLessThan(AT_ONCE_MS);
  });

  test.each([
    {name: 'a request', call: (signal: AbortSignal) => client.version({signal})},
    {name: 'a watch', call: (signal: AbortSignal) => firstEvent({signal})},
  ])('does not keep $name that is aborted', async ({call}) => {
    expect(await tookMs(call(AbortSignal.timeout(100)), 'ISTHMUS_KUBE_ABORTED')).toBeLessThan(AT_ONCE_MS);
  });
});
