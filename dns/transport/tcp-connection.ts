import type {Socket} from 'node:net';
import {Counter} from '../counters.ts';
import {HEADER_BYTES} from '../wire/codes.ts';
import {isTruncated} from './answering.ts';
import type {StreamAnswering} from './answering.ts';

/** A query of one question and an OPT record is far below; more is no query, and is not waited for. */
export const MAX_QUERY_BYTES = 4096;
/** Answers that the client has not taken yet; above it nothing more is read from it. */
const MAX_UNSENT_BYTES = 256 * 1024;
/** Queries of one connection that wait for an upstream; with more, nothing is read from it. */
const MAX_PENDING = 64;
const LENGTH_BYTES = 2;

export interface TcpClient {
  readonly address: string;
  readonly transport: 'tcp' | 'tls';
}

/**
 * One client over TCP (RFC 7766) or TLS (RFC 7858): queries framed by their length, any number in one go. Names of the zone are
 * answered in order, those of an upstream when it has answered. Whatever is wrong ends the connection and nothing else. Ends by itself.
 */
export class TcpConnection {
  readonly #socket: Socket;
  readonly #answering: StreamAnswering;
  readonly #client: TcpClient;
  #unread: Buffer = Buffer.alloc(0);
  #deadline: NodeJS.Timeout | undefined;
  #isInMessage = false;
  #pending = 0;
  #hasEnded = false;

  /** @param socket - that may stay half open: the client may end its side and wait for its answers */
  constructor(socket: Socket, client: TcpClient, answering: StreamAnswering) {
    this.#socket = socket;
    this.#client = client;
    this.#answering = answering;
  }

  /** Answers until the client goes, or a deadline passes. */
  start(): void {
    const socket = this.#socket;
    this.#deadline = this.#startDeadline(this.#answering.limits.idleMs);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#resume());
    socket.on('end', () => this.#ended());
    // A reset is the client's way to go; 'close' follows and does the rest.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clearTimeout(this.#deadline));
  }

  #receive(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#answerAll();
  }

  #ended(): void {
    this.#hasEnded = true;
    this.#answerAll();
  }

  #resume(): void {
    this.#answerAll();
    if (!this.#isFull()) this.#socket.resume();
  }

  #isFull(): boolean {
    return this.#socket.writableLength > MAX_UNSENT_BYTES || this.#pending >= MAX_PENDING;
  }

  #answerAll(): void {
    const socket = this.#socket;
    let at = 0;
    let answered = 0;
    let isDone = false;
    socket.cork();
    while (!socket.destroyed) {
      if (this.#isFull()) {
        socket.pause();
        break;
      }
      const end = this.#messageEnd(at);
      isDone = end === undefined;
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
    if (this.#hasEnded && isDone && this.#pending === 0) socket.end();
  }

  /** Where the message at `at` ends; undefined: it is not all there yet, or not a query, and then the connection is gone. */
  #messageEnd(at: number): number | undefined {
    if (this.#unread.length < at + LENGTH_BYTES) return undefined;
    const length = this.#unread.readUInt16BE(at);
    if (length < HEADER_BYTES || length > MAX_QUERY_BYTES) {
      this.#answering.counters.add(Counter.droppedMalformed);
      this.#socket.destroy();
      return undefined;
    }
    const end = at + LENGTH_BYTES + length;
    return end <= this.#unread.length ? end : undefined;
  }

  #answer(message: Buffer): void {
    const {responder, counters} = this.#answering;
    const {transport, address} = this.#client;
    counters.add(transport === 'tls' ? Counter.tlsQueries : Counter.tcpQueries);
    const reply = responder.respond(message, transport, address);
    if (reply) this.#send(reply, responder.rcode);
    else if (responder.isForUpstream) this.#forward(Buffer.from(message));
    else this.#socket.destroy();
  }

  #forward(message: Buffer): void {
    this.#pending++;
    const send = (reply: Buffer, rcode: number) => {
      this.#pending--;
      if (this.#socket.destroyed) return;
      this.#send(reply, rcode);
      // Not from within: an answer out of the cache comes before `forward` returns.
      queueMicrotask(() => this.#resume());
    };
    const {transport, address: client} = this.#client;
    this.#answering.forwarder?.forward({message, transport, client, send});
  }

  #send(reply: Buffer, rcode: number): void {
    this.#answering.counters.answered(rcode, isTruncated(reply, LENGTH_BYTES));
    this.#socket.write(reply);
  }

  /** Only a whole query buys more time: octets of one that never ends, or reading answers slowly, don't. */
  #renewDeadline(answered: boolean): void {
    const isInMessage = this.#unread.length > 0;
    if (!answered && isInMessage === this.#isInMessage) return;
    this.#isInMessage = isInMessage;
    clearTimeout(this.#deadline);
    const {messageMs, idleMs} = this.#answering.limits;
    this.#deadline = this.#startDeadline(isInMessage ? messageMs : idleMs);
  }

  #startDeadline(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#answering.counters.add(Counter.tcpTimeouts);
      this.#socket.destroy();
    }, ms);
  }
}
