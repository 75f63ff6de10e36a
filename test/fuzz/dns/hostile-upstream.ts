import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {mutate} from './packets.ts';
import type {Random} from './packets.ts';

/** An upstream of which one answer in three is right, and the others are silence or lies. */
export async function startHostileUpstream(
  random: Random,
): Promise<{address: {host: string; port: number}; close: () => Promise<void>}> {
  const socket = createSocket('udp4');
  socket.on('message', (query, {port}) => {
    const kind = random.int(3);
    if (kind === 0) return;
    const answer = answerTo(query);
    socket.send(kind === 1 ? answer : mutate(random, answer), port, '127.0.0.1', () => undefined);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: {host: '127.0.0.1', port: socket.address().port},
    close: () => new Promise((resolve) => void socket.close(() => resolve())),
  };
}

/** The query with a record behind its question, instead of its OPT record. */
function answerTo(query: Buffer): Buffer {
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 192, 0, 2, 1]);
  const answer = Buffer.concat([query.subarray(0, -11), record]);
  answer.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2);
  return answer;
}
