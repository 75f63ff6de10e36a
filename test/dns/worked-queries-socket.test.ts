import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {queryDns} from '../../dns/client.ts';
import {question as packet} from './ask.ts';
import {startDnsServer} from '../../dns/server.ts';
import type {DnsServer} from '../../dns/server.ts';
import {everything, fixture} from './fixture-view.ts';
import {counted, startServer, tcpPeer, framed, udpPeer} from './live-server.ts';
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

  test('each query is counted once', async () => {
    // A server of its own, asked by clients that send each question once: `queryDns` sends it again where the machine stalls.
    const own = await startServer({view: fixture});
    const [udp, tcp] = [await udpPeer(own), await tcpPeer(own)];
    const messages = WORKED_QUERIES.map((query, id) => packet(questionOf(query), query.type, {id}));
    for (const message of messages) await udp.ask(message);
    tcp.socket.write(Buffer.concat(messages.map(framed)));
    await tcp.messages(messages.length);
    await counted(own, {udpQueries: messages.length, tcpQueries: messages.length});
    expect(Object.values(own.stats().answers).reduce((a, b) => a + b)).toBe(2 * messages.length);
  });
});
