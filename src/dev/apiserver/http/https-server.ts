import {createServer} from 'node:https';
import type {Server} from 'node:https';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import {once} from 'node:events';
import {IsthmusError} from '../../../errors.ts';

export interface HttpsOptions {
  readonly host: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

const KEEP_ALIVE_MS = 90_000;
const HEADERS_TIMEOUT_MS = 32_000;
const KEEP_ALIVE_PROBE_MS = 15_000;

/**
 * The listening side: one port that can be closed and opened again, and all of its sockets at hand, so that a stop or a partition
 * really cuts them.
 */
export class HttpsServer {
  readonly #options: HttpsOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #partitioned = false;

  constructor(options: HttpsOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  /** @param port - 0 takes a free one the first time and the same one ever after */
  async listen(port: number): Promise<void> {
    if (this.#server !== undefined) return;
    const {certPem, keyPem, host, handle} = this.#options;
    const server = createServer(
      {cert: certPem, key: keyPem, ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2'},
      handle,
    );
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    // A watch is one long answer: no limit on the time of a request as a whole.
    server.requestTimeout = 0;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    this.#server = server;
    server.listen(this.#port === 0 ? port : this.#port, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      this.#server = undefined;
      const reason = `${host}:${port} cannot be listened on; choose another port`;
      throw new IsthmusError('ISTHMUS_DEV_CLUSTER', reason, {host, port}, {cause: error});
    }
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Closes the port and every socket. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    this.#destroySockets();
    await closed;
  }

  partition(on: boolean): void {
    this.#partitioned = on;
    if (on) this.#destroySockets();
  }

  #admit(socket: Socket): void {
    if (this.#partitioned) {
      socket.destroy();
      return;
    }
    // A client that vanished without a word is found by the kernel, so that its watch does not stay for an hour.
    socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}
