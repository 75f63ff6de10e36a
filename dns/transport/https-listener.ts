import {createSecureServer} from 'node:http2';
import type {Http2SecureServer} from 'node:http2';
import type {Server, Socket} from 'node:net';
import {Counter} from '../counters.ts';
import type {StreamAnswering} from './answering.ts';
import {tlsOptions} from './certificate.ts';
import type {CertificateUser} from './certificate.ts';
import {HttpsExchange} from './https-exchange.ts';
import {StreamListener} from './stream-listener.ts';

const MAX_STREAMS = 100;
const MAX_HEADER_BYTES = 16 * 1024;
/** Of one HTTP/2 connection, in megabytes: what Node keeps for all its streams and headers. */
const MAX_SESSION_MB = 1;

/**
 * DNS over HTTPS (RFC 8484), over HTTP/2 and HTTP/1.1. A connection lives as long as it brings a whole request within the idle time:
 * headers or bodies that never end, or pings, buy none.
 */
export class HttpsListener extends StreamListener implements CertificateUser {
  readonly #https: Http2SecureServer;
  readonly #state: {hasCertificate: boolean};

  constructor(server: Server, answering: StreamAnswering) {
    const {counters, limits, caps} = answering;
    const state = {hasCertificate: false};
    const deadlines = new Map<string, NodeJS.Timeout>();
    const https = createSecureServer({
      allowHTTP1: true,
      handshakeTimeout: limits.messageMs,
      maxSessionMemory: MAX_SESSION_MB,
      settings: {maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES, enablePush: false},
    });
    https.on('tlsClientError', (_error, socket) => {
      counters.add(Counter.tlsFailures);
      socket.destroy();
    });
    // What is wrong with one connection ends that one.
    https.on('sessionError', () => counters.add(Counter.socketFailures));
    https.on('clientError', (_error: Error, socket: Socket) => void socket.destroy());
    https.on('request', (request, response) => {
      const {remoteAddress, remotePort} = request.socket;
      const done = () => deadlines.get(`${remoteAddress} ${remotePort}`)?.refresh();
      new HttpsExchange({request, response, client: remoteAddress, done}, answering).start();
    });
    super(server, answering, (socket, client) => {
      if (!state.hasCertificate) return caps.reject(socket);
      const key = `${client} ${socket.remotePort}`;
      const deadline = setTimeout(() => {
        counters.add(Counter.tcpTimeouts);
        socket.destroy();
      }, limits.idleMs);
      deadlines.set(key, deadline);
      socket.on('close', () => {
        clearTimeout(deadline);
        deadlines.delete(key);
      });
      https.emit('connection', socket);
    });
    this.#https = https;
    this.#state = state;
  }

  useCertificate(certificate: Parameters<CertificateUser['useCertificate']>[0]): void {
    this.#https.setSecureContext(tlsOptions(certificate));
    this.#state.hasCertificate = true;
  }
}
