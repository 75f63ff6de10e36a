import {createSocket} from 'node:dgram';
import {connect} from 'node:net';
import type {Socket} from 'node:net';
import {isDeepStrictEqual} from 'node:util';
import {pino} from 'pino';
import {afterEach, expect} from 'vitest';
import {startDnsServer} from '../../dns/server.ts';
import type {DnsStats} from '../../dns/counters.ts';
import type {DnsServer, DnsServerOptions} from '../../dns/server.ts';
import type {View} from '../../src/clusterset/view.ts';
import {eventually} from '../tools/eventually.ts';
import {everything} from './fixture-view.ts';

/** Servers and sockets for the tests at the socket; everything is closed after each test. */

const opened: (() => Promise<void> | void)[] = [];

/** Closed after the test, in the order of opening. */
export function afterTest(close: () => Promise<void> | void): void {
  opened.push(close);
}

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

export async function startServer(o: Partial<DnsServerOptions> & {view?: View} = {}): Promise<DnsServer> {
  const {view, ...options} = o;
  const server = await startDnsServer({
    listen: {host: '127.0.0.1', port: 0},
    logger: pino({level: 'silent'}),
    ...options,
  });
  opened.push(() => server.close());
  if (view) {
    server.publish(view, everything);
    await server.served(view.revision);
  }
  return server;
}

/** Waits for counters to have these values: a client may see an answer, or the end of its connection, before that is counted. */
export async function counted(server: DnsServer, numbers: Partial<DnsStats>): Promise<void> {
  const names = Object.keys(numbers) as (keyof DnsStats)[];
  const isCounted = () => {
    const stats = server.stats();
    return names.every((name) => isDeepStrictEqual(stats[name], numbers[name]));
  };
  await eventually(`counters ${JSON.stringify(numbers)}`, isCounted, 15_000).catch(() => {
    // Says which one differs.
    expect(server.stats()).toMatchObject(numbers);
  });
}

export interface UdpPeer {
  /** Sends and waits for the answer with the same id. */
  ask(message: Buffer): Promise<Buffer>;
  /** Sends and expects nothing. */
  send(message: Buffer): Promise<void>;
  readonly received: readonly Buffer[];
}

/** A UDP client that sends what it is given. */
export async function udpPeer(server: DnsServer): Promise<UdpPeer> {
  const {host, port} = server.address;
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const received: Buffer[] = [];
  const waiting = new Map<number, (message: Buffer) => void>();
  socket.on('message', (message) => {
    received.push(message);
    waiting.get(message.readUInt16BE(0))?.(message);
  });
  opened.push(() => new Promise((resolve) => void socket.close(resolve)));
  const send = (message: Buffer) =>
    new Promise<void>((resolve, reject) => {
      socket.send(message, port, host, (error) => (error ? reject(error) : resolve()));
    });
  const ask = async (message: Buffer) => {
    const answer = new Promise<Buffer>((resolve) => waiting.set(message.readUInt16BE(0), resolve));
    await send(message);
    return withDeadline(answer, 'an answer over UDP');
  };
  return {ask, send, received};
}

export interface TcpPeer {
  readonly socket: Socket;
  /** Messages received so far, without their lengths. */
  messages(count: number): Promise<readonly Buffer[]>;
  /** That the server closes it, with a deadline that begins with the look at it. */
  readonly closed: Promise<void>;
}

export async function tcpPeer(server: DnsServer): Promise<TcpPeer> {
  const socket = connect(server.address.port, server.address.host);
  const peer = framedPeer(socket);
  await withDeadline(new Promise((resolve) => void socket.once('connect', resolve)), 'a connection');
  return peer;
}

/** A client that sends what it is given over a connection of any kind. */
export function framedPeer(socket: Socket): TcpPeer {
  const all: Buffer[] = [];
  let rest = Buffer.alloc(0);
  let wake: () => void = () => undefined;
  socket.on('data', (chunk) => {
    rest = takeMessages(Buffer.concat([rest, chunk]), all);
    wake();
  });
  // A reset is a way to be closed, and what several of these tests wait for.
  socket.on('error', () => socket.destroy());
  const closed = new Promise<void>((resolve) => void socket.on('close', () => resolve()));
  opened.push(async () => {
    socket.destroy();
    await closed;
  });
  const messages = (count: number) =>
    withDeadline(
      new Promise<readonly Buffer[]>((resolve) => {
        wake = () => {
          if (all.length >= count) resolve(all);
        };
        wake();
      }),
      `${count} messages over TCP`,
    );
  return {
    socket,
    messages,
    // Made when it is asked for: a deadline that nobody waits for would be a rejection that nobody handles.
    get closed() {
      return withDeadline(closed, 'the server to close the connection');
    },
  };
}

/** A message with its length before it. */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
}

/** @returns what is left: part of a message */
function takeMessages(read: Buffer, into: Buffer[]): Buffer<ArrayBuffer> {
  let at = 0;
  while (at + 2 <= read.length && at + 2 + read.readUInt16BE(at) <= read.length) {
    const end = at + 2 + read.readUInt16BE(at);
    into.push(read.subarray(at + 2, end));
    at = end;
  }
  return Buffer.from(read.subarray(at));
}

/** @param ms - far over what anything here takes: a shared machine may stand still for seconds */
export async function withDeadline<T>(promise: Promise<T>, what: string, ms = 15_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
