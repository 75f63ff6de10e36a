import {once} from 'node:events';
import {createServer} from 'node:net';
import type {AddressInfo, Server, Socket} from 'node:net';

import {pino} from 'pino';
import {afterEach, beforeEach, expect, test} from 'vitest';

import {startAgentProcess} from '../../cli/agent-process.ts';
import {eventually} from '../tools/eventually.ts';

/** An API server that takes connections and never says a word: that of a cluster that is being repaired. */
let api: Server;
const connections = new Set<Socket>();

beforeEach(async () => {
  api = createServer((socket) => {
    connections.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => connections.delete(socket));
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
});
afterEach(async () => {
  for (const socket of connections) socket.destroy();
  api.close();
  await once(api, 'close');
});

test('a worker of DNS that dies while the agent still waits for the API server ends the start, and frees the port', async () => {
  const anywhere = {host: '127.0.0.1', port: 0};
  const {port} = api.address() as AddressInfo;
  let dnsPort = 0;
  const starting = startAgentProcess({
    ...{credentials: {server: `https://127.0.0.1:${port}`, ca: ''}, clusterId: 'a', namespace: 'isthmus-system'},
    ...{identity: 'one', dnsListen: anywhere, webhookListen: anywhere, healthListen: undefined, webhookUrl: 'auto'},
    ...{sidecarImage: 'example.org/envoy:1', ttlSeconds: 5, lingerMs: 0, maxVips: 10, development: true},
    logger: pino({level: 'silent'}),
    onDns: (address, dns) => {
      dnsPort = address.port;
      void eventually('a question to the API server', () => connections.size > 0).then(() => dns.crash());
    },
  });
  await expect(starting).rejects.toMatchObject({code: 'ISTHMUS_DNS_WORKER'});
  const again = createServer().listen(dnsPort, '127.0.0.1');
  await once(again, 'listening');
  again.close();
  await once(again, 'close');
});
