import {createSocket} from 'node:dgram';
import {connect, isIPv6} from 'node:net';
import type {Socket} from 'node:net';
import {IsthmusError} from '../src/errors.ts';

export interface Exchange {
  readonly server: string;
  readonly port: number;
  readonly query: Uint8Array;
  readonly timeoutMs: number;
}

/** Within the time that there is, a lost datagram is sent again this often. */
const UDP_TRIES = 3;

/**
 * Sends a query in a datagram and waits for the answer with its id; what else arrives is ignored.
 *
 * @throws {IsthmusError} ISTHMUS_DNS_QUERY: no answer in time, or nobody listens there
 */
export async function exchangeUdp(o: Exchange): Promise<Buffer> {
  const socket = createSocket(isIPv6(o.server) ? 'udp6' : 'udp4');
  const timers: NodeJS.Timeout[] = [];
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      socket.on('error', (error) => reject(failure(o, 'udp', error)));
      socket.on('message', (message) => {
        if (isAnswerTo(o.query, message)) resolve(message);
      });
      // Connected, the kernel lets nobody but the server answer and reports a port that nobody listens on.
      socket.connect(o.port, o.server, () => {
        const send = () => socket.send(o.query, (error) => error && reject(failure(o, 'udp', error)));
        timers.push(setInterval(send, o.timeoutMs / UDP_TRIES));
        send();
      });
      timers.push(setTimeout(() => reject(failure(o, 'udp')), o.timeoutMs));
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
    socket.close();
  }
}

/** As {@link exchangeUdp}, over TCP with the length before each message (RFC 1035 §4.2.2). */
export async function exchangeTcp(o: Exchange): Promise<Buffer> {
  const socket = connect({host: o.server, port: o.port});
  const timer = setTimeout(() => socket.destroy(failure(o, 'tcp')), o.timeoutMs);
  try {
    socket.write(Buffer.concat([Buffer.from([o.query.length >> 8, o.query.length & 0xff]), o.query]));
    const answer = await readMessage(socket);
    if (!isAnswerTo(o.query, answer)) throw new Error('it answered another query');
    return answer;
  } catch (error) {
    throw error instanceof IsthmusError ? error : failure(o, 'tcp', error);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function readMessage(socket: Socket): Promise<Buffer> {
  let read = Buffer.alloc(0);
  for await (const chunk of socket) {
    read = Buffer.concat([read, chunk as Buffer]);
    const end = read.length >= 2 ? 2 + read.readUInt16BE(0) : Infinity;
    if (read.length >= end) return read.subarray(2, end);
  }
  throw new Error('the connection ended before the whole answer came');
}

function isAnswerTo(query: Uint8Array, message: Buffer): boolean {
  return message.length >= 12 && message[0] === query[0] && message[1] === query[1] && (message[2]! & 0x80) !== 0;
}

function failure(o: Exchange, transport: string, cause?: unknown): IsthmusError {
  const reason = cause instanceof Error ? cause.message : `no answer within ${o.timeoutMs} ms`;
  const at = {server: o.server, port: o.port, transport};
  return new IsthmusError('ISTHMUS_DNS_QUERY', `${o.server} port ${o.port} (${transport}): ${reason}`, at, {cause});
}
