import {decode} from 'dns-packet';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {pino} from 'pino';
import {exchangeTcp, exchangeUdp} from '../../../dns/client-exchange.ts';
import {startDnsServer} from '../../../dns/server.ts';
import type {DnsServer} from '../../../dns/server.ts';
import {lines, question} from '../ask.ts';
import {everything, fixture} from '../fixture-view.ts';
import {answersOf, questionOf, WORKED_QUERIES} from '../worked-queries.ts';
import {RecordingRelay} from './recording-relay.ts';
import {missingUnbound, startUnbound} from './unbound.ts';
import type {Unbound} from './unbound.ts';

if (missingUnbound !== undefined) test(`unbound in front (${missingUnbound})`, ({skip}) => skip());

/** What a resolver answers by itself, or nothing but a server does. */
const NOT_RESOLVED = /XFR|ANY|TYPE250/;

const ZONE_QUERIES = WORKED_QUERIES.filter(
  (query) => /(^|\.)clusterset\.local\.$/.test(questionOf(query)) && !NOT_RESOLVED.test(query.type),
);

const CAPS = ['use-caps-for-id: yes'];
const MINIMISING = ['qname-minimisation: yes', 'qname-minimisation-strict: yes'];

/** Names as they were asked; 0x20 changes letters only. */
function isMixedCase(name: string): boolean {
  return name !== name.toLowerCase() && name !== name.toUpperCase();
}

describe.runIf(missingUnbound === undefined).each([
  {title: 'that forwards the zone, with 0x20', section: 'forward', settings: CAPS, minimises: false},
  {
    title: 'with a stub zone, 0x20 and strict QNAME minimisation',
    section: 'stub',
    settings: [...CAPS, ...MINIMISING],
    minimises: true,
  },
])('unbound $title', ({section, settings, minimises}) => {
  let server: DnsServer;
  let relay: RecordingRelay;
  let unbound: Unbound;

  beforeAll(async () => {
    server = await startDnsServer({listen: {host: '127.0.0.1', port: 0}, logger: pino({level: 'silent'})});
    server.publish(fixture, everything);
    await server.served(fixture.revision);
    relay = new RecordingRelay(server.address);
    await relay.start();
    const zone = [`${section}-zone:`, '  name: "clusterset.local"', `  ${section}-addr: 127.0.0.1@${relay.port}`];
    unbound = await startUnbound({settings, zone});
  });

  afterAll(async () => {
    await unbound?.close();
    await relay?.close();
    await server?.close();
  });

  async function resolve(name: string, type: string): Promise<Buffer> {
    const exchange = {server: '127.0.0.1', port: unbound.port, query: question(name, type), timeoutMs: 8_000, tries: 1};
    const answer = await exchangeUdp(exchange);
    return (answer[2]! & 2) === 0 ? answer : exchangeTcp(exchange);
  }

  test.each(ZONE_QUERIES.map((query) => ({...query, title: `${query.question} ${query.type}`})))(
    '$rule: $title',
    async (query) => {
      const {rcode, answers} = decode(await resolve(questionOf(query), query.type));
      expect(rcode).toBe(query.rcode ?? 'NOERROR');
      const withoutTtl = (line: string) => line.toLowerCase().replace(/ \d+ in /, ' ');
      // Within the worked queries, SRV and NS targets are all that a resolver may spell otherwise.
      expect(lines(answers).map(withoutTtl).sort()).toEqual(answersOf(query).map(withoutTtl).sort());
    },
  );

  test('it asked in random case, and believed the answers', () => {
    expect(relay.names.filter(isMixedCase).length).toBeGreaterThan(ZONE_QUERIES.length / 2);
    // Who does not believe an answer asks the same name three times more.
    const times = new Map<string, number>();
    for (const name of relay.names) times.set(name, (times.get(name) ?? 0) + 1);
    expect(Math.max(...times.values())).toBeLessThanOrEqual(3);
  });

  if (!minimises) return;

  test('it asked for one label after the other', async () => {
    relay.names.length = 0;
    await resolve('nothing.here.test.svc.clusterset.local', 'A');
    await resolve('my-pet-1.cluster-b.db.test.svc.clusterset.local', 'AAAA');
    const asked = relay.names.map((name) => name.toLowerCase());
    expect(asked).toContain('here.test.svc.clusterset.local.');
    // NXDOMAIN ends it (RFC 8020), and what is below is never asked for.
    expect(asked).not.toContain('nothing.here.test.svc.clusterset.local.');
  });
});
