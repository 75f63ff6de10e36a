import type {Logger} from 'pino';
import type {KubeObject} from '../api/meta.ts';
import {keyOf} from '../api/meta.ts';
import type {Resource} from '../api/resources.ts';
import type {ReadOptions} from '../kube/call-options.ts';
import type {KubeClient} from '../kube/client.ts';
import {Reflector, type ReflectorStatus, type StoreChange} from '../kube/reflector.ts';
import {sharedText} from '../kube/shared-text.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {FewOrMany} from './few-or-many.ts';

/** When an answer that lacks what the watch has shown is asked for again, milliseconds. */
const SHORT_ANSWER_AGAIN_MS = 200;

/** Of an object whose service nobody exports only this is kept: which service it belongs to. */
interface Entry<T> {
  readonly service: string;
  readonly facts: T | undefined;
}

/** As the client's own. */
export type FetchOptions = Pick<ReadOptions, 'notOlderThan'> & {readonly signal: AbortSignal};

export interface ExportedOnlyOptions<T> {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly logger: Logger;
  readonly backoff: {readonly minMs: number; readonly maxMs: number};
  readonly nowMs: () => number;
  /** `namespace/name` of the Service that an object belongs to; undefined: of none. */
  readonly serviceOf: (raw: KubeObject) => string | undefined;
  /** What is kept of it; undefined: it doesn't count. May throw for what no API server admits: it doesn't count either. */
  readonly facts: (raw: KubeObject) => T | undefined;
  /**
   * Asks for all objects of one service, whole.
   * @param o.notOlderThan - how far the watch has come; undefined while that isn't known: then the newest are asked for
   */
  readonly fetch: (service: string, o: FetchOptions) => Promise<readonly KubeObject[]>;
  /** Something about a service that is exported has changed. */
  readonly onChange: (services: ReadonlySet<string>) => void;
}

/**
 * A reflector of objects that matter only while their service is exported: facts of those, bare names of all others (design
 * §3: what no export names is dropped on entry). Names are kept so that a deletion is never missed. When a service begins to
 * be exported, what was dropped is asked for again; from then on the watch brings every change.
 */
export class ExportedOnly<T> {
  readonly #options: ExportedOnlyOptions<T>;
  readonly #reflector: Reflector<Entry<T>>;
  readonly #exported = new Set<string>();
  /** Exported services whose objects were dropped before and are not back yet: nothing is known about them. */
  readonly #asking = new Set<string>();
  /** By service. There is one for each exported Service of each member. */
  readonly #facts = new Map<string, FewOrMany<T>>();
  /** Exported services whose last object was seen to be deleted, which a list that lacks it is no proof of. */
  readonly #emptied = new Set<string>();
  readonly #queue: WorkQueue;
  #started = false;

  constructor(options: ExportedOnlyOptions<T>) {
    this.#options = options;
    const {client, resource, logger, backoff, nowMs} = options;
    this.#reflector = new Reflector<Entry<T>>({
      client,
      resource,
      logger,
      backoff,
      nowMs,
      keep: (raw) => this.#keep(raw),
      onChange: (changes) => this.#take(changes),
    });
    this.#queue = new WorkQueue({
      concurrency: 4,
      handle: async (service, signal) => this.#ask(service, signal),
      onError: (service, err) => logger.warn({err, service, resource: resource.plural}, 'could not ask for a service'),
    });
  }

  get synced(): Promise<void> {
    return this.#reflector.synced;
  }

  get closed(): Promise<unknown> {
    return Promise.all([this.#reflector.closed, this.#queue.closed]);
  }

  status(): ReflectorStatus {
    return this.#reflector.status();
  }

  start(signal: AbortSignal): void {
    this.#started = true;
    this.#reflector.start(signal);
    this.#queue.start(signal);
  }

  /** Says that a service is exported from now on. Before `start` nothing was dropped, so nothing is asked for. */
  begin(service: string): void {
    if (this.#exported.has(service)) return;
    this.#exported.add(service);
    if (!this.#started) return;
    this.#asking.add(service);
    this.#queue.add(service);
  }

  /** Says that it is exported no more. */
  end(service: string): void {
    this.#exported.delete(service);
    this.#asking.delete(service);
    this.#facts.delete(service);
    this.#emptied.delete(service);
  }

  /** Undefined: not known at this moment. */
  of(service: string): readonly T[] | undefined {
    if (!this.#reflector.status().synced || this.#asking.has(service)) return undefined;
    return this.#facts.get(service)?.values() ?? [];
  }

  /** True where there is nothing because the last object was deleted before our eyes, not because a list lacks it. */
  wasEmptied(service: string): boolean {
    return this.#emptied.has(service);
  }

  /** True where an object of this name exists, exported or not, as far as the watch has come. */
  exists(key: string): boolean {
    return this.#reflector.store.has(key);
  }

  #keep(raw: KubeObject): Entry<T> | undefined {
    const service = this.#options.serviceOf(raw);
    if (service === undefined) return undefined;
    return {service, facts: this.#exported.has(service) ? this.#factsOf(raw) : undefined};
  }

  /** A hostile object counts as one that is there and says nothing; the rest of its member goes on. */
  #factsOf(raw: KubeObject): T | undefined {
    try {
      return this.#options.facts(raw);
    } catch (err) {
      this.#options.logger.warn({err, name: raw.metadata.name, namespace: raw.metadata.namespace}, 'object refused');
      return undefined;
    }
  }

  #take(changes: readonly StoreChange<Entry<T>>[]): void {
    const touched = new Set<string>();
    const isList = this.#reflector.status().state === 'Listing';
    for (const {key, previous, current} of changes) {
      for (const service of new Set([previous?.service, current?.service])) {
        if (service === undefined || !this.#exported.has(service)) continue;
        this.#put(service, key, current?.service === service ? current.facts : undefined);
        touched.add(service);
        if (this.#facts.has(service) || isList) this.#emptied.delete(service);
        else this.#emptied.add(service);
      }
    }
    if (touched.size > 0) this.#options.onChange(touched);
  }

  #put(service: string, key: string, facts: T | undefined): void {
    const objects = this.#facts.get(service) ?? new FewOrMany<T>();
    objects.set(key, facts);
    if (objects.size === 0) this.#facts.delete(service);
    else this.#facts.set(service, objects);
  }

  async #ask(service: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    if (!this.#asking.has(service)) return;
    // Only a list says which of the objects that are found are older than the watch.
    if (!this.#reflector.status().synced) return {requeueAfterMs: 50};
    const {resourceVersion: notOlderThan} = this.#reflector.status();
    const found = new Map(
      (await this.#options.fetch(service, {notOlderThan, signal})).map((raw) => [keyOf(raw.metadata), raw]),
    );
    if (!this.#asking.has(service)) return;
    if (this.#lacks(service, found)) return {requeueAfterMs: SHORT_ANSWER_AGAIN_MS};
    this.#asking.delete(service);
    for (const [text, raw] of found) {
      const key = sharedText(text);
      const entry = this.#reflector.store.get(key);
      // Not in the store: deleted meanwhile, or newer than the watch, which will bring it. With facts: as new or newer.
      if (entry === undefined) continue;
      this.#put(service, key, entry.facts ?? this.#factsOf(raw));
    }
    if (this.#facts.has(service)) this.#emptied.delete(service);
    this.#options.onChange(new Set([service]));
  }

  /** The answer may have come back short by fault; where the object was deleted meanwhile the watch is about to say so. */
  #lacks(service: string, found: ReadonlyMap<string, KubeObject>): boolean {
    for (const [key, entry] of this.#reflector.store.entries()) {
      if (entry.service === service && entry.facts === undefined && !found.has(key)) return true;
    }
    return false;
  }
}
