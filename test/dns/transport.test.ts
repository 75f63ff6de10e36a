import {decode} from 'dns-packet';
import {describe, expect, test} from 'vitest';
import {transportSettings} from '../../dns/transport-options.ts';
import {RateLimiter} from '../../dns/transport/rate-limiter.ts';
import type {DnsServer} from '../../dns/server.ts';
import {eventually} from '../tools/eventually.ts';
import {opt, question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {framed, startServer, tcpPeer, udpPeer} from './live-server.ts';

const web = 'web.test.svc.clusterset.local';
const SECRET = Buffer.from('e5e973e5a6b2a43f48e7dc849e37bfcf', 'hex');
const CLIENT_COOKIE = '0011223344556677';

function withCookie(cookie: string, message = question(web, 'A')): Buffer {
  const octets = Buffer.from(cookie, 'hex');
  const query = Buffer.concat([message, opt(1232, 0, Buffer.concat([Buffer.from([0, 10, 0, octets.length]), octets]))]);
  query[11] = 1;
  return query;
}

function cookieOf(reply: Buffer): string | undefined {
  const record = decode(reply).additionals.find(({type}) => type === 'OPT');
  return record?.options?.find(({code}) => code === 10)?.data?.toString('hex');
}

/** dns-packet knows the lower four bits only. */
function rcodeOf(reply: Buffer): number {
  const record = decode(reply).additionals.find(({type}) => type === 'OPT');
  return (reply[3]! & 0xf) | ((record?.extendedRcode ?? 0) << 4);
}

describe('cookies (RFC 7873, 9018)', () => {
  test('who shows one gets ours, any replica with the secret knows it, and it comes back as it is while it is young', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(async () => udpPeer(await startServer({view: fixture, cookies: {secrets: [SECRET]}}))),
    );
    const given = cookieOf(await one!.ask(withCookie(CLIENT_COOKIE)))!;
    expect(given).toMatch(new RegExp(`^${CLIENT_COOKIE}01000000.{24}$`));
    const again = await other!.ask(withCookie(given));
    expect(cookieOf(again)).toBe(given);
    expect(decode(again).answers).toMatchObject([{data: '10.42.42.42'}]);
  });

  test('none to who has none, and none without EDNS', async () => {
    const peer = await udpPeer(await startServer({view: fixture}));
    expect(cookieOf(await peer.ask(question(web, 'A', {edns: 1232})))).toBeUndefined();
    expect(decode(await peer.ask(question(web, 'A'))).additionals).toEqual([]);
  });

  test('a wrong server cookie is as good as none, unless one is required: then BADCOOKIE with a good one, over UDP only', async () => {
    const lax = await udpPeer(await startServer({view: fixture}));
    expect(rcodeOf(await lax.ask(withCookie(CLIENT_COOKIE + '00'.repeat(16))))).toBe(0);
    const server = await startServer({view: fixture, cookies: {required: true}});
    const strict = await udpPeer(server);
    const bad = await strict.ask(withCookie(CLIENT_COOKIE));
    expect([rcodeOf(bad), decode(bad).answers]).toEqual([23, []]);
    expect(rcodeOf(await strict.ask(withCookie(cookieOf(bad)!)))).toBe(0);
    expect(rcodeOf(await strict.ask(question(web, 'A')))).toBe(0);
    const tcp = await tcpPeer(server);
    tcp.socket.write(framed(withCookie(CLIENT_COOKIE)));
    expect(rcodeOf((await tcp.messages(1))[0]!)).toBe(0);
    expect(server.stats().answers.BADCOOKIE).toBe(1);
  });

  test('lengths that no cookie has are FORMERR; without a question a cookie may be asked for', async () => {
    const peer = await udpPeer(await startServer({view: fixture}));
    for (const octets of [0, 1, 7, 9, 15, 41]) {
      expect(rcodeOf(await peer.ask(withCookie('00'.repeat(octets)))), `${octets}`).toBe(1);
    }
    const empty = question(web, 'A').subarray(0, 12);
    empty[5] = 0;
    const reply = await peer.ask(withCookie(CLIENT_COOKIE, empty));
    expect([rcodeOf(reply), reply.readUInt16BE(4), cookieOf(reply)?.length]).toEqual([0, 0, 48]);
    expect(rcodeOf(await peer.ask(withCookie('', empty)))).toBe(1);
  });

  test('secrets change while running: the one before is known for as long as it is given', async () => {
    const server = await startServer({view: fixture, cookies: {secrets: [SECRET], required: true}});
    const peer = await udpPeer(server);
    const old = cookieOf(await peer.ask(withCookie(CLIENT_COOKIE)))!;
    server.useCookieSecrets([Buffer.alloc(16, 1), SECRET]);
    const renewed = await eventually('a cookie with the new secret', async () => {
      const cookie = cookieOf(await peer.ask(withCookie(old)))!;
      return cookie !== old && cookie;
    });
    server.useCookieSecrets([Buffer.alloc(16, 1)]);
    await eventually('the old secret to be forgotten', async () => rcodeOf(await peer.ask(withCookie(old))) === 23);
    expect(rcodeOf(await peer.ask(withCookie(renewed)))).toBe(0);
  });
});

describe('rate limits', () => {
  test('a network has its burst and its rate; others are not touched', () => {
    let now = 0;
    const limiter = new RateLimiter({perSecond: 10, burst: 5, slip: 0}, () => now);
    const judge = (from: string, times: number) => Array.from({length: times}, () => limiter.judge(from));
    expect(judge('192.0.2.1', 7)).toEqual([...Array<string>(5).fill('answer'), 'drop', 'drop']);
    expect(limiter.judge('192.0.2.200')).toBe('drop');
    expect(limiter.judge('192.0.3.1')).toBe('answer');
    now = 100;
    expect(judge('192.0.2.1', 2)).toEqual(['answer', 'drop']);
    now = 1_000_000;
    expect(judge('192.0.2.1', 6).filter((verdict) => verdict === 'answer')).toHaveLength(5);
    expect(judge('2001:db8:0:1::1', 5)).not.toContain('drop');
    expect([limiter.judge('2001:db8:0:1:2::3'), limiter.judge('2001:db8:0:100::1')]).toEqual(['drop', 'answer']);
  });

  test('every second query over it is answered truncated', () => {
    const limiter = new RateLimiter({perSecond: 1}, () => 0);
    expect(Array.from({length: 5}, () => limiter.judge('192.0.2.1'))).toEqual([
      'answer',
      'drop',
      'truncate',
      'drop',
      'truncate',
    ]);
  });

  test.each([
    [{perSecond: 10}, 1, {perSecond: 10, burst: 10}],
    [{perSecond: 10, slip: 0}, 4, {perSecond: 2.5, burst: 2.5, slip: 0}],
    [{perSecond: 1, burst: 3}, 8, {perSecond: 0.125, burst: 1}],
  ])('%o is the limit of all workers together: of each of %i it is a part', (rateLimit, workers, each) => {
    const listen = {host: '127.0.0.1', port: 0};
    expect(transportSettings({listen, rateLimit, workers}).rateLimit).toEqual(each);
  });

  test('over the socket: dropped or truncated over UDP, but not with a cookie of ours and not over TCP', async () => {
    const server = await startServer({view: fixture, rateLimit: {perSecond: 1, burst: 1}});
    const peer = await udpPeer(server);
    const begun = performance.now();
    const cookie = cookieOf(await peer.ask(withCookie(CLIENT_COOKIE)))!;
    for (let id = 1; id <= 20; id++) await peer.send(question(web, 'A', {id}));
    // Behind them from the same port: when it is answered, all of them have been.
    expect(decode(await peer.ask(withCookie(cookie))).answers).toHaveLength(1);
    const seconds = (performance.now() - begun) / 1000;
    const replies = peer.received.slice(1, -1).map((reply) => decode(reply));
    const truncated = replies.filter((reply) => reply.flag_tc);
    const whole = replies.length - truncated.length;
    expect(whole).toBeLessThanOrEqual(seconds);
    expect(truncated).toHaveLength(Math.floor((20 - whole) / 2));
    for (const reply of truncated) expect(reply).toMatchObject({answers: [], questions: [{name: web}]});
    const tcp = await tcpPeer(server);
    tcp.socket.write(framed(question(web, 'A')));
    expect(decode((await tcp.messages(1))[0]!).answers).toHaveLength(1);
  });
});

describe('listen addresses', () => {
  async function answersAt(server: DnsServer, at: {host: string; port: number}): Promise<void> {
    const asServer = {address: at, stats: () => server.stats()} as DnsServer;
    expect(decode(await (await udpPeer(asServer)).ask(question(web, 'A'))).answers).toHaveLength(1);
    const tcp = await tcpPeer(asServer);
    tcp.socket.write(framed(question(web, 'A')));
    expect(await tcp.messages(1)).toHaveLength(1);
  }

  test('several, of both families, each with its own port', async () => {
    const listen = ['127.0.0.1', '::1', '127.0.0.2'].map((host) => ({host, port: 0}));
    const server = await startServer({view: fixture, listen});
    expect(server.addresses.plain.map(({host}) => host)).toEqual(['127.0.0.1', '::1', '127.0.0.2']);
    for (const at of server.addresses.plain) await answersAt(server, at);
  });

  test('`::` takes IPv4 too, and leaves it to `0.0.0.0` where that is there', async () => {
    const both = await startServer({view: fixture, listen: {host: '::', port: 0}});
    for (const host of ['127.0.0.1', '::1']) await answersAt(both, {host, port: both.address.port});
    const {port} = both.address;
    await both.close();
    const listen = ['0.0.0.0', '::'].map((host) => ({host, port}));
    const apart = await startServer({view: fixture, listen});
    for (const host of ['127.0.0.1', '::1']) await answersAt(apart, {host, port});
  });

  test('with one that is taken, nothing listens', async () => {
    const first = await startServer({view: fixture});
    const listen = [{host: '127.0.0.1', port: 0}, first.address];
    await expect(startServer({listen})).rejects.toMatchObject({
      code: 'ISTHMUS_DNS_LISTEN',
      details: {port: first.address.port},
    });
  });
});
