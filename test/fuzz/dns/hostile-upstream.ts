import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {mutate} from './packets.ts';
import type {Random} from './packets.ts';

const RECORD = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 192, 0, 2, 1]);

/**
 * NULL, HINFO, TXT, DS, SSHFP, DNSKEY, NSEC3, TLSA, CAA: their data is octets to who passes it on (RFC 3597 §3), but not to the decoders
 * that give second opinions, which would object to what is none of its business.
 */
const OPAQUE = new Set([10, 13, 16, 43, 44, 48, 50, 52, 257]);

/** An upstream of which one answer in three is right, and the others are silence or lies. */
export async function startHostileUpstream(
  random: Random,
): Promise<{address: {host: string; port: number}; close: () => Promise<void>}> {
  const socket = createSocket('udp4');
  socket.on('message', (query, {port}) => {
    const kind = random.int(3);
    if (kind === 0) return;
    const answer = answerTo(query);
    socket.send(kind === 1 ? answer : spoil(random, answer), port, '127.0.0.1', () => undefined);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: {host: '127.0.0.1', port: socket.address().port},
    close: () => new Promise((resolve) => void socket.close(() => resolve())),
  };
}

function spoil(random: Random, answer: Buffer): Buffer {
  const typeAt = answer.length - RECORD.length + 2;
  const spoiled = mutate(random, answer);
  const isOpaque = spoiled.length >= typeAt + 2 && OPAQUE.has(spoiled.readUInt16BE(typeAt));
  return isOpaque ? answer : spoiled;
}

/** The query with a record behind its question, instead of its OPT record, if it has one. */
function answerTo(query: Buffer): Buffer {
  const questionEnd = query.length - (query[11] === 1 ? 11 : 0);
  const answer = Buffer.concat([query.subarray(0, questionEnd), RECORD]);
  answer.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2);
  return answer;
}
