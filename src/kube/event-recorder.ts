import {randomBytes} from 'node:crypto';
import type {Logger} from 'pino';
import type {KubeObject, ObjectKey} from '../api/meta.ts';
import {toKubeTime} from '../api/meta.ts';
import {apiVersionOf, events} from '../api/resources.ts';
import {describeError} from '../errors.ts';
import type {KubeClient} from './client.ts';
import {KubeError} from './kube-error.ts';

export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, as in `kubectl get events`. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  readonly component: string;
  readonly logger: Logger;
  readonly nowMs?: (() => number) | undefined;
}

interface Series {
  readonly about: KubeObject;
  readonly event: RecordedEvent;
  readonly firstMs: number;
  lastMs: number;
  count: number;
  /** Where it was written, and how many it said then. */
  written: {readonly at: ObjectKey; readonly count: number; readonly atMs: number} | undefined;
}

const MAX_MESSAGE = 1_024;
const MAX_SERIES = 500;
const BURST = 25;
const REFILL_MS = 2_000;
/** A repetition is counted at once and told at most so often. */
const RETELL_AFTER_MS = 10_000;

/**
 * core/v1 Events about objects. Equal ones become one with a count. It informs and never decides: it does not throw, it
 * has no timers, and what the rate limit (25, then one in 2 s) holds back is told with the next record or flush.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #nowMs: () => number;
  readonly #series = new Map<string, Series>();
  #tokens = BURST;
  #refilledAtMs: number;
  #work: Promise<void> = Promise.resolve();
  #scheduled = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#refilledAtMs = this.#nowMs();
  }

  record(about: KubeObject, event: RecordedEvent): void {
    const {kind, metadata} = about;
    const who = [kind, metadata.namespace, metadata.name, metadata.uid];
    const key = JSON.stringify([...who, event.type, event.reason, event.message]);
    const now = this.#nowMs();
    const known = this.#series.get(key);
    if (known !== undefined) {
      known.count++;
      known.lastMs = now;
    } else {
      this.#forgetOldest();
      this.#series.set(key, {about, event, firstMs: now, lastMs: now, count: 1, written: undefined});
    }
    this.#schedule();
  }

  /** Resolves when everything that the rate limit allows has been told, or has failed. */
  async flush(): Promise<void> {
    this.#schedule();
    await this.#work;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#work = this.#work.then(() => this.#tell());
  }

  async #tell(): Promise<void> {
    this.#scheduled = false;
    for (const series of this.#series.values()) {
      if (!this.#isDue(series)) continue;
      if (!this.#takeToken()) return;
      try {
        series.written = await this.#write(series);
      } catch (error) {
        const {reason} = series.event;
        this.#options.logger.warn({reason, err: describeError(error)}, 'event could not be recorded');
        // Tried once; a repetition tries again after the usual time.
        series.written = {at: {name: ''}, count: series.count, atMs: this.#nowMs()};
      }
    }
  }

  #isDue(series: Series): boolean {
    const {written} = series;
    if (written === undefined) return true;
    return written.count < series.count && this.#nowMs() - written.atMs >= RETELL_AFTER_MS;
  }

  async #write(series: Series): Promise<NonNullable<Series['written']>> {
    const {count, written} = series;
    const atMs = this.#nowMs();
    if (written !== undefined && written.at.name !== '' && (await this.#recount(written.at, series))) {
      return {at: written.at, count, atMs};
    }
    const body = toEvent(series, this.#options.component);
    await this.#options.client.create(events, body, {fieldManager: this.#options.component});
    return {at: {namespace: body.metadata.namespace ?? 'default', name: body.metadata.name}, count, atMs};
  }

  /** False: the event has been cleaned away since (API servers keep them for an hour). */
  async #recount(at: ObjectKey, series: Series): Promise<boolean> {
    const body = {count: series.count, lastTimestamp: toKubeTime(series.lastMs)};
    const options = {fieldManager: this.#options.component};
    try {
      await this.#options.client.patch(events, at, {type: 'merge', body}, options);
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.isNotFound) return false;
      throw error;
    }
  }

  #takeToken(): boolean {
    const refill = Math.floor((this.#nowMs() - this.#refilledAtMs) / REFILL_MS);
    if (refill > 0) {
      this.#tokens = Math.min(BURST, this.#tokens + refill);
      this.#refilledAtMs += refill * REFILL_MS;
    }
    if (this.#tokens === 0) return false;
    this.#tokens--;
    return true;
  }

  #forgetOldest(): void {
    const oldest = this.#series.keys().next();
    if (this.#series.size >= MAX_SERIES && oldest.done !== true) this.#series.delete(oldest.value);
  }
}

/** An event lives in the namespace of its object; about a cluster-scoped one, in `default`. */
function toEvent(series: Series, component: string): KubeObject {
  const {about, event} = series;
  const {namespace = 'default', name, uid, resourceVersion} = about.metadata;
  const message = event.message.length > MAX_MESSAGE ? `${event.message.slice(0, MAX_MESSAGE - 1)}…` : event.message;
  const body = {
    apiVersion: apiVersionOf(events),
    kind: events.kind,
    metadata: {name: `${name.slice(0, 200)}.${randomBytes(8).toString('hex')}`, namespace},
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      namespace: about.metadata.namespace,
      name,
      uid,
      resourceVersion,
    },
    type: event.type,
    reason: event.reason,
    message,
    count: series.count,
    firstTimestamp: toKubeTime(series.firstMs),
    lastTimestamp: toKubeTime(series.lastMs),
    source: {component},
    reportingComponent: component,
    reportingInstance: component,
  };
  return body;
}
