import {connect as connectTcp} from 'node:net';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {decode} from 'dns-packet';
import {beforeAll, describe, expect, test} from 'vitest';
import type {DnsServer, DnsServerOptions} from '../../dns/server.ts';
import {eventually} from '../tools/eventually.ts';
import {question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {afterTest, counted, framed, framedPeer, startServer, udpPeer, withDeadline} from './live-server.ts';
import {askHttp1, askHttp2, openHttp2, openTls, testAuthority} from './secure-clients.ts';
import type {HttpsQuestion, HttpsReply, SecureTarget, TestAuthority} from './secure-clients.ts';

const web = 'web.test.svc.clusterset.local';
const anyPort = [{host: '127.0.0.1', port: 0}];
let authority: TestAuthority;
beforeAll(async () => {
  authority = await testAuthority();
});

async function secureServer(
  o: Partial<DnsServerOptions> = {},
): Promise<{server: DnsServer; tls: SecureTarget; https: SecureTarget}> {
  const server = await startServer({view: fixture, tlsListen: anyPort, httpsListen: anyPort, ...o});
  server.useCertificate(await authority.issue());
  const {tls, https} = server.addresses;
  const {caPem} = authority;
  return {server, tls: {...tls[0]!, caPem}, https: {...https[0]!, caPem}};
}

/** A certificate that was just given is used from a moment later on, and a stalled machine may miss the deadline of a handshake. */
function openPatiently(target: SecureTarget, alpn = 'dot'): ReturnType<typeof openTls> {
  return eventually('a handshake', () => openTls(target, {alpn}).catch(() => undefined), 15_000);
}

async function tlsPeer(target: SecureTarget): Promise<ReturnType<typeof framedPeer>> {
  return framedPeer(await openPatiently(target));
}

describe('DNS over TLS (RFC 7858)', () => {
  test('many queries in one go are answered in order, and the certificate is ours', async () => {
    const {tls, server} = await secureServer();
    const peer = await tlsPeer(tls);
    const queries = Array.from({length: 50}, (_, id) => question(web, 'A', {id}));
    peer.socket.write(Buffer.concat(queries.map(framed)));
    const replies = await peer.messages(50);
    expect(replies.map((reply) => reply.readUInt16BE(0))).toEqual(queries.map((_, id) => id));
    expect(decode(replies[0]!).answers).toMatchObject([{data: '10.42.42.42'}]);
    await counted(server, {tlsQueries: 50, tcpConnections: 1});
    peer.socket.end();
    await peer.closed;
    await counted(server, {tcpConnections: 0});
  });

  test('before there is a certificate, connections are closed at once', async () => {
    const server = await startServer({view: fixture, tlsListen: anyPort});
    await expect(openTls({...server.addresses.tls[0]!, caPem: authority.caPem})).rejects.toThrow();
    server.useCertificate(await authority.issue());
    const peer = await tlsPeer({...server.addresses.tls[0]!, caPem: authority.caPem});
    peer.socket.write(framed(question(web, 'A')));
    expect(await peer.messages(1)).toHaveLength(1);
  });

  test('a new certificate is for new connections, those that are there go on', async () => {
    const {server, tls} = await secureServer();
    const before = await tlsPeer(tls);
    const other = await testAuthority();
    server.useCertificate(await other.issue());
    await tlsPeer({...tls, caPem: other.caPem});
    await expect(openTls(tls)).rejects.toThrow();
    before.socket.write(framed(question(web, 'A')));
    expect(await before.messages(1)).toHaveLength(1);
  });

  test('a key of another certificate is refused, and the one before stays', async () => {
    const {server, tls} = await secureServer();
    const {certPem} = await authority.issue();
    const {keyPem} = await authority.issue();
    expect(() => server.useCertificate({certPem, keyPem})).toThrow('do not belong together');
    await tlsPeer(tls);
  });

  test.each([
    ['what is not TLS', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['half a handshake', Buffer.from([22, 3, 1, 2, 0, 1, 0])],
    ['nothing', Buffer.alloc(0)],
  ])('who sends %s is gone at the deadline', async (_name, bytes) => {
    const {server, tls} = await secureServer({tcp: {messageMs: 200, idleMs: 200}});
    const raw = connectTcp(tls.port, tls.host);
    raw.on('error', () => raw.destroy());
    raw.write(bytes);
    raw.resume();
    await withDeadline(once(raw, 'close'), 'the server to close');
    await counted(server, {tcpConnections: 0});
    expect(server.stats().tlsFailures).toBeGreaterThan(0);
  });

  test('handshakes by the hundred do not delay UDP', async () => {
    const {server, tls} = await secureServer({tcp: {maxConnectionsPerClient: 1000}});
    const peer = await udpPeer(server);
    const storm = spawn(process.execPath, ['-e', handshakeStorm(tls, 200)], {stdio: 'inherit'});
    afterTest(() => void storm.kill());
    const latencies: number[] = [];
    for (let id = 0; storm.exitCode === null && storm.signalCode === null; id = (id + 1) & 0xffff) {
      const begun = performance.now();
      await peer.ask(question(web, 'A', {id}));
      latencies.push(performance.now() - begun);
    }
    latencies.sort((a, b) => a - b);
    process.stdout.write(
      `UDP beside 200 handshakes: median ${latencies[latencies.length >> 1]!.toFixed(2)} ms of ${latencies.length}\n`,
    );
    expect(latencies[latencies.length >> 1]).toBeLessThan(5);
    expect(server.stats().tcpAccepted).toBeGreaterThanOrEqual(200);
  });
});

function handshakeStorm({host, port}: SecureTarget, count: number): string {
  return `const {connect} = require('node:tls');
    let left = ${count};
    const next = () => { if (left-- > 0) { const s = connect({host: '${host}', port: ${port}, rejectUnauthorized: false}, () => s.end()); s.on('close', next); s.on('error', () => undefined); } };
    for (let i = 0; i < 20; i++) next();`;
}

const transports: readonly [string, (target: SecureTarget) => Promise<(o: HttpsQuestion) => Promise<HttpsReply>>][] = [
  ['HTTP/1.1', async (target) => (o) => askHttp1(target, o)],
  [
    'HTTP/2',
    async (target) => {
      const session = await openHttp2(target);
      afterTest(() => session.destroy());
      return (o) => askHttp2(session, o);
    },
  ],
];

describe.each(transports)('DNS over HTTPS (RFC 8484) over %s', (_name, open) => {
  test('GET and POST, with the media type and as long a life as the records have', async () => {
    const {https, server} = await secureServer();
    const ask = await open(https);
    const query = question(web, 'A', {id: 0});
    const get = {method: 'GET', path: `/dns-query?dns=${query.toString('base64url')}`};
    for (const asked of [get, {body: query}]) {
      const {status, headers, body} = await ask(asked);
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        'application/dns-message',
        'max-age=5',
      ]);
      expect(decode(body).answers).toMatchObject([{data: '10.42.42.42'}]);
    }
    expect(server.stats().httpsQueries).toBe(2);
  });

  test('what is not there lives as long as its SOA says, a failure not at all', async () => {
    const {https} = await secureServer();
    const ask = await open(https);
    const negative = await ask({body: question('none.test.svc.clusterset.local', 'A')});
    expect([decode(negative.body).rcode, negative.headers['cache-control']]).toEqual(['NXDOMAIN', 'max-age=5']);
    const refused = await ask({body: question('example.org', 'A')});
    expect([decode(refused.body).rcode, refused.headers['cache-control']]).toEqual(['REFUSED', 'no-store']);
  });

  const query = question(web, 'A').toString('base64url');
  const refused: readonly [string, HttpsQuestion, number][] = [
    ['another path', {method: 'GET', path: `/resolve?dns=${query}`}, 404],
    ['a path that is not one', {method: 'GET', path: '//'}, 404],
    ['another method', {method: 'PUT', body: question(web, 'A')}, 405],
    ['no parameter', {method: 'GET', path: '/dns-query'}, 400],
    ['two parameters', {method: 'GET', path: `/dns-query?dns=${query}&dns=${query}`}, 400],
    ['padding', {method: 'GET', path: `/dns-query?dns=${query}==`}, 400],
    ['a parameter that is too long', {method: 'GET', path: `/dns-query?dns=${'A'.repeat(6000)}`}, 414],
    ['another media type', {body: question(web, 'A'), type: 'application/json'}, 415],
    ['a body that is too long', {body: Buffer.alloc(5000)}, 413],
    ['an empty body', {body: Buffer.alloc(0)}, 400],
    ['a response', {body: Buffer.from(question(web, 'A')).fill(0x80, 2, 3)}, 400],
  ];

  test('what is no query is answered with its status, and the connection goes on', async () => {
    const {https} = await secureServer();
    const ask = await open(https);
    for (const [what, asked, status] of refused) {
      expect((await ask(asked)).status, what).toBe(status);
      expect((await ask({body: question(web, 'A')})).status, what).toBe(200);
    }
  });

  test('answers that UDP would cut are whole', async () => {
    const {https} = await secureServer();
    const ask = await open(https);
    const {body} = await ask({body: question('thousand.test.svc.clusterset.local', 'A')});
    expect(decode(body).answers).toHaveLength(1000);
  });
});

test.each([
  ['no request', ''],
  ['a header that never ends', 'POST /dns-query HTTP/1.1\r\nhost: x\r\nx-'],
  [
    'a body that never ends',
    'POST /dns-query HTTP/1.1\r\nhost: x\r\ncontent-type: application/dns-message\r\ncontent-length: 100\r\n\r\nab',
  ],
])('over HTTPS, %s is closed at the deadline', async (_name, text) => {
  // A handshake has to fit, too.
  const {https, server} = await secureServer({tcp: {idleMs: 2_000}});
  const socket = await openPatiently(https, 'http/1.1');
  socket.on('error', () => socket.destroy());
  socket.write(text);
  const drip = setInterval(() => socket.destroyed || (text !== '' && socket.write('x')), 40);
  socket.resume();
  await withDeadline(once(socket, 'close'), 'the server to close');
  clearInterval(drip);
  await counted(server, {tcpConnections: 0});
  expect(server.stats().tcpTimeouts).toBeGreaterThan(0);
});
