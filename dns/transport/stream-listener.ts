import type {Server, Socket} from 'node:net';
import {Counter} from '../counters.ts';
import type {StreamAnswering} from './answering.ts';

/** Accepts connections up to the caps and hands them on. */
export class StreamListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(server: Server, {caps, counters}: StreamAnswering, accept: (socket: Socket, client: string) => void) {
    this.#server = server;
    server.on('error', () => counters.add(Counter.socketFailures));
    server.on('connection', (socket) => {
      const client = caps.admit(socket);
      if (client === undefined) return;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      accept(socket, client);
    });
  }

  /** Ends every connection; resolves when the port is free. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }
}
