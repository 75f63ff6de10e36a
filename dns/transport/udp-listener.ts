import type {RemoteInfo, Socket} from 'node:dgram';
import {Counter} from '../counters.ts';
import type {Counters} from '../counters.ts';
import type {Responder} from '../responder.ts';
import {PLAIN_UDP_BYTES} from '../wire/codes.ts';

/** Answers datagrams. What can't be answered, or should not be, costs nothing and is counted. */
export class UdpListener {
  readonly #socket: Socket;
  readonly #responder: Responder;
  readonly #counters: Counters;
  readonly #onSent: (error: Error | null) => void;

  constructor(socket: Socket, o: {responder: Responder; counters: Counters}) {
    this.#socket = socket;
    this.#responder = o.responder;
    this.#counters = o.counters;
    // Without a callback a failed send becomes an 'error' event, and an answer that is lost is not worth a word.
    this.#onSent = (error) => {
      if (error) this.#counters.add(Counter.socketFailures);
    };
    socket.on('error', () => this.#counters.add(Counter.socketFailures));
    socket.on('message', (message, from) => this.#receive(message, from));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }

  #receive(message: Buffer, from: RemoteInfo): void {
    this.#counters.add(Counter.udpQueries);
    // Sending to port 0 throws; no resolver asks from there.
    if (from.port === 0) return this.#counters.add(Counter.droppedPortZero);
    // RFC 1035 §4.2.1. Reading a long one would be the attacker's work done by us.
    if (message.length > PLAIN_UDP_BYTES) return this.#counters.add(Counter.droppedOversized);
    const reply = this.#responder.respond(message, 'udp');
    if (!reply) return;
    try {
      this.#socket.send(reply, from.port, from.address, this.#onSent);
    } catch {
      this.#counters.add(Counter.socketFailures);
    }
  }
}
