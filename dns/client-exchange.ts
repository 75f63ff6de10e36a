import {createSocket} from 'node:dgram';
import {connect, isIPv6} from 'node:net';
import type {Socket} from 'node:net';
import {IsthmusError} from '../src/errors.ts';
import {Rcode} from './wire/codes.ts';

export interface Exchange {
  readonly server: string;
  readonly port: number;
  readonly query: Uint8Array;
  readonly timeoutMs: number;
  /** Within the time that there is, a datagram is sent this often. Default 3. */
  readonly tries?: number;
  /**
   * For who passes answers on: one may spell the name in letters of another case than the query, and one without a question says
   * FORMERR or NOTIMP, so that nobody who sees no query makes up an answer that ends the wait with anything else.
   */
  readonly anyCase?: boolean;
}

const DEFAULT_TRIES = 3;
const HEADER_BYTES = 12;
const FLAG_QR = 0x80;
const OPCODE = 0x78;

/**
 * Sends a query in a datagram and waits for the answer with its id and question; what else arrives is ignored.
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
        if (isAnswerTo(o, message)) resolve(message);
      });
      // Connected, the kernel lets nobody but the server answer and reports a port that nobody listens on.
      socket.connect(o.port, o.server, () => {
        const send = () => socket.send(o.query, (error) => error && reject(failure(o, 'udp', error)));
        timers.push(setInterval(send, o.timeoutMs / (o.tries ?? DEFAULT_TRIES)));
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
  return exchangeOver(connect({host: o.server, port: o.port}), o, 'tcp');
}

/**
 * One query and its answer over a connection that is being made, which is closed after it.
 *
 * @throws {IsthmusError} ISTHMUS_DNS_QUERY, with the name of the transport
 */
export async function exchangeOver(socket: Socket, o: Exchange, transport: string): Promise<Buffer> {
  const timer = setTimeout(() => socket.destroy(failure(o, transport)), o.timeoutMs);
  try {
    socket.write(Buffer.concat([Buffer.from([o.query.length >> 8, o.query.length & 0xff]), o.query]));
    const answer = await readMessage(socket);
    if (!isAnswerTo(o, answer)) throw new Error('it answered another query');
    return answer;
  } catch (error) {
    throw error instanceof IsthmusError ? error : failure(o, transport, error);
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

/**
 * RFC 5452 §9.1: id, question and, by the connected socket, the source must fit. A server that could not even read the question
 * may say so without it.
 */
export function isAnswerTo({query, anyCase = false}: Exchange, message: Buffer): boolean {
  if (message.length < HEADER_BYTES || message[0] !== query[0] || message[1] !== query[1]) return false;
  if ((message[2]! & FLAG_QR) === 0 || (message[2]! & OPCODE) !== 0) return false;
  const questions = message.readUInt16BE(4);
  const rcode = message[3]! & 0xf;
  if (questions === 0) return anyCase ? rcode === Rcode.FORMERR || rcode === Rcode.NOTIMP : rcode !== Rcode.NOERROR;
  const end = questionEnd(query);
  if (questions !== 1 || message.length < end) return false;
  for (let at = HEADER_BYTES; at < end; at++) {
    const [sent, got] = [query[at]!, message[at]!];
    if (sent !== got && !(anyCase && at < end - 4 && lowerCase(sent) === lowerCase(got))) return false;
  }
  return true;
}

/** Of a query of our own: one question, no compression. */
function questionEnd(query: Uint8Array): number {
  let at = HEADER_BYTES;
  while (query[at]! > 0) at += 1 + query[at]!;
  return at + 5;
}

function lowerCase(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}

/** @param cause - left out: there was no answer in time, which `details.silent` of the error says */
export function failure(o: Exchange, transport: string, cause?: unknown): IsthmusError {
  const reason = cause instanceof Error ? cause.message : `no answer within ${o.timeoutMs} ms`;
  const at = {server: o.server, port: o.port, transport, silent: cause === undefined};
  return new IsthmusError('ISTHMUS_DNS_QUERY', `${o.server} port ${o.port} (${transport}): ${reason}`, at, {cause});
}
