import type {AddressInfo} from 'node:net';
import fastify from 'fastify';
import type {Logger} from 'pino';
import {describeError} from '../src/errors.ts';
import {gracefulClose} from './graceful-close.ts';

export interface HealthServerOptions {
  readonly listen: {readonly host: string; readonly port: number};
  readonly logger: Logger;
  /** `reason` is shown either way: what is waited for, or what is served. */
  readonly ready: () => {readonly ready: boolean; readonly reason: string};
  /** The Prometheus text format. */
  readonly metrics: () => Promise<string>;
}

export interface HealthServer {
  readonly address: {readonly host: string; readonly port: number};
  close(): Promise<void>;
}

/** `/healthz`, `/readyz` and `/metrics` in plain HTTP: what kubelets and Prometheus ask, never anything about objects. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const app = fastify({logger: false, bodyLimit: 1_024, requestTimeout: 15_000, return503OnClosing: false});
  const close = gracefulClose(app, app.server);
  app.get('/healthz', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'));
  app.get('/readyz', async (_request, reply) => {
    const {ready, reason} = options.ready();
    return reply
      .code(ready ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(`${ready ? 'ready' : 'not ready'}: ${reason}\n`);
  });
  app.get('/metrics', async (_request, reply) => {
    const text = await options.metrics();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
  app.setErrorHandler((error, request, reply) => {
    options.logger.error({path: request.url, err: describeError(error)}, 'health request failed');
    return reply.code(500).type('text/plain; charset=utf-8').send('failed; the log says why\n');
  });
  await app.listen(options.listen);
  const {address, port} = app.server.address() as AddressInfo;
  return {address: {host: address, port}, close};
}
