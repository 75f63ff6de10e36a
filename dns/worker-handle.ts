import {Worker} from 'node:worker_threads';
import {IsthmusError} from '../src/errors.ts';
import type {UpstreamAddress} from './forward/upstream.ts';
import type {FromWorker, ToWorker, WorkerSettings} from './worker-messages.ts';

/** How long a worker may take to close its sockets before it is ended by force. */
const CLOSE_DEADLINE_MS = 2_000;
/**
 * A query leaves nothing behind but garbage, and waits while it is collected: 0.4 ms with this, 0.7 ms with what V8 would take,
 * as often as each hundredth query meets one. A third of it is what is filled between two collections.
 */
const YOUNG_GENERATION_MB = 6;

export interface WorkerEvents {
  readonly onServed: () => void;
  readonly onLoop: (upstream: UpstreamAddress) => void;
}

/** One answering thread as the main thread sees it. */
export class WorkerHandle {
  /** Resolves with the ports, in the order of the listeners, once all are bound. Rejects with ISTHMUS_DNS_LISTEN. */
  readonly listening: Promise<readonly number[]>;
  /** Resolves when the thread is gone: undefined if it was asked to go. */
  readonly exited: Promise<Error | undefined>;
  readonly #worker: Worker;
  readonly #events: WorkerEvents;
  #served = 0;
  #isClosing = false;

  constructor(settings: WorkerSettings, events: WorkerEvents) {
    this.#events = events;
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: `dns-${settings.index}`,
      workerData: settings,
      // Handshakes leave more behind, and have a thread of their own.
      ...(settings.listeners.every(({kind}) => kind === 'plain')
        ? {resourceLimits: {maxYoungGenerationSizeMb: YOUNG_GENERATION_MB}}
        : {}),
    });
    this.exited = this.#watchExit();
    this.listening = this.#watchListening(settings);
  }

  /** The revision that it serves at least; 0: none yet. */
  get served(): number {
    return this.#served;
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message, message.kind === 'publish' ? [...message.slabs] : []);
  }

  crash(): void {
    void this.#worker.terminate();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.post({kind: 'close'});
    const force = setTimeout(() => void this.#worker.terminate(), CLOSE_DEADLINE_MS);
    await this.exited;
    clearTimeout(force);
  }

  #watchExit(): Promise<Error | undefined> {
    let thrown: unknown;
    this.#worker.on('error', (error) => (thrown = error));
    return new Promise((resolve) => {
      this.#worker.on('exit', (exitCode) => {
        if (this.#isClosing) resolve(undefined);
        else resolve(new IsthmusError('ISTHMUS_DNS_WORKER', `exit code ${exitCode}`, {exitCode}, {cause: thrown}));
      });
    });
  }

  #watchListening(settings: WorkerSettings): Promise<readonly number[]> {
    const {host = '', port = 0} = settings.listeners[0] ?? {};
    return new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWorker) => {
        if (message.kind === 'listening') resolve(message.ports);
        else if (message.kind === 'notListening') {
          this.#isClosing = true;
          reject(
            new IsthmusError('ISTHMUS_DNS_LISTEN', message.reason, {
              host,
              port: message.port ?? port,
              code: message.code,
            }),
          );
        } else if (message.kind === 'loop') {
          this.#events.onLoop(message.upstream);
        } else {
          this.#served = message.revision;
          this.#events.onServed();
        }
      });
      this.#worker.on('exit', () => {
        reject(new IsthmusError('ISTHMUS_DNS_LISTEN', 'the worker ended before it was listening', {host, port}));
      });
    });
  }
}
