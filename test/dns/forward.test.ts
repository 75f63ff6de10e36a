import {decode} from 'dns-packet';
import type {DecodedPacket} from 'dns-packet';
import {afterEach, describe, expect, test} from 'vitest';
import {eventually} from '../tools/eventually.ts';
import type {DnsServer, DnsServerOptions} from '../../dns/server.ts';
import {compileView, makeResponder, opt, question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {framed, startServer, tcpPeer, udpPeer} from './live-server.ts';
import {addressReply, PlayedUpstream, reply} from './played-upstream.ts';
import type {Answering, Asked} from './played-upstream.ts';

const upstreams: PlayedUpstream[] = [];
afterEach(async () => {
  for (const upstream of upstreams.splice(0)) await upstream.close();
});

async function upstream(answer: Answering): Promise<PlayedUpstream> {
  const played = new PlayedUpstream(answer);
  upstreams.push(played);
  await played.start();
  return played;
}

async function forwarding(
  o: Partial<DnsServerOptions> & {to: readonly PlayedUpstream[]},
): Promise<{server: DnsServer; ask: (message: Buffer) => Promise<DecodedPacket>}> {
  const {to, forward = {}, ...options} = o;
  // So patient that a machine which stands still makes no question of its own.
  const limits = {udpMs: 30_000, tcpMs: 30_000, ...forward.limits};
  const upstreams = to.map(({address}) => address);
  const server = await startServer({view: fixture, upstreams, forward: {...forward, limits}, ...options});
  const peer = await udpPeer(server);
  return {server, ask: async (message) => decode(await peer.ask(message))};
}

const good: Answering = (asked) => addressReply(asked, '192.0.2.1');
const data = (packet: DecodedPacket) => packet.answers.map((record) => record.data);
let nextId = 0;
const outside = (name = 'www.example.org', type = 'A', o: object = {}) => question(name, type, {id: ++nextId, ...o});
const inZone = () => question('web.test.svc.clusterset.local', 'A', {id: ++nextId});
const soa = (ttl: number, minimum: number) => ({
  type: 'SOA',
  name: 'example.org',
  ttl,
  data: {mname: 'ns.example.org', rname: 'h.example.org', serial: 1, refresh: 1, retry: 1, expire: 1, minimum},
});

describe('names outside the zone', () => {
  test('without an upstream they are REFUSED, with one they are its answers, not authoritative and not checked', async () => {
    const plain = await startServer({view: fixture});
    expect(decode(await (await udpPeer(plain)).ask(outside())).rcode).toBe('REFUSED');
    const {ask} = await forwarding({
      to: [
        await upstream((asked) =>
          reply(asked, {flags: 0x5a0, answers: [{type: 'A', name: asked.name, ttl: 60, data: '192.0.2.1'}]}),
        ),
      ],
    });
    const answer = await ask(outside('Www.Example.ORG'));
    expect(data(answer)).toEqual(['192.0.2.1']);
    expect(answer).toMatchObject({
      flag_aa: false,
      flag_rd: true,
      flag_ra: true,
      questions: [{name: 'Www.Example.ORG'}],
    });
    expect(answer.flags & 0x20).toBe(0);
  });

  test('names of the zone, and of its neighbours in spelling, go where they belong', async () => {
    const played = await upstream(good);
    const {ask} = await forwarding({to: [played]});
    expect((await ask(question('none.svc.clusterset.local', 'A'))).rcode).toBe('NXDOMAIN');
    expect(played.questions).toEqual([]);
    expect(data(await ask(outside('xclusterset.local')))).toEqual(['192.0.2.1']);
  });

  test('what no upstream should be asked is refused', async () => {
    const played = await upstream(good);
    const {ask} = await forwarding({to: [played]});
    const cases: readonly [string, (m: Buffer) => void][] = [
      ['without RD', (m: Buffer) => void (m[2] = 0)],
      ['of another class', (m: Buffer) => void (m[m.length - 1] = 3)],
      ['of type ANY', (m: Buffer) => void (m[m.length - 3] = 255)],
      ['for a transfer', (m: Buffer) => void (m[m.length - 3] = 252)],
      ['of type OPT', (m: Buffer) => void (m[m.length - 3] = 41)],
    ];
    for (const [name, change] of cases) {
      const message = outside();
      change(message);
      expect((await ask(message)).rcode, name).toBe('REFUSED');
    }
    expect(played.questions).toEqual([]);
  });

  test('over TCP, many in one go and out of a half-closed connection', async () => {
    const {server} = await forwarding({to: [await upstream(good)]});
    const peer = await tcpPeer(server);
    const queries = Array.from({length: 200}, (_, i) => question(`n${i}.example.org`, 'A', {id: i}));
    peer.socket.end(Buffer.concat(queries.map(framed)));
    const replies = await peer.messages(200);
    expect(new Set(replies.map((m) => m.readUInt16BE(0))).size).toBe(200);
    await peer.closed;
  });

  test('EDNS: our own size to the upstream and no option of the client, an OPT back only to who sent one', async () => {
    const played = await upstream((asked) =>
      reply(asked, {
        answers: [{type: 'A', name: asked.name, ttl: 5, data: '192.0.2.1'}],
        additionals: [{type: 'OPT', name: '.', udpPayloadSize: 4096, options: []}],
      }),
    );
    const {ask} = await forwarding({to: [played]});
    const message = outside();
    message[11] = 1;
    const ecs = Buffer.from([0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]);
    const withOpt = await ask(Buffer.concat([message, opt(4096, 0, ecs)]));
    expect(withOpt.additionals).toMatchObject([{type: 'OPT', udpPayloadSize: 1232}]);
    expect(decode(played.questions[0]!.query).additionals).toMatchObject([{udpPayloadSize: 1232, options: []}]);
    expect((await ask(outside('b.example.org'))).additionals).toEqual([]);
  });

  test('what does not fit the client is truncated, and whole over TCP', async () => {
    const answers = Array.from({length: 60}, (_, i) => ({
      type: 'A',
      name: 'big.example.org',
      ttl: 60,
      data: `192.0.2.${i}`,
    }));
    const played = await upstream((asked) =>
      asked.transport === 'tcp' ? reply(asked, {answers}) : reply(asked, {flags: 0x380}),
    );
    const {ask, server} = await forwarding({to: [played]});
    expect(await ask(outside('big.example.org'))).toMatchObject({flag_tc: true, answers: []});
    expect(played.questions.map(({transport}) => transport)).toEqual(['udp', 'tcp']);
    const peer = await tcpPeer(server);
    peer.socket.write(framed(outside('big.example.org')));
    expect(decode((await peer.messages(1))[0]!).answers).toHaveLength(60);
    expect(played.questions).toHaveLength(2);
  });
});

describe('who may be believed (RFC 5452)', () => {
  const forged: readonly [string, (asked: Asked) => Buffer][] = [
    ['another id', (asked) => withBytes(addressReply(asked, '192.0.2.66'), 0, asked.query[0]! ^ 1)],
    ['another name', (asked) => withBytes(addressReply(asked, '192.0.2.66'), 14, 0x7a)],
    ['another type', (asked) => withBytes(addressReply(asked, '192.0.2.66'), asked.query.length - 11 - 3, 28)],
    ['no question', (asked) => withBytes(Buffer.concat([addressReply(asked, '192.0.2.66').subarray(0, 12)]), 5, 0)],
    ['a query', (asked) => withBytes(addressReply(asked, '192.0.2.66'), 2, 1)],
    ['half a header', (asked) => asked.query.subarray(0, 6)],
  ];

  test('an answer that does not fit the question is not one; the right one behind it is', async () => {
    const played = await upstream(good);
    const {ask} = await forwarding({to: [played]});
    for (const [i, [name, forge]] of forged.entries()) {
      played.answer = (asked) => [forge(asked), addressReply(asked, '192.0.2.1')];
      expect(data(await ask(outside(`n${i}.example.org`))), name).toEqual(['192.0.2.1']);
      expect(played.questions.length, name).toBe(i + 1);
    }
  });

  test('the name in other letters is believed over TCP only', async () => {
    const played = await upstream((asked) => {
      const lower = Buffer.from(asked.query.toString('latin1').toLowerCase(), 'latin1');
      const honest = addressReply(asked, asked.transport === 'udp' ? '192.0.2.66' : '192.0.2.1');
      if (asked.transport === 'udp') lower.copy(honest, 12, 12, asked.query.length - 11);
      return honest;
    });
    const {ask} = await forwarding({to: [played]});
    expect(data(await ask(outside('a-name-with-many-letters.example.org')))).toEqual(['192.0.2.1']);
  });

  test('every question has another id, another port and another spelling', async () => {
    const played = await upstream((asked) => addressReply(asked, '192.0.2.1', 0));
    const {ask} = await forwarding({to: [played]});
    for (let i = 0; i < 20; i++) await ask(outside('a-name-with-many-letters.example.org'));
    const different = (of: (asked: Asked) => unknown) => new Set(played.questions.map(of)).size;
    expect(different(({query}) => query.readUInt16BE(0))).toBeGreaterThan(17);
    expect(different(({fromPort}) => fromPort)).toBeGreaterThan(15);
    expect(different(({name}) => name)).toBe(20);
  });

  test('a name that is broken goes to nobody', async () => {
    const played = await upstream(good);
    const {ask} = await forwarding({to: [played]});
    const owners: readonly [string, readonly number[]][] = [
      ['a pointer to itself', [0xc0, 0x21]],
      ['a pointer forwards', [0xc0, 0x40]],
      ['a label that never ends', [63, 97]],
    ];
    for (const [i, [name, owner]] of owners.entries()) {
      played.answer = (asked) => {
        const head = reply(asked, {});
        head[7] = 1;
        return Buffer.concat([head, Buffer.from([...owner, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 66])]);
      };
      expect(await ask(outside(`n${i}.example.org`)), name).toMatchObject({rcode: 'SERVFAIL', answers: []});
    }
  });
});

describe('the cache', () => {
  test('answers as long as its TTL, and says what is left of it', async () => {
    const played = await upstream((asked) => addressReply(asked, '192.0.2.1', 300));
    const {ask, server} = await forwarding({to: [played]});
    await ask(outside());
    const again = await ask(outside('WWW.example.org'));
    expect(again.answers[0]!.ttl).toBeGreaterThan(290);
    expect(played.questions).toHaveLength(1);
    expect(server.stats()).toMatchObject({forwarded: 2, forwardCacheHits: 1});
    await ask(outside('www.example.org', 'AAAA'));
    expect(played.questions).toHaveLength(2);
  });

  test('remembers what is not there as long as its SOA says, and nothing that may not be kept', async () => {
    const played = await upstream(good);
    const {ask} = await forwarding({to: [played]});
    const cases: readonly [string, Parameters<typeof reply>[1], number][] = [
      ['NXDOMAIN with a SOA', {flags: 0x183, authorities: [soa(60, 60)]}, 1],
      ['NODATA with a SOA', {authorities: [soa(60, 60)]}, 1],
      ['NXDOMAIN without a SOA (RFC 2308 §5)', {flags: 0x183}, 2],
      ['NODATA whose SOA says 0', {authorities: [soa(60, 0)]}, 2],
      [
        'an alias without its target',
        {answers: [{type: 'CNAME', name: 'www.example.org', ttl: 60, data: 'x.example.org'}]},
        2,
      ],
      ['an answer with TTL 0', {answers: [{type: 'A', name: 'www.example.org', ttl: 0, data: '192.0.2.1'}]}, 2],
    ];
    for (const [i, [name, packet, questions]] of cases.entries()) {
      played.answer = (asked) => reply(asked, packet);
      const before = played.questions.length;
      for (let n = 0; n < 2; n++) await ask(outside(`n${i}.example.org`));
      expect(played.questions.length - before, name).toBe(questions);
    }
  });

  test('is bounded: the least used goes', async () => {
    const played = await upstream(good);
    const {ask} = await forwarding({to: [played], forward: {cache: {maxEntries: 2}}});
    for (const name of ['a.org', 'b.org', 'a.org', 'c.org', 'a.org', 'b.org']) await ask(outside(name));
    expect(played.questions.map(({name}) => name.toLowerCase())).toEqual(['a.org', 'b.org', 'c.org', 'b.org']);
  });

  test('serves expired answers while no upstream answers, says so, and not for ever (RFC 8767)', async () => {
    const played = await upstream((asked) => addressReply(asked, '192.0.2.1', 1));
    const {ask, server} = await forwarding({
      to: [played],
      forward: {cache: {staleSeconds: 3600}, limits: {staleAfterMs: 50, failureMs: 60_000}},
    });
    await ask(outside('www.example.org', 'A', {edns: 1232}));
    played.answer = () => undefined;
    const stale = await eventually('the answer to expire', async () => {
      const answer = await ask(outside('www.example.org', 'A', {edns: 1232}));
      return answer.additionals[0]!.options!.some(({code}) => code === 15) && answer;
    });
    expect(stale).toMatchObject({rcode: 'NOERROR', answers: [{data: '192.0.2.1', ttl: 30}]});
    expect(server.stats().forwardStale).toBeGreaterThan(0);
  });
});

describe('upstreams that fail', () => {
  test('the next is asked, and the first one again when it is back', async () => {
    const first = await upstream((asked) => reply(asked, {flags: 0x182}));
    const second = await upstream((asked) => addressReply(asked, '192.0.2.2', 0));
    const {ask} = await forwarding({to: [first, second]});
    expect(data(await ask(outside()))).toEqual(['192.0.2.2']);
    first.answer = (asked) => addressReply(asked, '192.0.2.1', 0);
    expect(data(await ask(outside('again.example.org')))).toEqual(['192.0.2.1']);
  });

  test('all dead: SERVFAIL with the reason, remembered for a moment (RFC 9520)', async () => {
    const dead = await upstream((asked) => reply(asked, {flags: 0x185}));
    const {ask} = await forwarding({to: [dead], forward: {limits: {failureMs: 60_000}}});
    for (let i = 0; i < 2; i++) {
      const answer = await ask(outside('www.example.org', 'A', {edns: 1232}));
      expect(answer).toMatchObject({rcode: 'SERVFAIL', additionals: [{options: [{code: 15}]}]});
    }
    expect(dead.questions).toHaveLength(2);
  });

  test('while forwarding stalls, names of the zone are answered as ever, and what waits is bounded', async () => {
    const stalled = await upstream(() => undefined);
    const {ask, server} = await forwarding({
      to: [stalled],
      forward: {limits: {maxQuestions: 20, maxWaiting: 50, maxWaitingPerClient: 40}},
    });
    const peer = await udpPeer(server);
    const waiting = Array.from({length: 200}, (_, i) =>
      peer.send(question(`n${i % 100}.example.org`, 'A', {id: 20_000 + i})),
    );
    await Promise.all(waiting);
    for (let i = 0; i < 50; i++) expect(data(await ask(inZone()))).toEqual(['10.42.42.42']);
    await eventually('what is over the limits to be refused', () => server.stats().answers.SERVFAIL >= 160);
    expect(new Set(stalled.questions.map(({name}) => name.toLowerCase())).size).toBeLessThanOrEqual(20);
  });

  test('equal questions are asked once', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const played = await upstream(async (asked) => {
      await gate;
      return addressReply(asked, '192.0.2.1', 0);
    });
    const {server} = await forwarding({to: [played]});
    const peer = await udpPeer(server);
    const replies = Array.from({length: 30}, (_, id) => peer.ask(question('www.example.org', 'A', {id})));
    await eventually('all to be waiting', () => server.stats().forwarded === 30);
    release();
    await Promise.all(replies);
    expect(new Set(played.questions.map(({query}) => query.readUInt16BE(0))).size).toBe(1);
  });
});

test('two servers that forward to each other notice it, and nobody waits for ever', async () => {
  const relay = await upstream(() => undefined);
  const {server, ask} = await forwarding({to: [relay]});
  const peer = await udpPeer(server);
  await eventually('the first question of its own', () => relay.asked.length > 0);
  // What the upstream is asked comes back to the server.
  for (const {query} of [...relay.asked]) await peer.send(query);
  await eventually('the loop to be noticed', () => server.stats().forwardLoops > 0);
  expect((await ask(outside())).rcode).toBe('SERVFAIL');
  expect(relay.questions).toEqual([]);
});

test.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['fd00::1', true],
  ['192.0.2.1', false],
  ['::ffff:192.0.2.1', false],
  ['2001:db8::1', false],
  [undefined, false],
])('never an open resolver: whether a query from %s is forwarded is %s', (client, isForwarded) => {
  const responder = makeResponder(compileView(fixture), {forwards: true});
  const reply = responder.respond(outside(), 'udp', client);
  expect(responder.isForUpstream).toBe(isForwarded);
  expect(reply && decode(reply).rcode).toBe(isForwarded ? undefined : 'REFUSED');
});

test.each([
  ['a name', {host: 'dns.example.org', port: 53}],
  ['port 0', {host: '192.0.2.1', port: 0}],
])('%s is no upstream', async (_name, address) => {
  await expect(startServer({upstreams: [address]})).rejects.toMatchObject({code: 'ISTHMUS_DNS_LISTEN'});
});

test('the server itself is no upstream', async () => {
  const {address} = await startServer();
  const own = {listen: address, upstreams: [address]};
  await expect(startServer(own)).rejects.toThrow('is this server itself');
});

function withBytes(message: Buffer, at: number, ...bytes: readonly number[]): Buffer {
  message.set(bytes, at);
  return message;
}
