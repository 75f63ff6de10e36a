import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Server} from 'node:https';
import {Agent, createServer, request} from 'node:https';
import type {Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';

import type {RequestInfo} from '../../src/dev/apiserver/http/request-info.ts';
import {parseRequest} from '../../src/dev/apiserver/http/request-info.ts';
import type {Fault, RequestFacts} from '../../src/dev/faults.ts';
import {Faults} from '../../src/dev/faults.ts';

export interface FrontOptions {
  /** Where clients expect the API server. */
  readonly port: number;
  /** Where it really is, on 127.0.0.1. */
  readonly target: number;
  /** PEM, of the API server itself: clients must not see a difference. */
  readonly tls: {readonly cert: string; readonly key: string; readonly ca: string};
  readonly faults: Faults;
}

/** What the faults of a request leave for its answer. */
interface Passing {
  readonly silent: boolean;
  readonly dropAfterMs: number | undefined;
}

/**
 * Stands before a real kube-apiserver and misbehaves on demand, with the same faults that an embedded one has: a real one cannot be
 * told to refuse single requests. Everything else passes as it is, watches included.
 */
export class FaultyFront {
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();

  constructor(options: FrontOptions) {
    const {cert, key, ca} = options.tls;
    this.#options = options;
    this.#agent = new Agent({keepAlive: true, ca});
    this.#server = createServer({cert, key}, (incoming, outgoing) => {
      this.#handle(incoming, outgoing).catch(() => {
        // A broken connection on either side is a broken connection for the client.
        outgoing.destroy();
      });
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async open(): Promise<void> {
    this.#server.listen({host: '127.0.0.1', port: this.#options.port});
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
    await once(this.#server, 'close');
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const info = parseRequest(incoming.method ?? 'GET', incoming.url ?? '/');
    let passing: Passing = {silent: false, dropAfterMs: undefined};
    for (const fault of this.#options.faults.take(factsOf(info, incoming))) {
      const next = await suffer(fault, {info, incoming, outgoing, passing});
      if (next === undefined) return;
      passing = next;
    }
    await this.#forward(incoming, outgoing, passing);
  }

  async #forward(incoming: IncomingMessage, outgoing: ServerResponse, passing: Passing): Promise<void> {
    const {target} = this.#options;
    const {method, url: path, headers} = incoming;
    const forwarded = request({host: '127.0.0.1', port: target, method, path, headers, agent: this.#agent});
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    // A watch sends nothing for a long time; its head must not wait for the first event.
    outgoing.flushHeaders();
    if (passing.dropAfterMs !== undefined) setTimeout(() => outgoing.destroy(), passing.dropAfterMs).unref();
    if (passing.silent) return;
    answer.on('error', () => outgoing.destroy());
    answer.pipe(outgoing);
  }
}

/** Undefined: the request has had its answer, or will never have one. */
async function suffer(
  fault: Fault,
  at: {info: RequestInfo; incoming: IncomingMessage; outgoing: ServerResponse; passing: Passing},
): Promise<Passing | undefined> {
  const {info, incoming, outgoing, passing} = at;
  switch (fault.kind) {
    case 'latency':
      await delay(fault.ms, undefined, {ref: false});
      return passing;
    case 'status':
      return refuse(outgoing, toStatus(fault.code, fault.reason ?? '', fault.message ?? 'a fault that was asked for'));
    case 'gone': {
      const gone = toStatus(410, 'Expired', 'too old resource version: 1 (2)');
      if (info.verb !== 'watch') return refuse(outgoing, gone);
      outgoing.writeHead(200, {'content-type': 'application/json'});
      outgoing.end(`${JSON.stringify({type: 'ERROR', object: gone})}\n`);
      return undefined;
    }
    case 'dropWatch':
      return {...passing, dropAfterMs: fault.afterMs ?? 0};
    case 'halfOpenWatch':
      return {...passing, silent: true};
    case 'reset':
      incoming.socket.destroy();
      return undefined;
    case 'hang':
      return undefined;
    case 'emptyList':
    case 'rewriteBody':
      return refuse(outgoing, toStatus(501, 'NotImplemented', `a real API server has no fault ${fault.kind}`));
  }
}

function refuse(outgoing: ServerResponse, status: {readonly code: number}): undefined {
  outgoing.writeHead(status.code, {'content-type': 'application/json'});
  outgoing.end(JSON.stringify(status));
}

function toStatus(code: number, reason: string, message: string): {readonly code: number} {
  return {...{kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason}, code};
}

function factsOf(info: RequestInfo, incoming: IncomingMessage): RequestFacts {
  return {
    method: info.method,
    resource: info.resource?.plural,
    group: info.resource?.group,
    verb: info.verb === 'deletecollection' ? 'delete' : info.verb,
    namespace: info.resource?.namespace,
    name: info.resource?.name,
    fieldManager: info.query.get('fieldManager') ?? undefined,
    userAgent: incoming.headers['user-agent'] ?? '',
  };
}

/** Faults of single requests only: the whole server is stopped, signalled or compacted by other means. */
export function requestFaults(): Faults {
  const unsupported = (what: string) => (): never => {
    throw new Error(`a real API server has no ${what}; stop it, signal it, or compact etcd`);
  };
  return new Faults({
    dropWatches: unsupported('dropWatches'),
    compact: unsupported('compact'),
    partition: unsupported('partition'),
  });
}
