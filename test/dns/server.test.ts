import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import {queryDns} from '../../dns/client.ts';
import {startDnsServer} from '../../dns/server.ts';
import {pino} from 'pino';
import {eventually} from '../tools/eventually.ts';
import {question} from './ask.ts';
import {changeOf, everything, fixture, makeImport, makeView} from './fixture-view.ts';
import {startServer, tcpPeer, udpPeer, withDeadline} from './live-server.ts';

const silent = pino({level: 'silent'});

describe('worked query 29, over the socket', () => {
  test('29: what is truncated over UDP comes whole over TCP', async () => {
    const {host, port} = (await startServer({view: fixture})).address;
    const ask = {server: host, port, name: 'thousand.test.svc.clusterset.local', type: 'A'};
    expect(await queryDns({...ask, transport: 'udp'})).toMatchObject({truncated: true, answers: []});
    const whole = await queryDns(ask);
    expect(whole).toMatchObject({truncated: false, transport: 'tcp'});
    expect(whole.answers).toHaveLength(1000);
  });
});

describe('publishing', () => {
  const web = 'web.test.svc.clusterset.local';
  const ask = (server: {address: {host: string; port: number}}, name = web) =>
    queryDns({server: server.address.host, port: server.address.port, name, type: 'A'});

  test('26: SERVFAIL with the reason until a synced view is published', async () => {
    const server = await startServer();
    const notReady = {rcode: 'SERVFAIL', extendedErrors: [{code: 14, name: 'NOT_READY', text: ''}]};
    expect(await ask(server)).toMatchObject(notReady);
    server.publish({...fixture, revision: 1, synced: false}, everything);
    await server.served(1);
    expect(await ask(server)).toMatchObject(notReady);
    // The first synced view is compiled whole, whatever it says has changed.
    server.publish({...fixture, revision: 2}, changeOf({}));
    await server.served(2);
    expect(await ask(server)).toMatchObject({rcode: 'NOERROR', authoritative: true, extendedErrors: []});
  });

  test('an import that goes is gone at the revision that says so', async () => {
    const server = await startServer({view: fixture});
    expect(await ask(server)).toMatchObject({rcode: 'NOERROR'});
    const imports = new Map(fixture.imports);
    imports.delete('test/web');
    server.publish({...fixture, imports, revision: 2}, changeOf({imports: new Set(['test/web'])}));
    await server.served(2);
    expect(await ask(server)).toMatchObject({rcode: 'NXDOMAIN'});
    expect(await ask(server, 'v4.test.svc.clusterset.local')).toMatchObject({rcode: 'NOERROR'});
    expect(server.stats().revision).toBe(2);
  });

  test('`served` waits for its revision and is refused when that can not come', async () => {
    const server = await startServer({view: fixture});
    const never = server.served(99);
    const refused = expect(never).rejects.toMatchObject({code: 'ISTHMUS_DNS_WORKER'});
    server.publish({...fixture, revision: 5}, changeOf({}));
    await server.served(5);
    await server.close();
    await refused;
  });

  test('two workers share the port, and both serve what is published', async () => {
    const server = await startServer({workers: 2, view: fixture});
    // The kernel picks the worker by the client's port: this many miss one with a chance of 2^-39.
    const asked = Array.from({length: 40}, () => ask(server));
    for (const reply of await Promise.all(asked)) expect(reply.answers[0]?.data).toBe('10.42.42.42');
    expect(server.stats()).toMatchObject({udpQueries: 40, answers: {NOERROR: 40}, revision: 1});
  });

  test('a publication of 20,000 imports is served whole, and names are counted', async () => {
    const imports = Array.from({length: 20_000}, (_, i) => makeImport(`s${i}`, {ips: ['10.0.0.1']}));
    const server = await startServer({view: makeView({namespaces: ['test'], imports})});
    expect(server.stats().names).toBe(20_000 + 1 + 5);
    expect(await ask(server, 's19999.test.svc.clusterset.local')).toMatchObject({rcode: 'NOERROR'});
  });

  test('another zone', async () => {
    const server = await startServer({zone: 'Mesh.Example.', ttlSeconds: 60, view: fixture});
    const reply = await ask(server, 'web.test.svc.mesh.example');
    expect(reply.answers).toEqual([{name: 'web.test.svc.mesh.example.', type: 'A', ttl: 60, data: '10.42.42.42'}]);
    expect(await ask(server)).toMatchObject({rcode: 'REFUSED'});
  });
});

describe('listening and ending', () => {
  test('IPv6', async () => {
    const server = await startServer({listen: {host: '::1', port: 0}, view: fixture});
    for (const transport of ['udp', 'tcp'] as const) {
      const {port} = server.address;
      const reply = await queryDns({server: '::1', port, name: 'web.test.svc.clusterset.local', type: 'A', transport});
      expect(reply.answers[0]?.data).toBe('10.42.42.42');
    }
  });

  test('IPv4 clients of a server on all addresses', async () => {
    const server = await startServer({listen: {host: '::', port: 0}, view: fixture});
    const {port} = server.address;
    const reply = await queryDns({server: '127.0.0.1', port, name: 'web.test.svc.clusterset.local', type: 'A'});
    expect(reply.answers[0]?.data).toBe('10.42.42.42');
  });

  test('a port that is taken, for TCP only, is an error that names it', {timeout: 60_000}, async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const {port} = other.address() as AddressInfo;
    const start = startDnsServer({listen: {host: '127.0.0.1', port}, logger: silent});
    await expect(start).rejects.toMatchObject({code: 'ISTHMUS_DNS_LISTEN', details: {port, code: 'EADDRINUSE'}});
    other.close();
    await once(other, 'close');
    // Nothing of the attempt is left: now it works, and the same port again after the end.
    for (let i = 0; i < 2; i++) await (await startServer({listen: {host: '127.0.0.1', port}})).close();
  });

  test.each([
    ['a host that is a name', {listen: {host: 'localhost', port: 0}}, /localhost is not an IP address/],
    ['a TTL that is too long', {ttlSeconds: 3601}, /use 0 to 3600/],
    ['no worker', {workers: 0}, /use 1 to 64/],
    ['a zone that is no name', {zone: 'a..b'}, /a..b is not a domain name/],
    ['a zone that is the root', {zone: '.'}, /is not a domain name/],
  ])('%s is refused', async (_name, options, message) => {
    await expect(startServer(options)).rejects.toThrow(message);
  });

  test('after `close` nothing holds the process', async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('open-and-close.ts', import.meta.url))]);
    const said = once(child.stdout, 'data') as Promise<[Buffer]>;
    const [code] = await withDeadline(once(child, 'exit'), 'the process to end by itself');
    expect(code).toBe(0);
    expect((await said)[0].toString().trim()).toBe('[]');
  });

  test('a worker that dies: the server says so, and its sockets are gone', async () => {
    const lines: string[] = [];
    const logger = pino({}, {write: (line: string) => void lines.push(line)});
    const server = await startServer({logger, view: fixture});
    const peer = await tcpPeer(server);
    const served = expect(server.served(2)).rejects.toMatchObject({code: 'ISTHMUS_DNS_WORKER'});
    server.crash();
    expect(await withDeadline(server.failed, 'the worker to die')).toMatchObject({code: 'ISTHMUS_DNS_WORKER'});
    await Promise.all([served, peer.closed]);
    expect(lines.map((line) => (JSON.parse(line) as {msg: string}).msg)).toContain('dns worker ended');
    const {host, port} = server.address;
    const again = await startServer({listen: {host, port}});
    expect(again.address).toEqual({host, port});
  });

  test('those that are left go on with what is published until the server is closed', async () => {
    const server = await startServer({workers: 2, view: fixture});
    server.crash();
    await withDeadline(server.failed, 'the worker to die');
    const imports = new Map([['test/late', makeImport('late', {ips: ['10.42.0.7']})]]);
    server.publish({...fixture, imports, revision: 2}, changeOf({imports: new Set(['test/late'])}));
    const {host, port} = server.address;
    const name = 'late.test.svc.clusterset.local';
    await eventually('the new answer', async () => {
      const reply = await queryDns({server: host, port, name, type: 'A'});
      return reply.answers[0]?.data === '10.42.0.7';
    });
    await expect(server.served(2)).rejects.toMatchObject({code: 'ISTHMUS_DNS_WORKER'});
  });

  test('asking a port that nobody listens on fails at once, not at the deadline', async () => {
    const server = await startServer();
    await server.close();
    const ask = {server: '127.0.0.1', port: server.address.port, name: 'a', type: 'A', timeoutMs: 60_000};
    await expect(queryDns({...ask, transport: 'udp'})).rejects.toMatchObject({code: 'ISTHMUS_DNS_QUERY'});
    await expect(queryDns({...ask, transport: 'tcp'})).rejects.toMatchObject({code: 'ISTHMUS_DNS_QUERY'});
  });

  test('a raw client sees the same octets as the look-up', async () => {
    const peer = await udpPeer(await startServer({view: fixture}));
    const sent = question('web.test.svc.clusterset.local', 'A', {id: 7});
    const reply = await withDeadline(peer.ask(sent), 'the answer');
    expect(reply.toString('hex')).toBe(
      `00078500000100010000000003776562047465737403737663${Buffer.from('\u000aclusterset\u0005local\u0000').toString('hex')}` +
        '00010001c00c00010001000000050004' +
        '0a2a2a2a',
    );
  });
});
