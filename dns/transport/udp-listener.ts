import type {RemoteInfo, Socket} from 'node:dgram';
import {Counter} from '../counters.ts';
import {PLAIN_UDP_BYTES} from '../wire/codes.ts';
import type {Answering} from './answering.ts';

/** Answers datagrams. What can't be answered, or should not be, costs nothing and is counted. */
export class UdpListener {
  readonly #socket: Socket;
  readonly #answering: Answering;
  readonly #onSent: (error: Error | null) => void;
  #isClosed = false;

  constructor(socket: Socket, answering: Answering) {
    this.#socket = socket;
    this.#answering = answering;
    const {counters} = answering;
    // Without a callback a failed send becomes an 'error' event, and an answer that is lost is not worth a word.
    this.#onSent = (error) => {
      if (error) counters.add(Counter.socketFailures);
    };
    socket.on('error', () => counters.add(Counter.socketFailures));
    socket.on('message', (message, from) => this.#receive(message, from));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }

  #receive(message: Buffer, from: RemoteInfo): void {
    const {counters, responder, limiter} = this.#answering;
    counters.add(Counter.udpQueries);
    // Sending to port 0 throws; no resolver asks from there.
    if (from.port === 0) return counters.add(Counter.droppedPortZero);
    // RFC 1035 §4.2.1. Reading a long one would be the attacker's work done by us.
    if (message.length > PLAIN_UDP_BYTES) return counters.add(Counter.droppedOversized);
    const reply = responder.respond(message, 'udp', from.address);
    if (!reply && !responder.isForUpstream) return;
    if (limiter && !responder.hasValidCookie) {
      const verdict = limiter.judge(from.address);
      if (verdict !== 'answer') {
        counters.add(Counter.rateLimited);
        if (verdict === 'truncate') this.#send(responder.truncated(message), from);
        return;
      }
    }
    if (reply) this.#send(reply, from);
    else this.#forward(message, from);
  }

  #forward(message: Buffer, from: RemoteInfo): void {
    const send = (late: Buffer) => {
      if (!this.#isClosed) this.#send(late, from);
    };
    this.#answering.forwarder?.forward({message, transport: 'udp', client: from.address, send});
  }

  #send(reply: Buffer, from: RemoteInfo): void {
    try {
      this.#socket.send(reply, from.port, from.address, this.#onSent);
    } catch {
      this.#answering.counters.add(Counter.socketFailures);
    }
  }
}
