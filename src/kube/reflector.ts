import type {Logger} from 'pino';
import type {KubeObject} from '../api/meta.ts';
import {keyOf} from '../api/meta.ts';
import type {Resource} from '../api/resources.ts';
import {describeError} from '../errors.ts';
import {backoffDelayMs, pause, retryAfterMs} from './backoff.ts';
import type {Backoff} from './backoff.ts';
import type {KubeClient, WatchEvent} from './client.ts';
import {KubeError} from './kube-error.ts';
import type {MutableReflectorStatus, ReflectorStatus} from './reflector-status.ts';
import {initialStatus} from './reflector-status.ts';
import {RepeatedFailure} from './repeated-failure.ts';
import {MutableStore} from './store.ts';
import type {Incoming, Store, StoreChange} from './store.ts';

export type {ReflectorStatus} from './reflector-status.ts';
export type {Store, StoreChange} from './store.ts';

export interface ReflectorOptions<T> {
  readonly client: Pick<KubeClient, 'pages' | 'watch'>;
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /**
   * Makes the stripped copy that is kept; undefined = not kept. `managedFields` are gone already. An object for which it
   * throws is not kept: logged and counted.
   */
  readonly keep: (raw: KubeObject) => T | undefined;
  /** In order; a list arrives as one call, and only where it changed something. A throw is logged and counted. */
  readonly onChange?: ((changes: readonly StoreChange<T>[]) => void) | undefined;
  /** A whole list was taken in, changed it anything or not; after `onChange`. What is not in the store now is not there. */
  readonly onListed?: (() => void) | undefined;
  readonly logger: Logger;
  /** Default 250 ms to 15 s, with full jitter. */
  readonly backoff?: Backoff | undefined;
  /** How long the server shall keep a watch open. Default 290 to 350 s, so that watches do not end together. */
  readonly watchSeconds?: (() => number) | undefined;
  /** A watch without any event for so long is taken for half-open. Default 75 s: bookmarks come about once a minute. */
  readonly watchIdleMs?: number | undefined;
  readonly random?: (() => number) | undefined;
  readonly nowMs?: (() => number) | undefined;
}

const DEFAULT_BACKOFF: Backoff = {minMs: 250, maxMs: 15_000};
const DEFAULT_IDLE_MS = 75_000;
/** A watch that lived so long was a good one: the next failure starts the backoff anew. */
const HEALTHY_AFTER_MS = 5_000;
/** With the backoff between them, a second or so. */
const FORBIDDEN_AFTER = 5;

/**
 * Keeps a store equal to what an API server has of one kind: one paged list, then watches from there on.
 *
 * A watch that ends is taken up again from the last event, without a list; 410 lists again; everything else is repeated
 * with backoff, for ever. It ends by the abort of its signal alone. A list that fails or is cut changes nothing in the store.
 */
export class Reflector<T> {
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions<T>;
  readonly #store = new MutableStore<T>();
  readonly #status: MutableReflectorStatus = initialStatus();
  readonly #nowMs: () => number;
  readonly #logger: Logger;
  readonly #closing = Promise.withResolvers<void>();
  readonly #syncing = Promise.withResolvers<void>();
  #started = false;
  /** Failures in a row; it is what the backoff grows with. */
  #attempt = 0;
  readonly #failing = new RepeatedFailure();
  /** The last failure was a 410 already. */
  #expiredBefore = false;
  /** 403s in a row. */
  #refusals = 0;
  /** Of one list and the watch after it. */
  #turn = new AbortController();
  /** When the API server took the current watch. */
  #openedAtMs: number | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#logger = options.logger.child({resource: options.resource.plural, group: options.resource.group});
    this.synced = this.#syncing.promise;
  }

  /** Resolves after the signal of `start` was aborted and the last request has ended. */
  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  get store(): Store<T> {
    return this.#store;
  }

  status(): ReflectorStatus {
    return {...this.#status};
  }

  /** Begins; the abort of `signal` ends it. A second call does nothing. */
  start(signal: AbortSignal): void {
    if (this.#started) return;
    this.#started = true;
    void this.#run(signal).then(this.#closing.resolve, this.#closing.reject);
  }

  /** Lists anew, and watches from there: an object is known to be missing in what was listed. */
  relist(): void {
    this.#status.resourceVersion = undefined;
    // The API server is well; what came before is no reason to wait.
    this.#attempt = 0;
    this.#turn.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const eventsBefore = this.#status.events;
      this.#openedAtMs = undefined;
      const failure = await this.#once(signal).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (signal.aborted) break;
      this.#noteExpiry(failure);
      this.#noteForbidden(failure);
      if (this.#openedAtMs !== undefined) {
        this.#status.restarts++;
        const isHealthy = this.#nowMs() - this.#openedAtMs >= HEALTHY_AFTER_MS;
        const hasTold = this.#status.events > eventsBefore;
        if (isHealthy) this.#attempt = 0;
        else if (hasTold) this.#attempt = Math.min(this.#attempt, 1);
        if (isHealthy || hasTold) this.#failing.end();
      }
      await this.#backOff(failure, signal);
    }
    this.#status.state = 'Stopped';
  }

  /**
   * A restarted API server has forgotten its history: it answers the first watch with 410. That it answers is the end of
   * the outage, so the list doesn't wait as long as the outage made the backoff; only 410s in a row are slowed down.
   */
  #noteExpiry(failure: unknown): void {
    const isExpired = failure instanceof KubeError && failure.isExpired;
    if (isExpired && !this.#expiredBefore) this.#attempt = 0;
    this.#expiredBefore = isExpired;
  }

  /**
   * So does a 403: a restarted API server gives it to everybody until it knows its own rules, and then allows. Only several in a row
   * are taken for a right that is missing.
   */
  #noteForbidden(failure: unknown): void {
    const isForbidden = failure instanceof KubeError && failure.isForbidden;
    if (isForbidden && this.#refusals === 0) this.#attempt = 0;
    this.#refusals = isForbidden ? this.#refusals + 1 : 0;
    if (this.#refusals >= FORBIDDEN_AFTER) this.#status.forbidden = describeError(failure);
  }

  /** Lists if it must, then watches once; returns when the server ended the watch. */
  async #once(signal: AbortSignal): Promise<void> {
    this.#turn = new AbortController();
    const isEnded = this.#turn.signal;
    let isListed = false;
    try {
      if (this.#status.resourceVersion === undefined) await this.#list(signal);
      isListed = true;
      if (isEnded.aborted) {
        // Asked for while this list was under way, which may be the very one that lacks it.
        this.#status.resourceVersion = undefined;
        return;
      }
      await this.#watch(AbortSignal.any([signal, isEnded]), this.#status.resourceVersion ?? '');
    } catch (error) {
      // By `relist`: it was no failure, whether the watch was open already or not.
      if (isListed && isEnded.aborted) return;
      if (error instanceof KubeError && !signal.aborted) this.#classify(error);
      throw error;
    }
  }

  #classify(error: KubeError): void {
    if (error.isExpired) this.#status.expired++;
    if (error.isKindMissing) this.#status.kindMissing = true;
    // Garbage inside a watch: what was lost is not known, so the list has to say.
    if (error.isExpired || error.isKindMissing || error.code === 'ISTHMUS_KUBE_BAD_ANSWER') {
      this.#status.resourceVersion = undefined;
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#status.state = 'Listing';
    const {client, resource, namespace, labelSelector, fieldSelector} = this.#options;
    const list = new Map<string, Incoming<T>>();
    let resourceVersion: string | undefined;
    try {
      // Page by page: what `keep` drops is garbage before the next page is parsed.
      for await (const page of client.pages(resource, {namespace, labelSelector, fieldSelector, signal})) {
        resourceVersion ??= page.resourceVersion;
        for (const item of page.items) this.#collect(item, list);
      }
    } catch (error) {
      this.#status.listFailures++;
      throw error;
    }
    if (signal.aborted) return;
    const first = !this.#status.synced;
    const changes = this.#store.replaceAll(list);
    const now = this.#nowMs();
    Object.assign(this.#status, {
      resourceVersion,
      lastListAtMs: now,
      lastContactAtMs: now,
      kindMissing: false,
      forbidden: undefined,
    });
    this.#status.lists++;
    this.#status.synced = true;
    this.#logger.debug({objects: list.size, kept: this.#store.size, changes: changes.length, first}, 'listed');
    this.#announce(changes);
    this.#announceList();
    this.#syncing.resolve();
  }

  #collect(raw: KubeObject, list: Map<string, Incoming<T>>): void {
    const key = this.#keyOf(raw);
    if (key !== undefined) list.set(key, this.#toIncoming(key, raw));
  }

  async #watch(signal: AbortSignal, resourceVersion: string): Promise<void> {
    const {client, resource, namespace, labelSelector, fieldSelector, watchSeconds, watchIdleMs} = this.#options;
    const random = this.#options.random ?? Math.random;
    const events = client.watch(resource, {
      namespace,
      labelSelector,
      fieldSelector,
      signal,
      resourceVersion,
      timeoutSeconds: Math.max(1, Math.round(watchSeconds?.() ?? 290 + random() * 60)),
      idleMs: watchIdleMs ?? DEFAULT_IDLE_MS,
      onOpen: () => this.#opened(),
    });
    for await (const event of events) {
      if (signal.aborted) return;
      this.#take(event);
    }
  }

  #opened(): void {
    this.#status.state = 'Watching';
    this.#status.watches++;
    this.#openedAtMs = this.#nowMs();
    this.#status.lastContactAtMs = this.#openedAtMs;
    this.#status.kindMissing = false;
    this.#status.forbidden = undefined;
    this.#status.lastError = undefined;
  }

  #take(event: WatchEvent): void {
    const now = this.#nowMs();
    this.#status.lastContactAtMs = now;
    if (event.type === 'BOOKMARK') {
      this.#status.resourceVersion = event.resourceVersion;
      return;
    }
    const {object} = event;
    this.#status.lastEventAtMs = now;
    this.#status.events++;
    const key = this.#keyOf(object);
    this.#logger.trace({key, type: event.type, resourceVersion: object.metadata.resourceVersion}, 'event');
    if (key !== undefined) {
      const change =
        event.type === 'DELETED'
          ? this.#store.remove(key, object.metadata.uid ?? '')
          : this.#store.put(key, this.#toIncoming(key, object));
      if (change !== undefined) this.#announce([change]);
    }
    // After the change was taken in: whoever resumes from here has it.
    const next: unknown = object.metadata.resourceVersion;
    if (typeof next === 'string' && next !== '') this.#status.resourceVersion = next;
  }

  /** Undefined for an object that no real API server has; with such a name a key could point to another object. */
  #keyOf(raw: KubeObject): string | undefined {
    const {namespace, name} = raw.metadata;
    const parts: unknown[] = this.#options.resource.namespaced ? [namespace, name] : [name];
    if (parts.every((part) => typeof part === 'string' && part !== '' && !part.includes('/'))) {
      return keyOf(this.#options.resource.namespaced ? raw.metadata : {name});
    }
    this.#fault('object without a usable name left out', new Error('bad name or namespace'), undefined);
    return undefined;
  }

  #toIncoming(key: string, raw: KubeObject): Incoming<T> {
    const {uid = '', resourceVersion = ''} = raw.metadata;
    const known = this.#store.same(key, uid, resourceVersion);
    return {uid, resourceVersion, value: known ?? this.#keep(key, raw)};
  }

  #keep(key: string, raw: KubeObject): T | undefined {
    try {
      const {managedFields: _, ...metadata} = raw.metadata;
      return this.#options.keep({...raw, metadata});
    } catch (error) {
      this.#fault('object not kept', error, key);
      return undefined;
    }
  }

  #announce(changes: readonly StoreChange<T>[]): void {
    if (changes.length === 0) return;
    try {
      this.#options.onChange?.(changes);
    } catch (error) {
      this.#fault('change handler failed', error, changes[0]?.key);
    }
  }

  #announceList(): void {
    try {
      this.#options.onListed?.();
    } catch (error) {
      this.#fault('list handler failed', error, undefined);
    }
  }

  #fault(message: string, err: unknown, key: string | undefined): void {
    this.#status.failures++;
    this.#logger.error({err, key}, message);
  }

  /** A watch that ended in good order is taken up at once, all else waits; Retry-After is a lower bound. */
  async #backOff(failure: unknown, signal: AbortSignal): Promise<void> {
    const {backoff = DEFAULT_BACKOFF, random = Math.random} = this.#options;
    const attempt = ++this.#attempt;
    const jittered = attempt === 1 && failure === undefined ? 0 : backoffDelayMs(backoff, attempt, random);
    const delayMs = jittered + retryAfterMs(failure);
    if (failure !== undefined) {
      this.#status.lastError = describeError(failure);
      this.#logger[this.#failing.levelOf(failure)]({err: failure, attempt, delayMs}, 'reflector will try again');
    }
    this.#status.state = 'BackingOff';
    await pause(delayMs, signal);
  }
}
