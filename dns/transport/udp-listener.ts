import type {RemoteInfo, Socket} from 'node:dgram';
import {Counter} from '../counters.ts';
import {EDNS_UDP_BYTES} from '../wire/codes.ts';
import {isTruncated} from './answering.ts';
import type {Answering} from './answering.ts';

/**
 * Of so many answers the socket is asked for one how sending it went, and for all of the next {@link WATCHED} once one failed.
 * Asking costs Node another turn of its queue for each answer, 4% of all that an answer takes, to hear that nothing happened.
 */
const SAMPLE = 16;
const WATCHED = 4096;

/** Node hands over up to 32 datagrams a turn; whatever it does, no more wait than these. */
const MAX_WAITING = 64;
/** Answers that the system does not take, as in a flood over a slow interface: beyond so many they are lost instead of kept. */
const MAX_UNSENT = 1000;

/**
 * Answers datagrams. What can't be answered, or should not be, costs nothing and is counted.
 *
 * All that one turn of the event loop brings is read first and answered then: reading and sending are long ways through Node and
 * the kernel that push each other out of the nearest cache, and whoever asks is woken once for many answers.
 */
export class UdpListener {
  readonly #socket: Socket;
  readonly #answering: Answering;
  readonly #onSent: (error: Error | null) => void;
  readonly #messages: Buffer[] = [];
  readonly #senders: RemoteInfo[] = [];
  #waiting = 0;
  #isClosed = false;
  #untilAsked = SAMPLE;
  #watched = 0;
  /** The socket has answers that it has not sent. */
  #isHolding = false;

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
    const answerAll = () => this.#answerAll();
    socket.on('error', () => counters.add(Counter.socketFailures));
    socket.on('message', (message, from) => {
      if (this.#isLeftOut(message, from)) return;
      this.#messages[this.#waiting] = message;
      this.#senders[this.#waiting] = from;
      if (this.#waiting++ === 0) setImmediate(answerAll);
      else if (this.#waiting === MAX_WAITING) answerAll();
    });
  }

  close(): Promise<void> {
    this.#answerAll();
    this.#isClosed = true;
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }

  #isLeftOut(message: Buffer, from: RemoteInfo): boolean {
    const {counters} = this.#answering;
    counters.add(Counter.udpQueries);
    // Sending to port 0 throws; no resolver asks from there.
    if (from.port === 0) counters.add(Counter.droppedPortZero);
    // Longer than we say that we take (RFC 6891 §6.2.3): reading it would be the attacker's work done by us.
    else if (message.length > EDNS_UDP_BYTES) counters.add(Counter.droppedOversized);
    else return false;
    return true;
  }

  #answerAll(): void {
    const count = this.#waiting;
    this.#waiting = 0;
    for (let i = 0; i < count; i++) this.#answer(this.#messages[i]!, this.#senders[i]!);
  }

  #answer(message: Buffer, from: RemoteInfo): void {
    const {counters, responder, limiter} = this.#answering;
    const reply = responder.respond(message, 'udp', from.address);
    if (!reply && !responder.isForUpstream) return;
    if (limiter && !responder.hasValidCookie) {
      const verdict = limiter.judge(from.address);
      if (verdict !== 'answer') {
        counters.add(Counter.rateLimited);
        if (verdict === 'truncate') this.#send(responder.truncated(message), responder.rcode, from);
        return;
      }
    }
    if (reply) this.#send(reply, responder.rcode, from);
    else this.#forward(message, from);
  }

  #forward(message: Buffer, from: RemoteInfo): void {
    const send = (late: Buffer, rcode: number) => {
      if (!this.#isClosed) this.#send(late, rcode, from);
    };
    this.#answering.forwarder?.forward({message, transport: 'udp', client: from.address, send});
  }

  #send(reply: Buffer, rcode: number, from: RemoteInfo): void {
    const {counters} = this.#answering;
    try {
      if (this.#isHolding && this.#socket.getSendQueueCount() >= MAX_UNSENT) {
        counters.add(Counter.socketFailures);
        return;
      }
      // First, so that nobody has an answer that is not counted.
      counters.answered(rcode, isTruncated(reply, 0));
      if (this.#isAsked()) this.#socket.send(reply, from.port, from.address, this.#onSent);
      else this.#socket.send(reply, from.port, from.address);
      this.#noteHolding(this.#socket.getSendQueueCount() > 0);
    } catch {
      counters.add(Counter.socketFailures);
    }
  }

  #noteHolding(isHolding: boolean): void {
    if (isHolding === this.#isHolding) return;
    this.#isHolding = isHolding;
    if (isHolding) this.#answering.replies?.hold();
    else this.#answering.replies?.release();
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
