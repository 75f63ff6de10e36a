import {createSocket} from 'node:dgram';
import type {Socket as UdpSocket} from 'node:dgram';
import {once} from 'node:events';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {decode, encode} from 'dns-packet';
import {afterEach, describe, expect, test} from 'vitest';
import {queryDns} from '../../dns/client.ts';
import {framed} from './live-server.ts';

/** The client against servers that the test makes up; what our own server says is in server.test.ts. */

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function udpServer(onQuery: (query: Buffer, reply: (message: Buffer) => void) => void): Promise<number> {
  const socket: UdpSocket = createSocket('udp4');
  socket.on('message', (query, from) => {
    onQuery(query, (message) => socket.send(message, from.port, from.address, (error) => expect(error).toBeNull()));
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closers.push(() => void socket.close());
  return socket.address().port;
}

async function tcpServer(onQuery: (query: Buffer) => Buffer | 'end' | 'nothing'): Promise<number> {
  const server = createServer((socket) => {
    closers.push(() => void socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      const answer = onQuery(data.subarray(2));
      if (answer === 'end') socket.end();
      else if (answer !== 'nothing') socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function answerTo(query: Buffer, packet: object): Buffer {
  const {questions} = decode(query);
  return encode({type: 'response', id: query.readUInt16BE(0), questions, ...packet});
}

const name = 'web.test.svc.clusterset.local';
const ask = (port: number, o: object = {}) => queryDns({server: '127.0.0.1', port, name, type: 'A', ...o});

describe('over UDP', () => {
  test('an answer with another id or question, and an echo of the query, are not the answer', async () => {
    const port = await udpServer((query, reply) => {
      const other = answerTo(query, {answers: [{type: 'A', name, data: '192.0.2.66'}]});
      other.writeUInt16BE(query.readUInt16BE(0) ^ 1, 0);
      reply(other);
      reply(query);
      const answers = [{type: 'A', name, data: '192.0.2.66'}];
      for (const asked of ['web.test.svc.clusterset.locaL', 'wev.test.svc.clusterset.local']) {
        reply(answerTo(query, {questions: [{type: 'A', name: asked}], answers}));
      }
      reply(answerTo(query, {questions: [{type: 'AAAA', name}], answers}));
      reply(answerTo(query, {questions: [], answers}));
      reply(answerTo(query, {answers: [{type: 'A', name, data: '192.0.2.1'}]}));
    });
    expect((await ask(port)).answers.map((record) => record.data)).toEqual(['192.0.2.1']);
  });

  test('a lost query is sent again', async () => {
    let queries = 0;
    const port = await udpServer((query, reply) => {
      if (++queries >= 2) reply(answerTo(query, {flags: 3}));
    });
    expect(await ask(port, {timeoutMs: 6_000})).toMatchObject({rcode: 'NXDOMAIN', answers: []});
  });

  test('no answer is an error that says where and how long', async () => {
    const port = await udpServer(() => undefined);
    await expect(ask(port, {timeoutMs: 60})).rejects.toThrow(`127.0.0.1 port ${port} (udp): no answer within 60 ms`);
  });

  test('an answer that can not be read is an error', async () => {
    const port = await udpServer((query, reply) => {
      const broken = answerTo(query, {answers: [{type: 'A', name, data: '192.0.2.1'}]});
      reply(broken.subarray(0, -2));
    });
    await expect(ask(port)).rejects.toMatchObject({code: 'ISTHMUS_DNS_QUERY', message: /answer is broken/});
  });
});

describe('over TCP', () => {
  test('an answer that comes in pieces', async () => {
    const port = await tcpServer((query) => framed(answerTo(query, {answers: [{type: 'A', name, data: '192.0.2.1'}]})));
    expect(await ask(port, {transport: 'tcp'})).toMatchObject({transport: 'tcp', answers: [{data: '192.0.2.1'}]});
  });

  test.each([
    ['says nothing', 'nothing', 80, /no answer within 80 ms/],
    ['ends the connection', 'end', 15_000, /ended before the whole answer/],
    ['answers another query', framed(encode({type: 'response', id: 0})), 15_000, /answered another query/],
  ] as const)('a server that %s is an error', async (_name, answer, timeoutMs, message) => {
    const port = await tcpServer((query) => {
      if (typeof answer === 'string') return answer;
      const other = Buffer.from(answer);
      other.writeUInt16BE(query.readUInt16BE(0) ^ 1, 2);
      return other;
    });
    await expect(ask(port, {transport: 'tcp', timeoutMs})).rejects.toThrow(message);
  });
});

describe('what is asked is what was meant', () => {
  test.each(['a..b', '.a', 'x'.repeat(64), 'ä.example', 'a b', `${'x'.repeat(60)}.`.repeat(5)])(
    'name %s',
    async (bad) => {
      await expect(ask(1, {name: bad})).rejects.toMatchObject({code: 'ISTHMUS_USAGE'});
    },
  );

  test.each(['NOPE', 'TYPE70000', 'TYPE', ''])('type %s', async (bad) => {
    await expect(ask(1, {type: bad})).rejects.toMatchObject({code: 'ISTHMUS_USAGE'});
  });

  test('records of all kinds in zone-file text', async () => {
    const port = await udpServer((query, reply) =>
      reply(
        answerTo(query, {
          answers: [
            {type: 'TXT', name, data: ['say "hi"', 'twice']},
            {type: 'CNAME', name, data: 'other.example'},
            {type: 'PTR', name, data: 'back.example'},
            {type: 'CAA', name, data: {flags: 0, tag: 'issue', value: 'x'}},
          ],
        }),
      ),
    );
    const {answers} = await ask(port, {type: 'txt'});
    expect(answers.slice(0, 3).map((record) => `${record.type} ${record.data}`)).toEqual([
      'TXT "say \\"hi\\"" "twice"',
      'CNAME other.example.',
      'PTR back.example.',
    ]);
  });
});
