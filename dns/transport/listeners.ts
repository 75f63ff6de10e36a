import type {Server} from 'node:net';
import type {StreamAnswering} from './answering.ts';
import {bindBoth, bindTcp} from './bind.ts';
import type {Listener} from './bind.ts';
import type {Certificate, CertificateUser} from './certificate.ts';
import {HttpsListener} from './https-listener.ts';
import {StreamListener} from './stream-listener.ts';
import {TcpConnection} from './tcp-connection.ts';
import {TlsListener} from './tls-listener.ts';
import {UdpListener} from './udp-listener.ts';

interface Open {
  readonly port: number;
  readonly parts: readonly {close(): Promise<void>}[];
  readonly certificateUser?: CertificateUser;
}

/** Everything that one worker listens with. */
export class Listeners {
  readonly #answering: StreamAnswering;
  readonly #reusePort: boolean;
  readonly #open: Open[] = [];

  constructor(answering: StreamAnswering, reusePort: boolean) {
    this.#answering = answering;
    this.#reusePort = reusePort;
  }

  /**
   * @returns the ports, in the order of the listeners
   * @throws the system's error with nothing left bound
   */
  async open(listeners: readonly Listener[]): Promise<readonly number[]> {
    try {
      for (const listener of listeners) this.#open.push(await this.#openOne(listener));
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.#open.map(({port}) => port);
  }

  useCertificate(certificate: Certificate): void {
    for (const {certificateUser} of this.#open) certificateUser?.useCertificate(certificate);
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.flatMap(({parts}) => parts.map((part) => part.close())));
  }

  async #openOne(listener: Listener): Promise<Open> {
    if (listener.kind === 'plain') return this.#openPlain(listener);
    const server = await bindTcp(listener, this.#reusePort);
    const port = portOf(server);
    const secure =
      listener.kind === 'tls' ? new TlsListener(server, this.#answering) : new HttpsListener(server, this.#answering);
    return {port, parts: [secure], certificateUser: secure};
  }

  async #openPlain(listener: Listener): Promise<Open> {
    const {udp, tcp, port} = await bindBoth(listener, this.#reusePort);
    const answering = this.#answering;
    const streams = new StreamListener(tcp, answering, (socket, address) => {
      new TcpConnection(socket, {address, transport: 'tcp'}, answering).start();
    });
    return {port, parts: [new UdpListener(udp, answering), streams]};
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
