import {beforeAll, expect, test} from 'vitest';
import type {DnsServerOptions} from '../../dns/server.ts';
import {eventually} from '../tools/eventually.ts';
import {opt, question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {framed, framedPeer, startServer, tcpPeer, udpPeer} from './live-server.ts';
import {askHttp2, openHttp2, openTls, testAuthority} from './secure-clients.ts';
import type {TestAuthority} from './secure-clients.ts';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await testAuthority();
});

/** A query with the Padding option, as clients send it that pad (RFC 7830). */
function paddedQuery(): Buffer {
  const message = Buffer.concat([
    question('web.test.svc.clusterset.local', 'A'),
    opt(1232, 0, Buffer.from([0, 12, 0, 4, 0, 0, 0, 0])),
  ]);
  message[11] = 1;
  return message;
}

test('over TLS and HTTPS answers are padded to 468 octets for who pads, over UDP and TCP they are not', async () => {
  const anyPort: DnsServerOptions['listen'] = {host: '127.0.0.1', port: 0};
  const server = await startServer({view: fixture, tlsListen: [anyPort], httpsListen: [anyPort]});
  server.useCertificate(await authority.issue());
  const [tls, https] = [server.addresses.tls[0]!, server.addresses.https[0]!];
  const {caPem} = authority;
  // The certificate is used from a moment later on.
  const socket = await eventually('a handshake', () => openTls({...tls, caPem}).catch(() => undefined));
  const overTls = framedPeer(socket);
  overTls.socket.write(framed(paddedQuery()));
  expect((await overTls.messages(1))[0]).toHaveLength(468);
  const session = await eventually('a session', () => openHttp2({...https, caPem}).catch(() => undefined));
  expect((await askHttp2(session, {body: paddedQuery()})).body).toHaveLength(468);
  session.destroy();
  const overTcp = await tcpPeer(server);
  overTcp.socket.write(framed(paddedQuery()));
  expect((await overTcp.messages(1))[0]!.length).toBeLessThan(200);
  expect((await (await udpPeer(server)).ask(paddedQuery())).length).toBeLessThan(200);
});
