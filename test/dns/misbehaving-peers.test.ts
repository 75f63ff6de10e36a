import {createSocket} from 'node:dgram';
import fc from 'fast-check';
import {decode} from 'dns-packet';
import {describe, expect, test, vi} from 'vitest';
import type {DnsStats} from '../../dns/counters.ts';
import type {DnsServer} from '../../dns/server.ts';
import {opt, question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {framed, startServer, tcpPeer, udpPeer, withDeadline} from './live-server.ts';

const web = 'web.test.svc.clusterset.local';
const good = question(web, 'A');

/** Asks one good query after another until it is stopped; every one must be answered rightly. */
async function goodClient(server: DnsServer): Promise<{stop: () => Promise<number>}> {
  const peer = await udpPeer(server);
  const stopped = new AbortController();
  const run = (async () => {
    let asked = 0;
    for (; !stopped.signal.aborted || asked < 20; asked++) {
      const reply = decode(await peer.ask(question(web, 'A', {id: asked & 0xffff})));
      expect(reply).toMatchObject({id: asked & 0xffff, rcode: 'NOERROR', answers: [{data: '10.42.42.42'}]});
    }
    return asked;
  })();
  run.catch(() => undefined);
  return {
    stop: () => {
      stopped.abort();
      return run;
    },
  };
}

/** A name whose every label is a pointer to the one before: what makes careless parsers quadratic. */
function pointerChain(bytes: number): Buffer {
  const chain = Buffer.alloc(bytes);
  question(web, 'A').copy(chain, 0, 0, 12);
  for (let at = 12; at + 4 <= bytes; at += 4) {
    chain.set([1, 97], at);
    chain.writeUInt16BE(0xc000 | (Math.max(12, at - 4) & 0x3fff), at + 2);
  }
  return chain;
}

describe('over UDP, beside a good client that loses nothing', () => {
  const answered = (name: string, message: Buffer, rcode: string) => ({name, message, rcode});
  const dropped = (name: string, message: Buffer) => ({name, message, rcode: undefined});
  const withBytes = (at: number, ...bytes: number[]) => {
    const message = Buffer.from(good);
    message.set(bytes, at);
    return message;
  };
  const cases = [
    dropped('an empty datagram', Buffer.alloc(0)),
    dropped('half a header', good.subarray(0, 6)),
    dropped('a response', withBytes(2, 0x81)),
    dropped(
      'over 512 octets',
      Buffer.concat([question(web, 'A', {edns: 1232}).subarray(0, -2), Buffer.from([2, 0]), Buffer.alloc(512)]),
    ),
    dropped('65,507 octets of nothing', Buffer.alloc(65_507)),
    dropped('60,000 octets of chained pointers', pointerChain(60_000)),
    answered('500 octets of chained pointers', pointerChain(500), 'FORMERR'),
    answered(
      'a pointer to itself',
      Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
      'FORMERR',
    ),
    answered('opcode 15', withBytes(2, 0x78), 'NOTIMP'),
    answered('no question', withBytes(5, 0), 'FORMERR'),
    answered('two questions', withBytes(5, 2), 'FORMERR'),
    answered('class 0', withBytes(good.length - 1, 0), 'REFUSED'),
    answered('type 0', withBytes(good.length - 3, 0), 'NOERROR'),
    answered('EDNS 65535', question(web, 'A', {edns: 65_535}), 'NOERROR'),
    answered('65,535 claimed records', withBytes(6, 255, 255, 255, 255, 255, 255), 'FORMERR'),
    answered(
      'an option that claims 65,535 octets',
      Buffer.concat([question(web, 'A', {edns: 512}).subarray(0, -2), Buffer.from([0, 4, 0, 10, 255, 255])]),
      'FORMERR',
    ),
  ];

  test('each gets what it deserves, and the server lives', async () => {
    const server = await startServer({view: fixture});
    const client = await goodClient(server);
    for (const {name, message, rcode} of cases) {
      const peer = await udpPeer(server);
      await peer.send(message);
      // Sent behind it from the same port: its answer says that the message before it has been dealt with.
      await peer.ask(question('dns-version.clusterset.local', 'TXT', {id: 1}));
      const replies = peer.received.filter((reply) => reply.readUInt16BE(0) !== 1);
      expect(
        replies.map((reply) => decode(reply).rcode),
        name,
      ).toEqual(rcode === undefined ? [] : [rcode]);
    }
    expect(await client.stop()).toBeGreaterThan(10);
    expect(server.stats()).toMatchObject({droppedMalformed: 3, droppedOversized: 3, socketFailures: 0});
  });

  test('thousands of generated packets never crash it and never get a wrong answer', async () => {
    const server = await startServer({view: fixture});
    const client = await goodClient(server);
    const peer = await udpPeer(server);
    const mutated = fc
      .tuple(
        fc.constantFrom(good, question(web, 'SRV', {edns: 4096}), question('db.test.svc.clusterset.local', 'A')),
        fc.array(fc.tuple(fc.nat(80), fc.nat(255)), {maxLength: 6}),
        fc.nat(80),
      )
      .map(([base, changes, length]) => {
        const message = Buffer.from(base);
        for (const [at, value] of changes) message[at % message.length] = value;
        return message.subarray(0, length + 10);
      });
    const anything = fc.oneof(
      mutated,
      fc.uint8Array({maxLength: 600}).map((bytes) => Buffer.from(bytes)),
    );
    const packets = fc.sample(anything, 3000);
    for (const message of packets) await peer.send(message);
    await client.stop();
    for (const reply of peer.received) {
      expect(reply[2]! & 0x80).toBe(0x80);
      expect(() => decode(reply)).not.toThrow();
      expect(reply.length).toBeLessThanOrEqual(1232);
    }
    const {udpQueries, answers, droppedMalformed, droppedOversized} = server.stats();
    const counted = Object.values(answers).reduce((a, b) => a + b) + droppedMalformed + droppedOversized;
    expect(counted).toBe(udpQueries);
  });

  test('a source port of 0 is dropped', async () => {
    // Nobody can send from there without raw sockets: the listener is given what the kernel would give it.
    const {Counters, Counter} = await import('../../dns/counters.ts');
    const {UdpListener} = await import('../../dns/transport/udp-listener.ts');
    const {compileView, makeResponder} = await import('./ask.ts');
    const counters = new Counters(Counters.allocate(1), 0);
    const socket = createSocket('udp4');
    const listener = new UdpListener(socket, {counters, responder: makeResponder(compileView(fixture))});
    socket.emit('message', good, {address: '127.0.0.1', port: 0, family: 'IPv4', size: good.length});
    expect([counters.get(Counter.droppedPortZero), counters.get(Counter.socketFailures)]).toEqual([1, 0]);
    await listener.close();
  });
});

/** The client may see its connection end before the worker has counted that. */
function counted(server: DnsServer, numbers: Partial<DnsStats>): Promise<void> {
  return vi.waitFor(() => expect(server.stats()).toMatchObject(numbers));
}

describe('over TCP, beside a good client that loses nothing', () => {
  test('a hundred pipelined queries in one write are answered in order', async () => {
    const peer = await tcpPeer(await startServer({view: fixture}));
    const queries = Array.from({length: 100}, (_, id) => question(web, 'A', {id}));
    peer.socket.write(Buffer.concat(queries.map(framed)));
    const replies = await peer.messages(100);
    expect(replies.map((reply) => reply.readUInt16BE(0))).toEqual(queries.map((_, id) => id));
  });

  test('a query in pieces of one octet is a query', async () => {
    const peer = await tcpPeer(await startServer({view: fixture}));
    peer.socket.setNoDelay(true);
    for (const octet of framed(good)) {
      peer.socket.write(Buffer.from([octet]));
      await new Promise((resolve) => void setImmediate(resolve));
    }
    expect((await peer.messages(1))[0]?.readUInt16BE(0)).toBe(4711);
  });

  test('a client that ends its side still gets its answers', async () => {
    const peer = await tcpPeer(await startServer({view: fixture}));
    peer.socket.end(Buffer.concat([framed(good), framed(good)]));
    expect(await peer.messages(2)).toHaveLength(2);
    await peer.closed;
  });

  test.each([
    ['a response', framed(Buffer.from(good).fill(0x80, 2, 3))],
    ['a message of 0 octets', Buffer.from([0, 0])],
    ['a message shorter than a header', Buffer.from([0, 11])],
    ['a length that no query has', Buffer.from([255, 255, 1, 2, 3])],
    ['what is not DNS', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ])('%s ends the connection', async (_name, bytes) => {
    const server = await startServer({view: fixture});
    const client = await goodClient(server);
    const peer = await tcpPeer(server);
    peer.socket.write(bytes);
    await peer.closed;
    await client.stop();
    await counted(server, {tcpConnections: 0, tcpTimeouts: 0});
  });

  test.each([
    ['nothing at all', {idleMs: 100}, Buffer.alloc(0)],
    ['an octet now and then', {messageMs: 300}, undefined],
    ['a query and then nothing', {idleMs: 100}, framed(good)],
    ['half a query', {messageMs: 100}, framed(good).subarray(0, 20)],
  ])('who sends %s is closed at the deadline', async (_name, tcp, bytes) => {
    const server = await startServer({view: fixture, tcp: {idleMs: 60_000, messageMs: 60_000, ...tcp}});
    const client = await goodClient(server);
    const peer = await tcpPeer(server);
    const octets = bytes ?? framed(good);
    peer.socket.write(octets.subarray(0, bytes ? undefined : 1));
    let at = 1;
    const drip = setInterval(() => void (!bytes && at < 20 && peer.socket.write(octets.subarray(at, ++at))), 40);
    await peer.closed;
    clearInterval(drip);
    await client.stop();
    await counted(server, {tcpConnections: 0, tcpTimeouts: 1});
  });

  test('who does not read his answers is no longer read from, and loses nothing when he goes on', async () => {
    const server = await startServer({view: fixture});
    const client = await goodClient(server);
    const peer = await tcpPeer(server);
    peer.socket.pause();
    // 16 kB each: 16 MB of answers.
    const queries = Array.from({length: 1000}, (_, id) =>
      framed(question('thousand.test.svc.clusterset.local', 'A', {id})),
    );
    peer.socket.write(Buffer.concat(queries));
    await client.stop();
    expect(server.stats().tcpQueries).toBeLessThan(900);
    peer.socket.resume();
    expect((await peer.messages(1000)).map((reply) => reply.readUInt16BE(0))).toEqual(queries.map((_, id) => id));
  });

  test('connections over a cap are closed, those below it stay good', async () => {
    const server = await startServer({view: fixture, tcp: {maxConnectionsPerClient: 3}});
    const first = await tcpPeer(server);
    await tcpPeer(server);
    const third = await tcpPeer(server);
    const fourth = await tcpPeer(server);
    await fourth.closed;
    first.socket.write(framed(good));
    expect(await first.messages(1)).toHaveLength(1);
    await counted(server, {tcpConnections: 3, tcpAccepted: 3, tcpRejected: 1});
    third.socket.end();
    await third.closed;
    await counted(server, {tcpConnections: 2});
    const fifth = await tcpPeer(server);
    fifth.socket.write(framed(good));
    expect(await withDeadline(fifth.messages(1), 'the freed place')).toHaveLength(1);
  });

  test('a reset in the middle of a query costs nothing', async () => {
    const server = await startServer({view: fixture});
    const client = await goodClient(server);
    for (let i = 0; i < 20; i++) {
      const peer = await tcpPeer(server);
      peer.socket.write(framed(good).subarray(0, 10));
      peer.socket.resetAndDestroy();
      await peer.closed;
    }
    await client.stop();
    const last = await tcpPeer(server);
    last.socket.write(
      Buffer.concat([framed(Buffer.concat([good.subarray(0, 11), Buffer.from([1]), good.subarray(12), opt(512)]))]),
    );
    expect(await last.messages(1)).toHaveLength(1);
    expect(server.stats().tcpConnections).toBe(1);
  });
});
