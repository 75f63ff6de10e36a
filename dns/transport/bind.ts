import {createSocket} from 'node:dgram';
import type {Socket} from 'node:dgram';
import {once} from 'node:events';
import {createServer, isIPv6} from 'node:net';
import type {Server} from 'node:net';

/** With port 0, how often a port that is free for UDP may turn out to be taken for TCP. */
const MAX_TRIES = 32;
/** Bursts wait here while the worker takes over a change; the kernel gives what it allows. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export interface ListenAddress {
  /** An IP address. */
  readonly host: string;
  /** 0: any that is free for both. */
  readonly port: number;
}

/** What a worker listens with: `plain` is UDP and TCP on one port. */
export interface Listener extends ListenAddress {
  readonly kind: 'plain' | 'tls' | 'https';
  /** `::` does not take IPv4: another socket does. */
  readonly ipv6Only: boolean;
}

export interface BoundSockets {
  readonly udp: Socket;
  readonly tcp: Server;
  readonly port: number;
}

/**
 * Binds UDP and TCP to one port number.
 *
 * @param reusePort - several workers share the port, and the kernel spreads the clients over them
 * @throws the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL) with nothing left bound
 */
export async function bindBoth(listen: Listener, reusePort: boolean): Promise<BoundSockets> {
  for (let tries = 1; ; tries++) {
    const udp = await bindUdp(listen, reusePort);
    const port = udp.address().port;
    try {
      return {udp, tcp: await bindTcp({...listen, port}, reusePort), port};
    } catch (error) {
      udp.close();
      if (listen.port !== 0 || tries >= MAX_TRIES || !isAddressInUse(error)) throw error;
    }
  }
}

async function bindUdp(listen: Listener, reusePort: boolean): Promise<Socket> {
  const family = isIPv6(listen.host) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reusePort,
    ipv6Only: listen.ipv6Only,
    // Answers go to the address a query came from: there is nothing to look up, and nothing to wait for.
    lookup: (address, _options, done) => done(null, address, family),
  });
  try {
    // Listened for first: with nothing to look up, binding may be done before `bind` returns.
    const listening = once(socket, 'listening');
    socket.bind(listen.port, listen.host);
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  return socket;
}

/** @throws the system's error */
export async function bindTcp({host, port, ipv6Only}: Listener, reusePort: boolean): Promise<Server> {
  // Half open: who has ended his side may still wait for answers.
  const server = createServer({allowHalfOpen: true});
  server.listen({host, port, ipv6Only, reusePort, backlog: 511});
  await once(server, 'listening');
  return server;
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
