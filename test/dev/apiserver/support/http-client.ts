import {Agent, request} from 'node:https';
import type {IncomingMessage} from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly warnings: readonly string[];
  readonly text: string;
  /** The body as JSON; tests look at what they expect in it. */
  readonly body: any;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Null sends none. */
  readonly token?: string | null;
}

/** Where an API server is, and who asks. */
export interface ServerAddress {
  readonly url: string;
  readonly caPem: string;
  readonly credentials: {readonly token?: string | undefined};
}

/** A plain HTTPS client with the cluster's CA and token: no library stands between a test and the bytes. */
export class HttpClient {
  readonly #cluster: ServerAddress;
  readonly #agent: Agent;

  constructor(cluster: ServerAddress) {
    this.#cluster = cluster;
    this.#agent = new Agent({ca: cluster.caPem, keepAlive: true});
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.open(method, path, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      warnings: response.rawHeaders.flatMap((name, i, all) =>
        i % 2 === 0 && name.toLowerCase() === 'warning' ? [Buffer.from(all[i + 1] ?? '', 'latin1').toString()] : [],
      ),
      text,
      body: parse(text),
    };
  }

  /** The answer as soon as its headers are there. */
  open(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const {credentials, url} = this.#cluster;
    const token = options.token === undefined ? (credentials.token ?? null) : options.token;
    const {body} = options;
    const payload =
      body === undefined
        ? undefined
        : typeof body === 'string' || body instanceof Uint8Array
          ? body
          : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(`${url}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          ...(token === null ? {} : {authorization: `Bearer ${token}`}),
          // Node sends the body of a DELETE without its length otherwise.
          ...(payload === undefined
            ? {}
            : {
                'content-type': options.contentType ?? 'application/json',
                'content-length': Buffer.byteLength(payload),
              }),
          ...options.headers,
        },
      });
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(payload);
    });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call('GET', path, {headers});
  }

  post(path: string, body: unknown, options: CallOptions = {}): Promise<Answer> {
    return this.call('POST', path, {...options, body});
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.call('PUT', path, {body});
  }

  merge(path: string, body: unknown): Promise<Answer> {
    return this.call('PATCH', path, {body, contentType: 'application/merge-patch+json'});
  }

  apply(path: string, body: unknown, manager: string, force = false): Promise<Answer> {
    const query = `${path.includes('?') ? '&' : '?'}fieldManager=${manager}${force ? '&force=true' : ''}`;
    return this.call('PATCH', path + query, {body, contentType: 'application/apply-patch+yaml'});
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.call('DELETE', path, body === undefined ? {} : {body});
  }

  watch(path: string, headers: Readonly<Record<string, string>> = {}): Promise<WatchClient> {
    return this.open('GET', path, {headers}).then((response) => new WatchClient(response));
  }

  close(): void {
    this.#agent.destroy();
  }
}

export interface WatchedEvent {
  readonly type: string;
  readonly object: any;
}

/** The events of one watch, as they come. */
export class WatchClient {
  readonly status: number;
  readonly events: WatchedEvent[] = [];
  readonly #response: IncomingMessage;
  #waiting: (() => void)[] = [];
  /** How the stream ended: cleanly, or cut. */
  ended: 'Clean' | 'Cut' | undefined;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.events.push(JSON.parse(line) as WatchedEvent);
      this.#wake();
    });
    response.on('end', () => this.#end('Clean'));
    response.on('error', () => this.#end('Cut'));
    response.on('close', () => this.#end('Cut'));
  }

  /** Resolves once this holds; fails after a deadline with what was seen. */
  async until(condition: (watch: this) => boolean, deadlineMs = 15_000): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs);
    while (!condition(this)) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        deadline.addEventListener('abort', () =>
          reject(new Error(`the watch saw only ${JSON.stringify(this.summary())} ${this.ended}`)),
        );
      });
    }
  }

  summary(): string[] {
    return this.events.map(({type, object}) => `${type} ${object?.metadata?.name ?? object?.reason ?? ''}`.trim());
  }

  close(): void {
    this.#response.destroy();
  }

  #end(how: 'Clean' | 'Cut'): void {
    this.ended ??= how;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Plain text: health, a 404 page.
    return undefined;
  }
}
