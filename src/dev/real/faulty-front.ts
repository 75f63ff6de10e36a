import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Server} from 'node:https';
import {Agent, createServer, request} from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {buffer} from 'node:stream/consumers';

import type {RequestInfo} from '../apiserver/http/request-info.ts';
import {parseRequest} from '../apiserver/http/request-info.ts';
import type {FaultTarget, RequestFacts} from '../faults.ts';
import {Faults} from '../faults.ts';
import {WriteCounter} from '../writes.ts';
import type {FrontRequest, Passing} from './front-faults.ts';
import {factsOf, sayGone, sufferFaults} from './front-faults.ts';
import {writeOf} from './front-writes.ts';

export interface FrontOptions {
  /** Where clients expect the API server; 0 for a free port. */
  readonly port: number;
  /** Where it really is, on 127.0.0.1. */
  readonly target: number;
  /** PEM, of the API server itself: clients must not see a difference. */
  readonly tls: {readonly cert: string; readonly key: string; readonly ca: string};
  /** Forgets the past, and resolves to the resourceVersion that has been reached. */
  readonly compact: () => Promise<number>;
}

/**
 * Stands before a real kube-apiserver, misbehaves on demand with the same faults that an embedded one has, and counts the write
 * requests that pass: a real one can be told neither. Everything else passes as it is, watches included.
 */
export class FaultyFront implements FaultTarget {
  readonly faults = new Faults(this);
  readonly writes = new WriteCounter();
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Map<ServerResponse, RequestFacts>();
  #agent = new Agent();
  #port: number;
  #partitioned = false;
  #oldest: Promise<number> | undefined;

  constructor(options: FrontOptions) {
    const {cert, key} = options.tls;
    this.#options = options;
    this.#port = options.port;
    this.#server = createServer({cert, key}, (incoming, outgoing) => {
      this.#handle(incoming, outgoing).catch(() => {
        // A broken connection on either side is a broken connection for the client.
        outgoing.destroy();
      });
    });
    this.#server.on('connection', (socket: Socket) => {
      if (this.#partitioned) return void socket.destroy();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Where it listens; the same after {@link close} and {@link open}. */
  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    if (this.#server.listening) return;
    // New with each start: connections to a server that was stopped are of no use.
    this.#agent = new Agent({keepAlive: true, ca: this.#options.tls.ca});
    this.#server.listen({host: '127.0.0.1', port: this.#port});
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#cut();
    this.#agent.destroy();
    await once(this.#server, 'close');
  }

  dropWatches(matches: (facts: RequestFacts) => boolean): number {
    const dropped = [...this.#watches].filter(([, facts]) => matches(facts));
    for (const [outgoing] of dropped) outgoing.destroy();
    return dropped.length;
  }

  /** The watch cache of a kube-apiserver outlives a compaction of etcd, so the front says 410 in its place. */
  compact(): void {
    this.#oldest = this.#options.compact();
    // Whoever asks from an old version meets the failure; here nobody does.
    this.#oldest.catch(() => undefined);
  }

  partition(on: boolean): void {
    this.#partitioned = on;
    if (on) this.#cut();
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const info = parseRequest(incoming.method ?? 'GET', incoming.url ?? '/');
    const at = {info, incoming, outgoing};
    const facts = factsOf(info, incoming);
    const passing = await sufferFaults(at, this.faults.take(facts));
    if (passing === undefined) return;
    if (await this.#isTooOld(info)) return sayGone(info, outgoing);
    if (info.verb === 'watch') {
      this.#watches.set(outgoing, facts);
      outgoing.on('close', () => this.#watches.delete(outgoing));
    }
    await this.#forward(at, passing);
  }

  async #isTooOld({verb, query}: RequestInfo): Promise<boolean> {
    const from = Number(query.get('resourceVersion') ?? 0);
    return verb === 'watch' && from !== 0 && this.#oldest !== undefined && from < (await this.#oldest);
  }

  async #forward(at: FrontRequest, passing: Passing): Promise<void> {
    const {info, incoming, outgoing} = at;
    // The body of a create has its name.
    const body = info.verb === 'create' ? await buffer(incoming) : undefined;
    const forwarded = request({
      host: '127.0.0.1',
      port: this.#options.target,
      method: incoming.method,
      path: incoming.url,
      headers: headersOf(incoming, passing),
      agent: this.#agent,
    });
    outgoing.on('close', () => forwarded.destroy());
    forwarded.on('error', () => outgoing.destroy());
    const answered = once(forwarded, 'response') as Promise<[IncomingMessage]>;
    if (body === undefined) incoming.pipe(forwarded);
    else forwarded.end(body);
    const [answer] = await answered;
    const write = writeOf(info, incoming, body ?? Buffer.alloc(0));
    if (write !== undefined) this.writes.recordRequest(write);
    await passOn(answer, outgoing, passing);
  }
}

async function passOn(answer: IncomingMessage, outgoing: ServerResponse, passing: Passing): Promise<void> {
  answer.on('error', () => outgoing.destroy());
  const code = answer.statusCode ?? 502;
  if (passing.rewrites.length > 0) {
    const body = passing.rewrites.reduce<unknown>(
      (sofar, rewrite) => rewrite(sofar),
      JSON.parse((await buffer(answer)).toString()),
    );
    outgoing.writeHead(code, {'content-type': 'application/json'});
    outgoing.end(JSON.stringify(body));
    return;
  }
  // Raw: several `Warning` headers have to stay several.
  outgoing.writeHead(code, answer.rawHeaders);
  // A watch sends nothing for a long time; its head must not wait for the first event.
  outgoing.flushHeaders();
  if (passing.dropAfterMs !== undefined) setTimeout(() => outgoing.destroy(), passing.dropAfterMs).unref();
  if (passing.silent) answer.resume();
  else answer.pipe(outgoing);
}

/** A body that is going to be rewritten has to come as plain JSON. */
function headersOf(incoming: IncomingMessage, {rewrites}: Passing): NodeJS.Dict<string | string[]> {
  if (rewrites.length === 0) return incoming.headers;
  return {...incoming.headers, 'accept': 'application/json', 'accept-encoding': 'identity'};
}
