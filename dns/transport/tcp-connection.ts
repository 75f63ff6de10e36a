import type {Socket} from 'node:net';
import {Counter} from '../counters.ts';
import type {Counters} from '../counters.ts';
import type {Responder} from '../responder.ts';
import {HEADER_BYTES} from '../wire/codes.ts';
import type {TcpLimits} from './tcp-limits.ts';

/** A query of one question and an OPT record is far below; more is no query, and is not waited for. */
const MAX_QUERY_BYTES = 4096;
/** Answers that the client has not taken yet; above it nothing more is read from it. */
const MAX_UNSENT_BYTES = 256 * 1024;
const LENGTH_BYTES = 2;

/**
 * One client over TCP (RFC 7766): queries framed by their length, any number in one go, answered in order. Whatever is wrong
 * ends the connection and nothing else. Ends by itself.
 */
export class TcpConnection {
  readonly #socket: Socket;
  readonly #responder: Responder;
  readonly #counters: Counters;
  readonly #limits: TcpLimits;
  #unread: Buffer = Buffer.alloc(0);
  #deadline: NodeJS.Timeout;
  #isInMessage = false;

  constructor(socket: Socket, o: {responder: Responder; counters: Counters; limits: TcpLimits}) {
    this.#socket = socket;
    this.#responder = o.responder;
    this.#counters = o.counters;
    this.#limits = o.limits;
    this.#deadline = this.#startDeadline(o.limits.idleMs);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#resume());
    // A reset is the client's way to go; 'close' follows and does the rest.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clearTimeout(this.#deadline));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#answerAll();
  }

  #resume(): void {
    this.#answerAll();
    if (this.#socket.writableLength <= MAX_UNSENT_BYTES) this.#socket.resume();
  }

  #answerAll(): void {
    const socket = this.#socket;
    let at = 0;
    let answered = 0;
    socket.cork();
    while (!socket.destroyed) {
      if (socket.writableLength > MAX_UNSENT_BYTES) {
        socket.pause();
        break;
      }
      const end = this.#messageEnd(at);
      if (end === undefined) break;
      this.#answer(this.#unread.subarray(at + LENGTH_BYTES, end));
      at = end;
      answered++;
    }
    socket.uncork();
    if (socket.destroyed) return;
    // A copy, so that the rest of a query does not keep the whole chunk.
    this.#unread = Buffer.from(this.#unread.subarray(at));
    this.#renewDeadline(answered > 0);
  }

  /** Where the message at `at` ends; undefined: it is not all there yet, or not a query, and then the connection is gone. */
  #messageEnd(at: number): number | undefined {
    if (this.#unread.length < at + LENGTH_BYTES) return undefined;
    const length = this.#unread.readUInt16BE(at);
    if (length < HEADER_BYTES || length > MAX_QUERY_BYTES) {
      this.#counters.add(Counter.droppedMalformed);
      this.#socket.destroy();
      return undefined;
    }
    const end = at + LENGTH_BYTES + length;
    return end <= this.#unread.length ? end : undefined;
  }

  #answer(message: Buffer): void {
    this.#counters.add(Counter.tcpQueries);
    const reply = this.#responder.respond(message, 'tcp');
    if (reply) this.#socket.write(reply);
    else this.#socket.destroy();
  }

  /** Only a whole query buys more time: octets of one that never ends, or reading answers slowly, don't. */
  #renewDeadline(answered: boolean): void {
    const isInMessage = this.#unread.length > 0;
    if (!answered && isInMessage === this.#isInMessage) return;
    this.#isInMessage = isInMessage;
    clearTimeout(this.#deadline);
    this.#deadline = this.#startDeadline(isInMessage ? this.#limits.messageMs : this.#limits.idleMs);
  }

  #startDeadline(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#counters.add(Counter.tcpTimeouts);
      this.#socket.destroy();
    }, ms);
  }
}
