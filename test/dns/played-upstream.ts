import {createSocket} from 'node:dgram';
import type {Socket as UdpSocket} from 'node:dgram';
import {once} from 'node:events';
import {createServer} from 'node:net';
import type {AddressInfo, Socket} from 'node:net';
import {decode, encode} from 'dns-packet';
import type {DecodedPacket} from 'dns-packet';
import {framed} from './live-server.ts';

/** A resolver that the test makes up: it may be slow, silent, wrong, or hostile. */

export interface Asked {
  readonly transport: 'udp' | 'tcp';
  readonly query: Buffer;
  readonly name: string;
  readonly type: string;
  /** Where the query came from. */
  readonly fromPort: number;
}

/** Octets are sent as they are; undefined: silence. */
export type Answering = (asked: Asked) => Buffer | readonly Buffer[] | undefined | Promise<Buffer | undefined>;

export class PlayedUpstream {
  readonly asked: Asked[] = [];
  answer: Answering;
  readonly #udp: UdpSocket = createSocket('udp4');
  readonly #tcp = createServer((socket) => this.#accept(socket));
  readonly #sockets = new Set<Socket>();

  constructor(answer: Answering) {
    this.answer = answer;
  }

  get address(): {host: string; port: number} {
    return {host: '127.0.0.1', port: this.#udp.address().port};
  }

  /**
   * What was asked for, without the questions by which the forwarder looks whether we are there. A datagram that was sent again,
   * because this machine stood still, is the same question.
   */
  get questions(): readonly Asked[] {
    const seen = new Map<string, Asked>();
    for (const asked of this.asked) {
      const key = `${asked.transport} ${asked.query.readUInt16BE(0)} ${asked.fromPort}`;
      if (!isProbe(asked.name) && !seen.has(key)) seen.set(key, asked);
    }
    return [...seen.values()];
  }

  async start(): Promise<void> {
    this.#tcp.listen(0, '127.0.0.1');
    await once(this.#tcp, 'listening');
    this.#udp.bind((this.#tcp.address() as AddressInfo).port, '127.0.0.1');
    await once(this.#udp, 'listening');
    this.#udp.on('message', (query, {port}) => {
      void this.#reply('udp', query, port, (message) => this.#udp.send(message, port, '127.0.0.1', () => undefined));
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([
      new Promise((resolve) => void this.#udp.close(() => resolve(undefined))),
      new Promise((resolve) => void this.#tcp.close(() => resolve(undefined))),
    ]);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      const query = data.subarray(2);
      void this.#reply('tcp', query, socket.remotePort ?? 0, (message) => void socket.write(framed(message)));
    });
  }

  async #reply(
    transport: 'udp' | 'tcp',
    query: Buffer,
    fromPort: number,
    send: (message: Buffer) => void,
  ): Promise<void> {
    const [question] = decode(query).questions;
    const asked = {transport, query, name: question!.name, type: question!.type, fromPort};
    this.asked.push(asked);
    const answer = isProbe(asked.name) ? reply(asked, {flags: 3}) : await this.answer(asked);
    for (const message of answer === undefined || Buffer.isBuffer(answer) ? [answer] : answer)
      if (message) send(message);
  }
}

function isProbe(name: string): boolean {
  return name.toLowerCase().endsWith('.isthmus-loop');
}

/** An answer with the id and question of the query, in its own spelling. */
export function reply({query}: Asked, packet: Partial<Record<keyof DecodedPacket, unknown>>): Buffer {
  const {id, questions} = decode(query);
  return encode({type: 'response', flags: 0x180, ...packet, id, questions});
}

export function addressReply(asked: Asked, data: string, ttl = 300): Buffer {
  return reply(asked, {answers: [{name: asked.name, type: asked.type, ttl, data}]});
}
