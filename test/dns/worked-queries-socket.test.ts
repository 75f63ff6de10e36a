import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {queryDns} from '../../dns/client.ts';
import {startDnsServer} from '../../dns/server.ts';
import type {DnsServer} from '../../dns/server.ts';
import {everything, fixture} from './fixture-view.ts';
import {answersOf, questionOf, SOA_LINE, WORKED_QUERIES} from './worked-queries.ts';

describe('worked queries, over the socket', () => {
  let server: DnsServer;

  beforeAll(async () => {
    server = await startDnsServer({listen: {host: '127.0.0.1', port: 0}, logger: pino({level: 'silent'})});
    server.publish(fixture, everything);
    await server.served(fixture.revision);
  });

  afterAll(() => server.close());

  describe.each(['udp', 'tcp'] as const)('%s', (transport) => {
    test.each(WORKED_QUERIES)('$rule: $question $type', async (query) => {
      const {host, port} = server.address;
      const reply = await queryDns({server: host, port, name: questionOf(query), type: query.type, transport});
      const text = (records: typeof reply.answers) =>
        records.map((r) => `${r.name} ${r.ttl} IN ${r.type} ${r.data}`).sort();
      // dns2 does not know HINFO: it comes as its octets (RFC 3597).
      const expected = answersOf(query).map((line) => line.replace('"RFC8482" ""', '\\# 9 075246433834383200'));
      expect(reply.rcode).toBe(query.rcode ?? 'NOERROR');
      expect(text(reply.answers)).toEqual(expected);
      expect(text(reply.authorities)).toEqual(query.soa ? [SOA_LINE] : []);
      expect(reply.transport).toBe(transport);
    });
  });

  test('each query is counted once', () => {
    const {answers, udpQueries, tcpQueries} = server.stats();
    expect([udpQueries, tcpQueries]).toEqual([WORKED_QUERIES.length, WORKED_QUERIES.length]);
    expect(Object.values(answers).reduce((a, b) => a + b)).toBe(2 * WORKED_QUERIES.length);
  });
});
