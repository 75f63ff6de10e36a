import {createSocket} from 'node:dgram';
import type {Socket as UdpSocket} from 'node:dgram';
import {once} from 'node:events';
import type {Socket} from 'node:net';

/** Clients of the fuzz suite: they know no test framework, so that the suite runs by itself. */

/** Longer than a shared machine stands still. */
const ANSWER_MS = 10_000;

export class UdpClient {
  readonly #socket: UdpSocket = createSocket('udp4');
  readonly #onReply: (reply: Buffer) => void;
  readonly #waiting = new Map<number, (reply: Buffer) => void>();

  constructor(onReply: (reply: Buffer) => void = () => undefined) {
    this.#onReply = onReply;
  }

  async open(port: number): Promise<void> {
    this.#socket.on('message', (reply) => {
      const id = reply.length >= 2 ? reply.readUInt16BE(0) : -1;
      const waiter = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (waiter) waiter(reply);
      else this.#onReply(reply);
    });
    this.#socket.connect(port, '127.0.0.1');
    await once(this.#socket, 'connect');
    // Datagrams to a port that is closed for a moment come back as errors of the socket.
    this.#socket.on('error', () => undefined);
  }

  send(message: Buffer): void {
    this.#socket.send(message, () => undefined);
  }

  /** @returns undefined: no answer came in time */
  ask(message: Buffer): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const id = message.readUInt16BE(0);
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        resolve(undefined);
      }, ANSWER_MS);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      this.send(message);
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/** Sends octets in the pieces given and collects framed answers up to the last one, or until the connection ends. */
export async function streamExchange(
  socket: Socket,
  pieces: readonly Buffer[],
  isLast: (reply: Buffer) => boolean,
): Promise<Buffer[]> {
  const replies: Buffer[] = [];
  let read = Buffer.alloc(0);
  const done = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ANSWER_MS);
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('error', finish);
    socket.on('close', finish);
    socket.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      while (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0)) {
        replies.push(read.subarray(2, 2 + read.readUInt16BE(0)));
        read = Buffer.from(read.subarray(2 + read.readUInt16BE(0)));
      }
      if (replies.some(isLast)) finish();
    });
  });
  for (const piece of pieces) if (!socket.destroyed) socket.write(piece);
  await done;
  socket.destroy();
  return replies;
}
