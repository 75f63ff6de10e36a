import {createSocket} from 'node:dgram';
import type {Socket as UdpSocket} from 'node:dgram';
import {once} from 'node:events';
import {connect, createServer} from 'node:net';
import type {AddressInfo, Server, Socket} from 'node:net';
import type {ListenAddress} from '../../../dns/transport/bind.ts';

const HEADER_BYTES = 12;
const FORGET_MS = 5_000;

/** Stands before a server on a port of its own, passes everything on, and keeps the names that were asked for over UDP, as spelled. */
export class RecordingRelay {
  readonly names: string[] = [];
  readonly #server: ListenAddress;
  readonly #udp: UdpSocket = createSocket('udp4');
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();
  readonly #asking = new Set<UdpSocket>();

  constructor(server: ListenAddress) {
    this.#server = server;
    this.#tcp = createServer((socket) => this.#join(socket));
  }

  get port(): number {
    return this.#udp.address().port;
  }

  async start(): Promise<void> {
    this.#tcp.listen(0, '127.0.0.1');
    await once(this.#tcp, 'listening');
    this.#udp.bind((this.#tcp.address() as AddressInfo).port, '127.0.0.1');
    await once(this.#udp, 'listening');
    this.#udp.on('message', (query, {port, address}) => {
      this.names.push(nameOf(query));
      this.#ask(query, (reply) => this.#udp.send(reply, port, address));
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const socket of this.#asking) socket.close();
    await Promise.all([
      new Promise((resolve) => void this.#udp.close(() => resolve(undefined))),
      new Promise((resolve) => void this.#tcp.close(() => resolve(undefined))),
    ]);
  }

  #ask(query: Buffer, answer: (reply: Buffer) => void): void {
    const socket = createSocket('udp4');
    this.#asking.add(socket);
    const end = () => {
      clearTimeout(timer);
      if (this.#asking.delete(socket)) socket.close();
    };
    const timer = setTimeout(end, FORGET_MS);
    socket.on('message', (reply) => {
      answer(reply);
      end();
    });
    socket.send(query, this.#server.port, this.#server.host);
  }

  #join(socket: Socket): void {
    const other = connect(this.#server.port, this.#server.host);
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => two.destroy());
      one.on('close', () => this.#sockets.delete(one));
      one.pipe(two);
    }
  }
}

function nameOf(query: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; query[at] !== undefined && query[at] !== 0; at += 1 + query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
  }
  return `${labels.join('.')}.`;
}
