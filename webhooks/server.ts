import type {Server} from 'node:https';
import type {AddressInfo} from 'node:net';
import {createSecureContext} from 'node:tls';
import type {SecureContextOptions} from 'node:tls';
import fastify from 'fastify';
import type {FastifyError, FastifyInstance, FastifyReply, FastifyRequest} from 'fastify';
import type {Logger} from 'pino';
import {IsthmusError} from '../src/errors.ts';
import {gracefulClose} from './graceful-close.ts';
import type {ReviewHandler} from './review.ts';
import {reviewRoute} from './review-route.ts';
import {ReviewCounters} from './stats.ts';
import type {WebhookStats} from './stats.ts';

export type {ReviewHandler} from './review.ts';

export interface ServingPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface WebhookServerOptions {
  /** Port 0: a free one, told by `address`. */
  readonly listen: {readonly host: string; readonly port: number};
  readonly tls: ServingPair;
  readonly logger: Logger;
  readonly handlers: ReadonlyMap<string, ReviewHandler>;
  readonly ready: () => boolean;
}

export interface WebhookServer {
  readonly address: {readonly host: string; readonly port: number};
  /**
   * New handshakes get the new certificate, open connections go on.
   *
   * @throws IsthmusError ISTHMUS_PKI_INVALID where the pair can't be used; the one before stays
   */
  setCertificate(tls: ServingPair): void;
  /** Answers what is in flight, then closes; ends within 5 s. */
  close(): Promise<void>;
  stats(): WebhookStats;
}

/**
 * A review carries object and oldObject. An API server takes bodies of 3 MiB, stores 1.5 MiB, and sends JSON, in which
 * what came as protobuf is bigger; 1 MiB is left for the envelope. A limit too small would be an outage for big objects.
 */
const MAX_REVIEW_BYTES = 8 * 1024 * 1024;

/** Over the 90 s after which an API server drops an idle connection: the server never closes under a request. */
const KEEP_ALIVE_MS = 100_000;

/**
 * Serves AdmissionReview v1 over HTTPS, HTTP/1.1 (an API server speaks it where h2 is not offered; h2 is what
 * CVE-2023-44487 was about). While not ready it answers 503, so the `failurePolicy` of each entry decides, as it would
 * with no server at all: pods start without a sidecar, objects under `Fail` wait.
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const counters = new ReviewCounters(options.handlers.keys());
  const app = createApp(options.tls);
  const server = app.server as Server;
  const close = gracefulClose(app, server);
  server.on('tlsClientError', (error: Error) => {
    counters.tlsErrors += 1;
    options.logger.debug({err: error.message}, 'tls handshake failed');
  });
  takeOnlyJson(app);
  app.setErrorHandler(refuse);
  const {logger, ready} = options;
  for (const [path, handler] of options.handlers) {
    app.post(path, reviewRoute({path, handler, ready, logger, counters}));
  }
  await app.listen({host: options.listen.host, port: options.listen.port});
  const {address, port} = server.address() as AddressInfo;
  return {
    address: {host: address, port},
    setCertificate: (tls) => {
      server.setSecureContext(secureContext(tls));
      counters.certificateChanges += 1;
    },
    close,
    stats: () => counters.snapshot(),
  };
}

function createApp(tls: ServingPair): FastifyInstance {
  const app = fastify({
    https: {...secureContext(tls), handshakeTimeout: 10_000},
    logger: false,
    bodyLimit: MAX_REVIEW_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 15_000,
    // A review that arrives on an open connection during the close is still answered: a 503 would refuse the user's object.
    return503OnClosing: false,
  });
  return app;
}

/** `setSecureContext` forgets what it is not told again, so both uses take all of it from here. */
function secureContext(tls: ServingPair): SecureContextOptions {
  const context: SecureContextOptions = {cert: tls.certPem, key: tls.keyPem, minVersion: 'TLSv1.2'};
  try {
    createSecureContext(context);
  } catch {
    // The cause is left out: it can quote the key.
    throw new IsthmusError('ISTHMUS_PKI_INVALID', 'the serving certificate and its key do not fit each other');
  }
  return context;
}

/** The body stays text until the handler: fastify's own parser refuses keys such as `__proto__`, which an object may have. */
function takeOnlyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', {parseAs: 'string'}, (_request, body, done) => done(null, body));
}

/** What never reached a handler: wrong content type (415), too big (413), cut off (400). */
function refuse(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error.statusCode ?? 500;
  return reply.code(status).type('text/plain; charset=utf-8').send(error.message);
}
