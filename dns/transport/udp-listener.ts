import type {RemoteInfo, Socket} from 'node:dgram';
import {Counter} from '../counters.ts';
import {PLAIN_UDP_BYTES} from '../wire/codes.ts';
import type {Answering} from './answering.ts';

/**
 * Of so many answers the socket is asked for one how sending it went, and for all of the next {@link WATCHED} once one failed.
 * Asking costs Node another turn of its queue for each answer, 4% of all that an answer takes, to hear that nothing happened.
 */
const SAMPLE = 16;
const WATCHED = 4096;

/** Answers datagrams. What can't be answered, or should not be, costs nothing and is counted. */
export class UdpListener {
  readonly #socket: Socket;
  readonly #answering: Answering;
  readonly #onSent: (error: Error | null) => void;
  #isClosed = false;
  #untilAsked = SAMPLE;
  #watched = 0;

  constructor(socket: Socket, answering: Answering) {
    this.#socket = socket;
    this.#answering = answering;
    const {counters} = answering;
    // An answer that is lost is not worth a word.
    this.#onSent = (error) => {
      if (!error) return;
      counters.add(Counter.socketFailures);
      this.#watched = WATCHED;
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
      if (this.#isAsked()) this.#socket.send(reply, from.port, from.address, this.#onSent);
      else this.#socket.send(reply, from.port, from.address);
    } catch {
      this.#answering.counters.add(Counter.socketFailures);
    }
  }

  #isAsked(): boolean {
    if (this.#watched > 0) {
      this.#watched--;
      return true;
    }
    if (--this.#untilAsked > 0) return false;
    this.#untilAsked = SAMPLE;
    return true;
  }
}
