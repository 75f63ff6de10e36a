import {backoffDelayMs, retryAfterMs} from './backoff.ts';
import type {Backoff} from './backoff.ts';
import {turnOfOthers} from './event-loop-turn.ts';

export interface WorkQueueOptions {
  readonly concurrency: number;
  /** Makes the thing of this key as it should be, whatever has changed. Throwing means: again, later. */
  readonly handle: (key: string, signal: AbortSignal) => Promise<void | {requeueAfterMs: number}>;
  /** Must not throw. Called after the repetition was planned. */
  readonly onError: (key: string, error: unknown, attempt: number, nextDelayMs: number) => void;
  /** Default 100 ms to 30 s. */
  readonly backoff?: Backoff | undefined;
  readonly random?: (() => number) | undefined;
}

const DEFAULT_BACKOFF: Backoff = {minMs: 100, maxMs: 30_000};
/** `setTimeout` fires at once for more. A run that is too early does no harm: the handler compares, it does not count. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A level-triggered queue of keys. A key waits at most once however often it is added; it is never handled twice at the
 * same time; added while it is being handled it is handled once more. A failure is repeated with backoff of its own key.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** In order of arrival. */
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  /** Added while running. */
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  readonly #delayed = new Map<string, {readonly dueMs: number; readonly timer: NodeJS.Timeout}>();
  readonly #closing = Promise.withResolvers<void>();
  #idleWaiters: (() => void)[] = [];
  #signal: AbortSignal | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Resolves after the abort, when the last handler has returned. */
  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  /** Keys that wait for a worker; neither those being handled nor those for later. */
  get depth(): number {
    return this.#waiting.size + this.#again.size;
  }

  /** Keys may be added before; they wait. The abort of `signal` ends it: what still waits is dropped. */
  start(signal: AbortSignal): void {
    if (this.#signal !== undefined) return;
    this.#signal = signal;
    if (signal.aborted) this.#stop();
    else {
      signal.addEventListener('abort', () => this.#stop(), {once: true});
      this.#dispatch();
    }
  }

  add(key: string): void {
    if (this.#signal?.aborted === true) return;
    if (this.#running.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    if (this.#running.size < this.#options.concurrency) this.#dispatch();
  }

  /** Adds it after `ms`; of several delays for one key the earliest counts. An `add` in between does not cancel it. */
  addAfter(key: string, ms: number): void {
    if (this.#signal?.aborted === true) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const delayMs = Math.min(ms, MAX_TIMER_MS);
    const dueMs = performance.now() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.dueMs <= dueMs) return;
    clearTimeout(earlier?.timer);
    const timer = setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, delayMs);
    this.#delayed.set(key, {dueMs, timer});
  }

  /** Forgets its failures, and the repetition that they planned. */
  forget(key: string): void {
    this.#failures.delete(key);
    clearTimeout(this.#retries.get(key));
    this.#retries.delete(key);
  }

  /** Resolves when nothing waits and nothing is being handled. What is planned for later does not count. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #isIdle(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0;
  }

  #dispatch(): void {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted) return;
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#handle(key, signal);
    }
  }

  async #handle(key: string, signal: AbortSignal): Promise<void> {
    try {
      // Again after it: all that waited are woken together.
      for (let others = turnOfOthers(); others !== undefined; others = turnOfOthers()) await others;
      const result = await this.#options.handle(key, signal);
      this.forget(key);
      if (result !== undefined) this.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      // Once it is being stopped, a failure is what stopping looks like.
      if (!signal.aborted) this.#retry(key, error);
    } finally {
      this.#done(key, signal);
    }
  }

  #retry(key: string, error: unknown): void {
    const attempt = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, attempt);
    const {backoff = DEFAULT_BACKOFF, random = Math.random, onError} = this.#options;
    const delayMs = backoffDelayMs(backoff, attempt, random) + retryAfterMs(error);
    clearTimeout(this.#retries.get(key));
    const timer = setTimeout(() => {
      this.#retries.delete(key);
      this.add(key);
    }, delayMs);
    this.#retries.set(key, timer);
    onError(key, error, attempt, delayMs);
  }

  #done(key: string, signal: AbortSignal): void {
    this.#running.delete(key);
    if (this.#again.delete(key)) this.add(key);
    if (signal.aborted) this.#closeIfDone();
    else this.#dispatch();
    if (this.#isIdle()) this.#wakeIdle();
  }

  #stop(): void {
    this.#waiting.clear();
    this.#again.clear();
    for (const timer of this.#retries.values()) clearTimeout(timer);
    for (const {timer} of this.#delayed.values()) clearTimeout(timer);
    this.#retries.clear();
    this.#delayed.clear();
    this.#closeIfDone();
    if (this.#isIdle()) this.#wakeIdle();
  }

  #closeIfDone(): void {
    if (this.#running.size === 0) this.#closing.resolve();
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
