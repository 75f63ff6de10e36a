import {Registry} from 'prom-client';
import {afterEach, expect, test} from 'vitest';
import {dnsMetrics} from '../../cli/dns-metrics.ts';
import {Sampled} from '../../cli/sampled-metric.ts';
import type {DnsServer} from '../../dns/server.ts';
import {question} from '../dns/ask.ts';
import {fixture} from '../dns/fixture-view.ts';
import {startServer, udpPeer} from '../dns/live-server.ts';
import {addressReply, PlayedUpstream, reply} from '../dns/played-upstream.ts';
import type {Answering} from '../dns/played-upstream.ts';
import {eventually} from '../tools/eventually.ts';

const upstreams: PlayedUpstream[] = [];
afterEach(async () => {
  for (const upstream of upstreams.splice(0)) await upstream.close();
});

/** What a scrape of the server's metrics says, without those that are 0. */
async function scrape(server: DnsServer): Promise<ReadonlyMap<string, number>> {
  const registry = new Registry();
  dnsMetrics(new Sampled(registry), () => server.stats());
  const samples = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = samples.map((line): [string, number] => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at).replace('isthmus_dns_', ''), Number(line.slice(at + 1))];
  });
  return new Map(pairs.filter(([, value]) => value !== 0));
}

async function forwardingTo(
  answer: Answering,
  limits: object = {},
): Promise<{server: DnsServer; upstream: PlayedUpstream}> {
  const upstream = new PlayedUpstream(answer);
  upstreams.push(upstream);
  await upstream.start();
  const forward = {limits: {udpMs: 30_000, tcpMs: 30_000, failureMs: 60_000, ...limits}};
  return {server: await startServer({view: fixture, upstreams: [upstream.address], forward}), upstream};
}

const inZone = (id: number) => question('web.test.svc.clusterset.local', 'A', {id});
const outside = (name: string, id: number) => question(name, 'A', {id});
const only = (all: ReadonlyMap<string, number>, name: string) =>
  Object.fromEntries([...all].filter(([key]) => key.startsWith(name)));

test('answers that the rate limit held back are not counted as answers', async () => {
  const server = await startServer({view: fixture, rateLimit: {perSecond: 1, burst: 3, slip: 4}});
  const peer = await udpPeer(server);
  for (let id = 0; id < 23; id++) await peer.send(inZone(id));
  // How many the limit holds back depends on how fast they are read; each is answered whole or counted as one that was not.
  const stats = () => server.stats();
  const whole = () => stats().answers.NOERROR - stats().truncated;
  await eventually('all to be judged', () => whole() + stats().rateLimited === 23);
  await eventually('the answers', () => peer.received.length === stats().answers.NOERROR);
  const seen = await scrape(server);
  expect(only(seen, 'answers_total')).toEqual({'answers_total{rcode="NOERROR"}': peer.received.length});
  expect(seen.get('queries_total{transport="udp"}')).toBe(23);
  expect(seen.get('rate_limited_total')).toBe(23 - whole());
  expect(stats().truncated).toBe(peer.received.filter((message) => (message[2]! & 2) !== 0).length);
  expect(stats().truncated).toBe(Math.floor(stats().rateLimited / 4));
});

test('a query outside the zone has one outcome, and what upstreams said is told from what they did not say', async () => {
  const {server, upstream} = await forwardingTo((asked) => addressReply(asked, '192.0.2.1'));
  const peer = await udpPeer(server);
  let id = 0;
  const ask = async (name: string) => peer.ask(outside(name, ++id));
  await ask('a.example.org');
  await ask('a.example.org');
  upstream.answer = (asked) => reply(asked, {flags: 0x182});
  await ask('servfail.example.org');
  await ask('servfail.example.org');
  upstream.answer = (asked) => reply(asked, {flags: 0x380});
  await ask('cut.example.org');
  const isOwn = ({name}: {name: string}) => name.toLowerCase().endsWith('.isthmus-loop');
  const own = await eventually('the first question of its own', () => upstream.asked.find(isOwn));
  await peer.ask(own.query);
  const seen = await scrape(server);
  expect(only(seen, 'forwarded_total')).toEqual({
    'forwarded_total{outcome="answered"}': 1,
    'forwarded_total{outcome="cached"}': 1,
    'forwarded_total{outcome="failed"}': 2,
    'forwarded_total{outcome="remembered"}': 1,
    'forwarded_total{outcome="loop"}': 1,
  });
  expect(only(seen, 'upstream_failures_total')).toEqual({
    'upstream_failures_total{reason="rcode"}': 1,
    'upstream_failures_total{reason="no-answer"}': 1,
  });
  expect(only(seen, 'answers_total')).toEqual({
    'answers_total{rcode="NOERROR"}': 2,
    'answers_total{rcode="SERVFAIL"}': 3,
    'answers_total{rcode="REFUSED"}': 1,
  });
});

test('what waits for an upstream has no outcome yet, and what is over the limits has its own', async () => {
  const {server} = await forwardingTo(() => undefined, {maxWaiting: 3});
  const peer = await udpPeer(server);
  for (let id = 0; id < 10; id++) await peer.send(outside(`n${id}.example.org`, id));
  await eventually('those over the limits to be answered', () => peer.received.length === 7);
  const seen = await scrape(server);
  expect(server.stats().forwarded).toBe(10);
  expect(only(seen, 'forwarded_total')).toEqual({'forwarded_total{outcome="limited"}': 7});
  expect(only(seen, 'answers_total')).toEqual({'answers_total{rcode="SERVFAIL"}': 7});
});

test('an expired answer is one, whatever the reason for it', async () => {
  const {server, upstream} = await forwardingTo((asked) => addressReply(asked, '192.0.2.1', 1));
  const peer = await udpPeer(server);
  let id = 0;
  await peer.ask(outside('www.example.org', ++id));
  upstream.answer = (asked) => reply(asked, {flags: 0x182});
  await eventually('it to expire', async () => {
    await peer.ask(outside('www.example.org', ++id));
    return server.stats().forwardStale > 0;
  });
  await peer.ask(outside('www.example.org', ++id));
  const seen = await scrape(server);
  expect(seen.get('forwarded_total{outcome="stale"}')).toBe(2);
  expect(seen.get('stale_answers_total')).toBe(2);
  expect(seen.get('forwarded_total{outcome="failed"}')).toBeUndefined();
  expect(seen.get('forwarded_total{outcome="remembered"}')).toBeUndefined();
});
