import type {Socket} from 'node:net';
import {Counter} from '../counters.ts';
import type {Counters} from '../counters.ts';
import type {TcpLimits} from './tcp-limits.ts';

/** How many connections there are, of all clients and of each, over every listener of a worker together. */
export class ConnectionCaps {
  readonly #limits: TcpLimits;
  readonly #counters: Counters;
  readonly #perClient = new Map<string, number>();
  #connections = 0;

  constructor(limits: TcpLimits, counters: Counters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /**
   * Counts the connection until it is closed; one over a cap is closed at once, so that those that are there stay good.
   *
   * @returns the client's address; undefined: it was closed
   */
  admit(socket: Socket): string | undefined {
    // A reset is the client's way to go; 'close' follows and does the rest.
    socket.on('error', () => socket.destroy());
    // Without an address it was reset before it got here.
    const client = socket.remoteAddress;
    const {maxConnections, maxConnectionsPerClient} = this.#limits;
    if (!client || this.#connections >= maxConnections || this.#of(client) >= maxConnectionsPerClient) {
      this.reject(socket);
      return undefined;
    }
    this.#counters.add(Counter.tcpAccepted);
    this.#count(client, 1);
    socket.on('close', () => this.#count(client, -1));
    return client;
  }

  reject(socket: Socket): void {
    this.#counters.add(Counter.tcpRejected);
    socket.destroy();
  }

  #of(client: string): number {
    return this.#perClient.get(client) ?? 0;
  }

  #count(client: string, by: number): void {
    const left = this.#of(client) + by;
    if (left > 0) this.#perClient.set(client, left);
    else this.#perClient.delete(client);
    this.#connections += by;
    this.#counters.set(Counter.tcpConnections, this.#connections);
  }
}
