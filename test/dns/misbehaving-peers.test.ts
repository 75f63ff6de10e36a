import {createSocket} from 'node:dgram';
import fc from 'fast-check';
import {decode} from 'dns-packet';
import {describe, expect, test} from 'vitest';
import type {DnsServer} from '../../dns/server.ts';
import {opt, question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {counted, framed, startServer, tcpPeer, udpPeer, withDeadline} from './live-server.ts';

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
  const answered = (name: string, message: Buffer, rcode: string) => ({name, message, rcode, overTcp: rcode});
  /** `overTcp`: undefined where it ends a connection. */
  const dropped = (name: string, message: Buffer, overTcp?: string) => ({name, message, rcode: undefined, overTcp});
  const withBytes = (at: number, ...bytes: number[]) => {
    const message = Buffer.from(good);
    message.set(bytes, at);
    return message;
  };
  const latin1 = (text: string) => [...Buffer.from(text, 'latin1')];
  const labels = (count: number, length: number) =>
    Array.from({length: count}, () => [length, ...Array<number>(length).fill(97)]).flat();
  const inSvc = [3, ...latin1('svc'), 10, ...latin1('clusterset'), 5, ...latin1('local'), 0];
  const named = (...name: readonly number[]) =>
    Buffer.concat([good.subarray(0, 12), Buffer.from(name), Buffer.from([0, 1, 0, 1])]);
  const withOption = (...octets: readonly number[]) => {
    const message = withBytes(11, 1);
    return Buffer.concat([message, opt(1232, 0, Buffer.from(octets))]);
  };
  const cases = [
    dropped('an empty datagram', Buffer.alloc(0)),
    dropped('half a header', good.subarray(0, 6)),
    dropped('a response', withBytes(2, 0x81)),
    dropped(
      'over 1232 octets',
      Buffer.concat([question(web, 'A', {edns: 1232}).subarray(0, -2), Buffer.from([4, 208]), Buffer.alloc(1232)]),
      'NOERROR',
    ),
    answered(
      'over 512 octets',
      Buffer.concat([question(web, 'A', {edns: 1232}).subarray(0, -2), Buffer.from([2, 0]), Buffer.alloc(512)]),
      'NOERROR',
    ),
    dropped('65,507 octets of nothing', Buffer.alloc(65_507)),
    dropped('60,000 octets of chained pointers', pointerChain(60_000)),
    answered('500 octets of chained pointers', pointerChain(500), 'FORMERR'),
    answered(
      'a pointer to itself',
      Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
      'FORMERR',
    ),
    answered('a pointer forwards', named(0xc0, 40), 'FORMERR'),
    answered('a pointer past the end', named(0xff, 0xff), 'FORMERR'),
    answered('half a pointer', Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0])]), 'FORMERR'),
    answered('a pointer behind a label', named(3, 119, 101, 98, 0xc0, 12), 'FORMERR'),
    answered('a label of the kind 0x40', named(0x41, 97, 0), 'FORMERR'),
    answered('a label of the kind 0x80', named(0x81, 97, 0), 'FORMERR'),
    answered('a label of 64 octets', named(64, ...Array<number>(64).fill(97), 0), 'FORMERR'),
    answered('a label of 63 octets', named(63, ...Array<number>(63).fill(97), 0), 'REFUSED'),
    answered('a name of 255 octets', named(...labels(3, 63), ...labels(1, 61), 0), 'REFUSED'),
    answered('a name of 256 octets', named(...labels(3, 63), ...labels(1, 62), 0), 'FORMERR'),
    answered('a name of 127 labels', named(...labels(127, 1), 0), 'REFUSED'),
    answered('a name that never ends', Buffer.concat([good.subarray(0, 12), Buffer.from([5, 97])]), 'FORMERR'),
    answered('the root', named(0), 'REFUSED'),
    answered('a label with a dot is no two labels', named(8, ...latin1('web.test'), ...inSvc), 'NXDOMAIN'),
    answered('a label with a NUL', named(4, ...latin1('web\0'), 4, ...latin1('test'), ...inSvc), 'NXDOMAIN'),
    answered('the zone within a label', named(17, ...latin1('\nclusterset\u0005local'), 0), 'REFUSED'),
    ...Array.from({length: 15}, (_, i) => answered(`opcode ${i + 1}`, withBytes(2, (i + 1) << 3), 'NOTIMP')),
    ...[0, 3, 4, 254, 255].map((n) => answered(`class ${n}`, withBytes(good.length - 1, n), 'REFUSED')),
    answered('65,535 questions', withBytes(4, 255, 255), 'FORMERR'),
    answered('type OPT', withBytes(good.length - 3, 41), 'FORMERR'),
    answered('type TSIG', withBytes(good.length - 3, 250), 'NOTIMP'),
    answered('a transfer', withBytes(good.length - 3, 252), 'REFUSED'),
    answered('an octet too many', Buffer.concat([good, Buffer.from([0])]), 'FORMERR'),
    answered('an octet too few', good.subarray(0, -1), 'FORMERR'),
    answered(
      'a record that is no OPT',
      Buffer.concat([withBytes(11, 1), good.subarray(12), Buffer.alloc(6)]),
      'FORMERR',
    ),
    answered('two OPT records', Buffer.concat([withBytes(11, 2), opt(1232), opt(1232)]), 'FORMERR'),
    answered(
      'an OPT record with an owner',
      Buffer.concat([withBytes(11, 1), Buffer.from([1, 97]), opt(1232)]),
      'FORMERR',
    ),
    answered('a cookie of 7 octets', withOption(0, 10, 0, 7, 1, 2, 3, 4, 5, 6, 7), 'FORMERR'),
    answered('a cookie of 41 octets', withOption(0, 10, 0, 41, ...Array<number>(41).fill(9)), 'FORMERR'),
    answered('options that nobody knows', withOption(0xfd, 0xe9, 0, 2, 1, 2, 0, 3, 0, 0), 'NOERROR'),
    answered('EDNS 0', question(web, 'A', {edns: 0}), 'NOERROR'),
    answered('no question', withBytes(5, 0), 'FORMERR'),
    answered('two questions', withBytes(5, 2), 'FORMERR'),
    answered('type 0', withBytes(good.length - 3, 0), 'NOERROR'),
    answered('EDNS 65535', question(web, 'A', {edns: 65_535}), 'NOERROR'),
    answered('65,535 claimed records', withBytes(6, 255, 255, 255, 255, 255, 255), 'FORMERR'),
    answered(
      'an option that claims 65,535 octets',
      Buffer.concat([question(web, 'A', {edns: 512}).subarray(0, -2), Buffer.from([0, 4, 0, 10, 255, 255])]),
      'FORMERR',
    ),
  ];

  test('each gets what it deserves over TCP as well', async () => {
    // Longer than the test: what is closed was closed for what it sent.
    const server = await startServer({view: fixture, tcp: {idleMs: 600_000, messageMs: 600_000}});
    for (const {name, message, overTcp} of cases) {
      const peer = await tcpPeer(server);
      peer.socket.write(framed(message));
      if (overTcp === undefined) {
        await peer.closed;
        expect(await peer.messages(0), name).toEqual([]);
      } else {
        expect(decode((await peer.messages(1))[0]!).rcode, name).toBe(overTcp);
        peer.socket.destroy();
      }
    }
    expect(server.stats().tcpTimeouts).toBe(0);
    const last = await tcpPeer(server);
    last.socket.write(framed(good));
    expect(await last.messages(1)).toHaveLength(1);
  });

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

  test('a flood of connections that say nothing costs nobody his answers', async () => {
    const server = await startServer({
      view: fixture,
      // Longer than the test: no place that is taken becomes free by itself while the others come.
      tcp: {maxConnections: 50, maxConnectionsPerClient: 50, idleMs: 600_000},
    });
    const client = await goodClient(server);
    const flood = await Promise.all(Array.from({length: 200}, () => tcpPeer(server)));
    await counted(server, {tcpConnections: 50, tcpAccepted: 50, tcpRejected: 150});
    expect(await client.stop()).toBeGreaterThan(10);
    for (const {socket} of flood) socket.destroy();
    await counted(server, {tcpConnections: 0});
    const late = await tcpPeer(server);
    late.socket.write(framed(good));
    expect(await late.messages(1)).toHaveLength(1);
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
    await counted(server, {tcpConnections: 1});
  });
});
