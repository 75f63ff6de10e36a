import {createServer} from 'node:tls';
import type {Server} from 'node:net';
import {Counter} from '../counters.ts';
import type {StreamAnswering} from './answering.ts';
import type {CertificateUser} from './certificate.ts';
import {tlsOptions} from './certificate.ts';
import {StreamListener} from './stream-listener.ts';
import {TcpConnection} from './tcp-connection.ts';

/** DNS over TLS (RFC 7858): the same as over TCP, behind a handshake that has a deadline of its own. */
export class TlsListener extends StreamListener implements CertificateUser {
  readonly #tls: ReturnType<typeof createServer>;
  readonly #state: {hasCertificate: boolean};

  constructor(server: Server, answering: StreamAnswering) {
    const {counters, limits, caps} = answering;
    const state = {hasCertificate: false};
    const tls = createServer({handshakeTimeout: limits.messageMs, ALPNProtocols: ['dot'], allowHalfOpen: true});
    tls.on('tlsClientError', (_error, socket) => {
      counters.add(Counter.tlsFailures);
      socket.destroy();
    });
    tls.on('secureConnection', (socket) => {
      // Gone in the meantime: there is nobody to answer.
      const address = socket.remoteAddress;
      if (address) new TcpConnection(socket, {address, transport: 'tls'}, answering).start();
      else socket.destroy();
    });
    super(server, answering, (socket) => {
      if (state.hasCertificate) tls.emit('connection', socket);
      else caps.reject(socket);
    });
    this.#tls = tls;
    this.#state = state;
  }

  useCertificate(certificate: Parameters<CertificateUser['useCertificate']>[0]): void {
    this.#tls.setSecureContext(tlsOptions(certificate));
    this.#state.hasCertificate = true;
  }
}
