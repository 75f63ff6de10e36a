import type {Server, Socket} from 'node:net';
import {Counter} from '../counters.ts';
import type {Counters} from '../counters.ts';
import type {Responder} from '../responder.ts';
import {TcpConnection} from './tcp-connection.ts';
import type {TcpLimits} from './tcp-limits.ts';

/** Accepts connections up to the caps; one over them is closed at once, so that those that are there stay good. */
export class TcpListener {
  readonly #server: Server;
  readonly #counters: Counters;
  readonly #limits: TcpLimits;
  readonly #connections = new Set<TcpConnection>();
  readonly #perClient = new Map<string, number>();

  constructor(server: Server, o: {responder: Responder; counters: Counters; limits: TcpLimits}) {
    this.#server = server;
    this.#counters = o.counters;
    this.#limits = o.limits;
    server.on('error', () => this.#counters.add(Counter.socketFailures));
    server.on('connection', (socket) => {
      const client = this.#admit(socket);
      if (client === undefined) return;
      const connection = new TcpConnection(socket, o);
      this.#remember(connection, client);
      socket.on('close', () => this.#forget(connection, client));
    });
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#connections) connection.destroy();
    return closed;
  }

  /** @returns the client's address, or undefined where the connection was closed instead */
  #admit(socket: Socket): string | undefined {
    // Without an address it was reset before it got here.
    const client = socket.remoteAddress;
    const isFull = this.#connections.size >= this.#limits.maxConnections;
    if (client && !isFull && this.#connectionsOf(client) < this.#limits.maxConnectionsPerClient) return client;
    this.#counters.add(Counter.tcpRejected);
    socket.on('error', () => socket.destroy());
    socket.destroy();
    return undefined;
  }

  #connectionsOf(client: string): number {
    return this.#perClient.get(client) ?? 0;
  }

  #remember(connection: TcpConnection, client: string): void {
    this.#connections.add(connection);
    this.#perClient.set(client, this.#connectionsOf(client) + 1);
    this.#counters.add(Counter.tcpAccepted);
    this.#counters.set(Counter.tcpConnections, this.#connections.size);
  }

  #forget(connection: TcpConnection, client: string): void {
    this.#connections.delete(connection);
    this.#counters.set(Counter.tcpConnections, this.#connections.size);
    const left = this.#connectionsOf(client) - 1;
    if (left > 0) this.#perClient.set(client, left);
    else this.#perClient.delete(client);
  }
}
