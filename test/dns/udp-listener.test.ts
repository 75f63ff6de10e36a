import {EventEmitter} from 'node:events';
import type {Socket} from 'node:dgram';
import {describe, expect, test} from 'vitest';
import {Counter, Counters} from '../../dns/counters.ts';
import {UdpListener} from '../../dns/transport/udp-listener.ts';
import {question, responderFor} from './ask.ts';
import {fixture} from './fixture-view.ts';

/** A socket that nothing leaves: it says how sending went to whoever asks. */
class PlayedSocket extends EventEmitter {
  sent = 0;
  asked = 0;
  isFailing = false;

  send(_reply: Buffer, _port: number, _address: string, onSent?: (error: Error | null) => void): void {
    this.sent++;
    if (!onSent) return;
    this.asked++;
    onSent(this.isFailing ? new Error('EPERM') : null);
  }
}

interface Played {
  readonly socket: PlayedSocket;
  readonly listener: UdpListener;
  readonly counters: Counters;
  readonly query: (times: number) => void;
}

function listen(): Played {
  const socket = new PlayedSocket();
  const counters = new Counters(Counters.allocate(1), 0);
  const listener = new UdpListener(socket as unknown as Socket, {responder: responderFor(fixture), counters});
  const message = question('web.test.svc.clusterset.local', 'A');
  const query = (times: number) => {
    for (let i = 0; i < times; i++) socket.emit('message', message, {address: '127.0.0.1', port: 5353});
  };
  return {socket, listener, counters, query};
}

describe('answers over UDP that can not be sent', () => {
  test('are looked for in a sample while none is known of', () => {
    const {socket, counters, query} = listen();
    query(1600);
    expect([socket.sent, socket.asked, counters.get(Counter.socketFailures)]).toEqual([1600, 100, 0]);
  });

  test('are counted one by one once there was one, and until it has been well for a while', () => {
    const {socket, counters, query} = listen();
    socket.isFailing = true;
    query(16);
    expect(counters.get(Counter.socketFailures)).toBe(1);
    query(1000);
    expect(counters.get(Counter.socketFailures)).toBe(1001);
    socket.isFailing = false;
    query(4096);
    const {asked} = socket;
    query(160);
    expect(socket.asked - asked).toBe(10);
    expect(counters.get(Counter.socketFailures)).toBe(1001);
  });
});
