import type {Fault} from '../../../src/dev/faults.ts';
import type {LightApi, LightWatch} from './light-api.ts';

/** What undici's `Agent` is asked for by `src/kube/transport.ts`. */
interface RequestOptions {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A process: what it has open ends with it. */
export interface LightProcess {
  isDead: boolean;
}

/**
 * The network between clients and light API servers of one test process: no sockets, no bytes on the way. A suite puts
 * {@link LightAgent} in the place of undici's Agent, so everything above it is the product's own.
 */
class Network {
  readonly #servers = new Map<string, LightApi>();
  /** Whose agents are made now. */
  process: LightProcess = {isDead: false};
  /** Grows with everything that happens: at rest when it stands still. */
  activity = 0;

  join(origin: string, api: LightApi): void {
    this.#servers.set(origin, api);
  }

  clear(): void {
    this.#servers.clear();
  }

  server(origin: string): LightApi | undefined {
    return this.#servers.get(origin);
  }
}

export const network = new Network();

/** In the place of undici's Agent. */
export class LightAgent {
  readonly #process = network.process;
  #isDestroyed = false;

  async request(options: RequestOptions): Promise<Answer> {
    network.activity++;
    // A whole turn of the event loop, as the answer of another process takes.
    await nextTurn();
    const api = this.#reach(options.origin);
    const {method, path, body, headers} = options;
    const call = {
      method,
      path,
      body: body ?? undefined,
      contentType: headers['content-type'],
      userAgent: headers['user-agent'] ?? '',
    };
    const {faults, response} = api.play(call);
    for (const fault of faults) await suffer(fault, options.signal);
    this.#reach(options.origin);
    const answer = response();
    await nextTurn();
    network.activity++;
    if (answer.kind === 'answer') {
      const type = {'content-type': answer.contentType};
      return {statusCode: answer.status, headers: type, body: once(Buffer.from(answer.body))};
    }
    const stream = new WatchBody(answer, this.#process, {
      signal: options.signal,
      delayMs: delayOf(faults),
      isSilent: isSilent(faults),
    });
    for (const fault of faults) if (fault.kind === 'dropWatch') setTimeout(() => stream.cut(), fault.afterMs ?? 0);
    return {statusCode: 200, headers: {'content-type': 'application/json'}, body: stream};
  }

  async destroy(): Promise<void> {
    this.#isDestroyed = true;
  }

  #reach(origin: string): LightApi {
    const api = network.server(origin);
    if (api === undefined || api.isPartitioned || this.#process.isDead) throw broken('connect ECONNREFUSED');
    if (this.#isDestroyed) throw broken('The client is destroyed');
    return api;
  }
}

/** Of a watch: latency delays events, not its beginning. */
async function suffer(fault: Fault, signal: AbortSignal): Promise<void> {
  if (fault.kind === 'reset') throw broken('read ECONNRESET');
  if (fault.kind === 'hang') await new Promise((_, reject) => onAbort(signal, () => reject(broken('aborted'))));
  if (fault.kind !== 'latency') return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, fault.ms);
    onAbort(signal, () => {
      clearTimeout(timer);
      reject(broken('aborted'));
    });
  });
}

function delayOf(faults: readonly Fault[]): number {
  return faults.reduce((sum, fault) => (fault.kind === 'latency' ? sum + fault.ms : sum), 0);
}

function isSilent(faults: readonly Fault[]): boolean {
  return faults.some(({kind}) => kind === 'halfOpenWatch');
}

/** The lines of one watch, each after its delay and in their order. */
class WatchBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #process: LightProcess;
  readonly #waiting: Uint8Array[] = [];
  readonly #close: () => void;
  readonly #timer: NodeJS.Timeout;
  #wake: (() => void) | undefined;
  #isOver = false;
  #failure: Error | undefined;

  constructor(watch: LightWatch, process: LightProcess, o: {signal: AbortSignal; delayMs: number; isSilent: boolean}) {
    this.#process = process;
    const send = (line: string): void => {
      if (o.isSilent) return;
      if (o.delayMs === 0) this.#take(line);
      else setTimeout(() => this.#take(line), o.delayMs);
    };
    this.#close = watch.open({send, end: () => this.#end(undefined), cut: () => this.cut()});
    this.#timer = setTimeout(() => this.#end(undefined), watch.timeoutSeconds * 1_000);
    onAbort(o.signal, () => this.#end(broken('aborted')));
  }

  cut(): void {
    this.#end(broken('other side closed'));
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (this.#process.isDead) throw broken('killed');
      if (value !== undefined) return {done: false, value};
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isOver) return {done: true, value: undefined};
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#end(undefined);
    return {done: true, value: undefined};
  }

  #take(line: string): void {
    if (this.#isOver) return;
    network.activity++;
    this.#waiting.push(Buffer.from(line));
    this.#wake?.();
  }

  #end(failure: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    network.activity++;
    clearTimeout(this.#timer);
    this.#close();
    this.#wake?.();
  }
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

function onAbort(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener('abort', then, {once: true});
}

function broken(message: string): Error {
  return Object.assign(new Error(message), {code: 'ECONNRESET'});
}

/** Timers may be fake; turns of the event loop are real. */
export async function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
