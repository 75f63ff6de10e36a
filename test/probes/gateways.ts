import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:net';
import type {AddressInfo, Server, Socket} from 'node:net';

/** Plays a gateway on loopback: takes connections while it is up, refuses them while it is down, on one port all along. */
export class PlayedGateway {
  readonly host: string;
  #port = 0;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  connections = 0;

  constructor(host = '127.0.0.1') {
    this.host = host;
  }

  get port(): number {
    return this.#port;
  }

  async up(): Promise<this> {
    const server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      // Probes reset their connections.
      socket.on('error', () => undefined);
    });
    server.listen(this.#port, this.host);
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, 'close');
  }
}

/** The numbers of design §6 in a clock that runs 25 times as fast, so that a minute of flapping fits into a test. */
export function fastProbing(): {everyMs: number; timeoutMs: number; nowMs: () => number} {
  const speed = 25;
  // On loopback nothing is silent but a machine that is busy.
  return {everyMs: 1_000 / speed, timeoutMs: 5_000, nowMs: () => performance.now() * speed};
}

const LISTENER = `
  const server = require('node:net').createServer();
  server.listen({port: 0, host: '127.0.0.1', backlog: 1}, () => process.stdout.write(String(server.address().port)));
`;

/**
 * An address that neither takes nor refuses connections, as behind a firewall that drops them: a listener that is stopped, with a
 * queue that is full after a few.
 */
export async function silentGateway(): Promise<{host: string; port: number; end(): void}> {
  const child = spawn(process.execPath, ['-e', LISTENER], {stdio: ['ignore', 'pipe', 'inherit']});
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  return {host: '127.0.0.1', port: Number(port.toString()), end: () => child.kill('SIGKILL')};
}
