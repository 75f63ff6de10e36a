import {createSocket} from 'node:dgram';
import type {Socket} from 'node:dgram';
import {once} from 'node:events';
import {question} from '../../dns/ask.ts';

/** Asks one server again and again, one question at a time, until it says what is waited for. */
export class AnswerPoll {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number): Promise<AnswerPoll> {
    const socket = createSocket('udp4');
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new AnswerPoll(socket);
  }

  /** Resolves with the first answer whose last four octets are the address. */
  async until(name: string, ip: string): Promise<void> {
    const query = question(name, 'A');
    const wanted = Buffer.from(ip.split('.').map(Number));
    await new Promise<void>((resolve, reject) => {
      const ask = () => this.#socket.send(query, (error) => error && reject(error));
      const hear = (reply: Buffer) => {
        if (!reply.subarray(-4).equals(wanted)) return ask();
        this.#socket.off('message', hear);
        resolve();
      };
      this.#socket.on('message', hear);
      ask();
    });
  }

  close(): void {
    this.#socket.close();
  }
}
