import {once} from 'node:events';
import {connect} from 'node:net';
import {expect, test} from 'vitest';
import type {DnsServer} from '../../dns/server.ts';
import {question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {counted, framed, framedPeer, startServer} from './live-server.ts';
import type {TcpPeer} from './live-server.ts';

async function connectFrom(server: DnsServer, localAddress: string): Promise<TcpPeer> {
  const {host, port} = server.address;
  const socket = connect({host, port, localAddress});
  const peer = framedPeer(socket);
  await once(socket, 'connect');
  return peer;
}

test('the cap on all connections holds for clients that are each below their own', async () => {
  const server = await startServer({
    view: fixture,
    tcp: {maxConnections: 4, maxConnectionsPerClient: 2, idleMs: 600_000},
  });
  const clients = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
  const admitted: TcpPeer[] = [];
  for (const client of clients) {
    admitted.push(await connectFrom(server, client));
    await counted(server, {tcpConnections: admitted.length});
  }
  const fifth = await connectFrom(server, '127.0.0.6');
  await fifth.closed;
  const second = await connectFrom(server, clients[0]!);
  await second.closed;
  await counted(server, {tcpConnections: 4, tcpAccepted: 4, tcpRejected: 2});
  for (const peer of admitted) {
    peer.socket.write(framed(question('web.test.svc.clusterset.local', 'A')));
    expect(await peer.messages(1)).toHaveLength(1);
  }
  admitted[0]!.socket.end();
  await admitted[0]!.closed;
  await counted(server, {tcpConnections: 3});
  const late = await connectFrom(server, '127.0.0.6');
  late.socket.write(framed(question('web.test.svc.clusterset.local', 'A')));
  expect(await late.messages(1)).toHaveLength(1);
});
