import type {Resource} from '../api/resources.ts';
import {apiVersionOf} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import {backoffDelayMs, pause} from '../kube/backoff.ts';
import type {Backoff} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';
import type {Reflector, ReflectorStatus, Store} from '../kube/reflector.ts';

const LOOK_AGAIN_MS = 60_000;
const RETRY: Backoff = {minMs: 250, maxMs: 15_000};

/**
 * A reflector of a kind that most clusters don't serve: it begins when discovery says that they do, instead of failing now and
 * then for ever, and needs no right to list what isn't there.
 */
export class OptionalReflector<T> {
  readonly #reflector: Reflector<T>;
  readonly #resource: Resource;
  readonly #client: KubeClient;
  #isMissing = false;
  #closing: Promise<void> = Promise.resolve();

  constructor(reflector: Reflector<T>, {resource, client}: {readonly resource: Resource; readonly client: KubeClient}) {
    this.#reflector = reflector;
    this.#resource = resource;
    this.#client = client;
  }

  get store(): Store<T> {
    return this.#reflector.store;
  }

  get closed(): Promise<void> {
    return this.#closing;
  }

  /** `kindMissing` where discovery lacks the kind; neither that nor `synced` as long as nobody could be asked. */
  status(): ReflectorStatus {
    const status = this.#reflector.status();
    return this.#isMissing ? {...status, kindMissing: true} : status;
  }

  start(signal: AbortSignal): void {
    this.#closing = this.#run(signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    while (!signal.aborted) {
      const isServed = await this.#isServed(signal);
      if (isServed === true) break;
      this.#isMissing ||= isServed === false;
      attempt = isServed === false ? 0 : attempt + 1;
      await pause(isServed === false ? LOOK_AGAIN_MS : backoffDelayMs(RETRY, attempt, Math.random), signal);
    }
    if (signal.aborted) return;
    this.#isMissing = false;
    this.#reflector.start(signal);
    await this.#reflector.closed;
  }

  /** Undefined: it could not be asked for. */
  async #isServed(signal: AbortSignal): Promise<boolean | undefined> {
    try {
      const {status, body} = await this.#client.raw('GET', `/apis/${apiVersionOf(this.#resource)}`, {signal});
      if (status === 404) return false;
      if (status !== 200) return undefined;
      const {resources = []} = JSON.parse(body) as {resources?: readonly {name?: string}[]};
      return resources.some(({name}) => name === this.#resource.plural);
    } catch (error) {
      // No answer, or one that isn't JSON: asked for again.
      if (error instanceof IsthmusError || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}
