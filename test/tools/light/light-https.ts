import {once} from 'node:events';
import {createServer, type Server} from 'node:https';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {LightApi, LightWatch} from './light-api.ts';

export interface ServingPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A light API server behind HTTPS, for processes that only know URLs. Without faults: those need another process' consent. */
export class LightHttps {
  readonly #api: LightApi;
  readonly #server: Server;

  constructor(api: LightApi, {certPem, keyPem}: ServingPair) {
    this.#api = api;
    this.#server = createServer({cert: certPem, key: keyPem, keepAliveTimeout: 90_000}, (request, response) => {
      void this.#serve(request, response);
    });
  }

  /** @returns its URL */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The client went away in the middle of its request: nobody waits for an answer.
      return;
    }
    const answer = this.#api.handle({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      body: chunks.length === 0 ? undefined : Buffer.concat(chunks).toString('utf8'),
      contentType: request.headers['content-type'],
      userAgent: request.headers['user-agent'] ?? '',
    });
    if (answer.kind === 'watch') {
      stream(answer, response);
      return;
    }
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': Buffer.byteLength(answer.body),
    });
    response.end(answer.body);
  }
}

function stream(watch: LightWatch, response: ServerResponse): void {
  response.writeHead(200, {'content-type': 'application/json'});
  response.flushHeaders();
  const close = watch.open({
    send: (line) => response.write(line),
    end: () => response.end(),
    cut: () => response.destroy(),
  });
  const timer = setTimeout(() => {
    close();
    response.end();
  }, watch.timeoutSeconds * 1_000);
  response.on('close', () => {
    clearTimeout(timer);
    close();
  });
}
