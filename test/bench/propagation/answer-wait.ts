import type {Socket} from 'node:dgram';
import {createSocket} from 'node:dgram';
import {once} from 'node:events';

import {question} from '../../dns/ask.ts';

const EVERY_MS = 1;
const DEADLINE_MS = 20_000;

/** Asks one DNS server for one name after the other, each every millisecond until it is answered with an address. */
export class AnswerWait {
  readonly #socket: Socket;
  #id = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number): Promise<AnswerWait> {
    const socket = createSocket('udp4');
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new AnswerWait(socket);
  }

  /**
   * Begins to ask at once.
   * @returns when the first answer with a record arrived, in milliseconds since the epoch; at most `EVERY_MS` too late
   */
  async wait(name: string): Promise<number> {
    // An answer to the name before must not count: each wait has an id of its own.
    const id = (this.#id = (this.#id + 1) % 0x10000);
    const message = question(name, 'A', {id});
    const {promise, resolve, reject} = Promise.withResolvers<number>();
    const take = (reply: Buffer): void => {
      const isAnswer = reply.readUInt16BE(0) === id && reply.readUInt16BE(6) > 0;
      if (isAnswer) resolve(performance.timeOrigin + performance.now());
    };
    this.#socket.on('message', take);
    const asking = setInterval(() => this.#socket.send(message), EVERY_MS);
    const deadline = setTimeout(() => reject(new Error(`${name} was not answered in ${DEADLINE_MS} ms`)), DEADLINE_MS);
    try {
      return await promise;
    } finally {
      clearInterval(asking);
      clearTimeout(deadline);
      this.#socket.off('message', take);
    }
  }

  close(): void {
    this.#socket.close();
  }
}
