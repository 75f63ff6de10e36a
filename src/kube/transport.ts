import {lookup} from 'node:dns';
import {setImmediate} from 'node:timers/promises';
import {createSecureContext, type SecureContext, type SecureContextOptions} from 'node:tls';
import {Agent} from 'undici';
import type {Dispatcher} from 'undici';
import {CallLimit} from './call-limit.ts';
import type {ClusterCredentials} from './credentials.ts';
import {lookupWithoutLocal} from './guarded-lookup.ts';
import type {KubeError} from './kube-error.ts';
import {badAnswer} from './status-error.ts';
import type {Headers} from './status-error.ts';

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the API, with its query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface HttpStream {
  readonly status: number;
  readonly headers: Headers;
  readonly chunks: AsyncIterator<Uint8Array>;
  /** Arm and disarm it around waiting; `end()` closes the connection. */
  readonly limit: CallLimit;
}

/** An object is at most 2 MiB in etcd and 500 make a page; this is far above what an honest server sends. */
const MAX_BODY_BYTES = 128 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
/** Under the 90 s after which a kube-apiserver closes an idle connection, so that no request meets a closing one. */
const KEEP_ALIVE_MS = 60_000;

/**
 * HTTPS to one API server over two pools: 30 open watches must not take the connections that requests need.
 * HTTP/1.1 only (no head-of-line blocking, no GOAWAY; h2 was measured to gain nothing).
 */
export class Transport {
  readonly #requests: Agent;
  readonly #watches: Agent;
  readonly #credentials: ClusterCredentials;
  readonly #userAgent: string;
  readonly #origin: string;
  readonly #prefix: string;

  constructor(credentials: ClusterCredentials, userAgent: string) {
    const url = new URL(credentials.server);
    const shared: Agent.Options = {
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutThreshold: 1_000,
      connect: tlsOptions(credentials),
    };
    this.#requests = new Agent({...shared, connections: 8, headersTimeout: 0, bodyTimeout: 0});
    this.#watches = new Agent({...shared, headersTimeout: 0, bodyTimeout: 0});
    this.#credentials = credentials;
    this.#userAgent = userAgent;
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, '');
  }

  /**
   * Sends one request and reads the whole answer within `timeoutMs`. A GET whose connection broke is sent once more in
   * the same time: the server may just have closed an idle connection. Anything else is the caller's to repeat.
   */
  async send(call: HttpCall): Promise<HttpAnswer> {
    const limit = new CallLimit(requestName(call), call.signal);
    limit.arm(call.timeoutMs, `no full answer within ${call.timeoutMs} ms`);
    try {
      return await this.#exchange(call, limit);
    } catch (first) {
      const error = limit.translate(first);
      if (call.method !== 'GET' || !isBrokenConnection(error)) throw error;
      return await this.#exchange(call, limit).catch((second: unknown) => {
        throw limit.translate(second);
      });
    } finally {
      limit.release();
    }
  }

  /** Opens a stream; `timeoutMs` ends with the answer's head. The caller ends the stream by its `limit`. */
  async open(call: HttpCall): Promise<HttpStream> {
    const limit = new CallLimit(requestName(call), call.signal);
    limit.arm(call.timeoutMs, `no answer within ${call.timeoutMs} ms`);
    try {
      const answer = await orAborted(this.#watches.request(this.#toRequest(call, limit.signal)), limit.signal);
      limit.disarm();
      const chunks: AsyncIterator<Uint8Array> = answer.body[Symbol.asyncIterator]();
      return {status: answer.statusCode, headers: answer.headers, chunks, limit};
    } catch (error) {
      limit.end();
      throw limit.translate(error);
    }
  }

  /** Ends everything that is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#watches.destroy()]);
  }

  async #exchange(call: HttpCall, limit: CallLimit): Promise<HttpAnswer> {
    const answer = await orAborted(this.#requests.request(this.#toRequest(call, limit.signal)), limit.signal);
    const body = await readAll(answer.body[Symbol.asyncIterator](), requestName(call));
    // The pool takes the connection back after this turn; a next call in this very turn would open another one.
    await setImmediate();
    return {status: answer.statusCode, headers: answer.headers, body};
  }

  #toRequest(call: HttpCall, signal: AbortSignal): Dispatcher.RequestOptions {
    const token = this.#credentials.token;
    const headers: Record<string, string> = {
      'accept': call.accept ?? 'application/json',
      'user-agent': this.#userAgent,
      ...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
      ...(call.body === undefined ? {} : {'content-type': call.contentType ?? 'application/json'}),
    };
    const path = `${this.#prefix}${call.path}`;
    return {origin: this.#origin, path, method: call.method, headers, body: call.body ?? null, signal};
  }
}

/** Method and path without the query: selectors and continue tokens are noise in a message. */
export function requestName(call: Pick<HttpCall, 'method' | 'path'>): string {
  return `${call.method} ${call.path.split('?', 1)[0]}`;
}

/** Reads a body that has an end. Throws ISTHMUS_KUBE_BAD_ANSWER where it is larger than any honest one. */
export async function readAll(chunks: AsyncIterator<Uint8Array>, request: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    bytes += next.value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      await chunks.return?.();
      throw badAnswer(request, `the body is larger than ${MAX_BODY_BYTES} bytes`);
    }
    parts.push(next.value);
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * undici looks at the signal only once the connection stands: an API server that hangs in its handshake would keep a call of
 * 100 ms, and a process that is to end, for the whole connect timeout.
 */
async function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, {once: true});
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function tlsOptions(credentials: ClusterCredentials): NonNullable<Agent.Options['connect']> {
  return {
    timeout: CONNECT_TIMEOUT_MS,
    // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in somebody's environment does not switch it off.
    rejectUnauthorized: true,
    ...trust(credentials),
    ...(credentials.tlsServerName === undefined ? {} : {servername: credentials.tlsServerName}),
    ...(credentials.refuseLocalAddresses === true ? {lookup: lookupWithoutLocal(lookup)} : {}),
  };
}

/** Certificates are parsed once for all connections: a hub has some twenty of them to each member. */
function trust({
  ca,
  clientCert,
  clientKey,
}: ClusterCredentials): SecureContextOptions & {secureContext?: SecureContext} {
  const options: SecureContextOptions = {
    ca,
    minVersion: 'TLSv1.2',
    ...(clientCert === undefined ? {} : {cert: clientCert}),
    ...(clientKey === undefined ? {} : {key: clientKey}),
  };
  try {
    return {secureContext: createSecureContext(options)};
  } catch {
    // A certificate that can't be read: each connection says so, as any other that fails.
    return options;
  }
}

/** Not a timeout: what took the whole time once would only fail again with none left. */
function isBrokenConnection(error: KubeError): boolean {
  return error.isTransport && !error.isTimeout;
}
