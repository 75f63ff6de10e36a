import {EventEmitter} from 'node:events';
import type {Socket} from 'node:dgram';
import {setImmediate as turn} from 'node:timers/promises';
import {describe, expect, test} from 'vitest';
import {Counter, Counters} from '../../dns/counters.ts';
import {UdpListener} from '../../dns/transport/udp-listener.ts';
import {ReplyMemory} from '../../dns/wire/reply-memory.ts';
import {question, responderFor} from './ask.ts';
import {fixture} from './fixture-view.ts';

/** A socket that nothing leaves: it says how sending went to whoever asks. */
class PlayedSocket extends EventEmitter {
  readonly replies: Buffer[] = [];
  asked = 0;
  isFailing = false;
  /** The system takes nothing: what is sent stays with the socket. */
  isFull = false;
  unsent = 0;

  get sent(): number {
    return this.replies.length;
  }

  send(reply: Buffer, _port: number, _address: string, onSent?: (error: Error | null) => void): void {
    this.replies.push(reply);
    if (this.isFull) this.unsent++;
    if (!onSent) return;
    this.asked++;
    onSent(this.isFailing ? new Error('EPERM') : null);
  }

  getSendQueueCount(): number {
    return this.unsent;
  }

  close(closed: () => void): void {
    closed();
  }
}

interface Played {
  readonly socket: PlayedSocket;
  readonly listener: UdpListener;
  readonly counters: Counters;
  /** Resolves once they are answered. */
  readonly query: (times: number) => Promise<void>;
}

function message(id = 0): Buffer {
  return question('web.test.svc.clusterset.local', 'A', {id});
}

const from = {address: '127.0.0.1', port: 5353};

function listen(): Played {
  const socket = new PlayedSocket();
  const counters = new Counters(Counters.allocate(1), 0);
  const replies = new ReplyMemory();
  const responder = responderFor(fixture, {}, {replies});
  const listener = new UdpListener(socket as unknown as Socket, {responder, counters, replies});
  const query = async (times: number) => {
    for (let i = 0; i < times; i++) socket.emit('message', message(i), from);
    await turn();
  };
  return {socket, listener, counters, query};
}

function ids(replies: readonly Buffer[]): readonly number[] {
  return replies.map((reply) => reply.readUInt16BE(0));
}

describe('answers over UDP that can not be sent', () => {
  test('are looked for in a sample while none is known of', async () => {
    const {socket, counters, query} = listen();
    await query(1600);
    expect([socket.sent, socket.asked, counters.get(Counter.socketFailures)]).toEqual([1600, 100, 0]);
  });

  test('are counted one by one once there was one, and until it has been well for a while', async () => {
    const {socket, counters, query} = listen();
    socket.isFailing = true;
    await query(16);
    expect(counters.get(Counter.socketFailures)).toBe(1);
    await query(1000);
    expect(counters.get(Counter.socketFailures)).toBe(1001);
    socket.isFailing = false;
    await query(4096);
    const {asked} = socket;
    await query(160);
    expect(socket.asked - asked).toBe(10);
    expect(counters.get(Counter.socketFailures)).toBe(1001);
  });

  test('are kept up to a thousand, and lost beyond', async () => {
    const {socket, counters, query} = listen();
    socket.isFull = true;
    await query(1005);
    expect([socket.sent, counters.get(Counter.socketFailures)]).toEqual([1000, 5]);
    socket.isFull = false;
    socket.unsent = 0;
    await query(1);
    expect(socket.sent).toBe(1001);
  });
});

describe('queries of one turn', () => {
  test('are answered in their order, when all of them have been read', async () => {
    const {socket, query} = listen();
    const seen: number[] = [];
    socket.send = (reply) => void seen.push(reply.readUInt16BE(0));
    const answered = query(20);
    expect(seen).toEqual([]);
    await answered;
    expect(seen).toEqual(Array.from({length: 20}, (_, id) => id));
  });

  test('do not wait for more than 64, and not for a listener that closes', async () => {
    const {socket, listener} = listen();
    for (let i = 0; i < 70; i++) socket.emit('message', message(i), from);
    expect(socket.sent).toBe(64);
    await listener.close();
    expect(socket.sent).toBe(70);
    await turn();
    expect(socket.sent).toBe(70);
  });
});

describe('the memory of an answer', () => {
  test('is the one of the answer before, which has been sent', async () => {
    const {socket, query} = listen();
    await query(2);
    expect(socket.replies[0]).toBe(socket.replies[1]);
  });

  test('is its own while the socket has answers that it has not sent', async () => {
    const {socket, query} = listen();
    socket.isFull = true;
    await query(3);
    expect(ids(socket.replies)).toEqual([0, 1, 2]);
    socket.isFull = false;
    socket.unsent = 0;
    await query(3);
    // The first of these finds out that the socket has sent everything.
    expect(ids(socket.replies.slice(0, 4))).toEqual([2, 1, 2, 0]);
  });
});
