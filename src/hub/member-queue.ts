import type {Logger} from 'pino';
import {describeError} from '../errors.ts';
import {KubeError} from '../kube/kube-error.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {endsMembership} from './member-admission.ts';
import type {MemberContext} from './member-context.ts';
import type {MemberIdentity} from './member-identity.ts';
import {hasUnknown} from './member-state.ts';
import {syncProperty, syncRemoteCluster} from './sync-clusterset.ts';
import {syncExportStatus} from './sync-export-status.ts';
import {syncFlomeshImport} from './sync-flomesh-import.ts';
import {syncImport} from './sync-import.ts';
import {parseSyncItem, type SyncKind, syncItemText} from './sync-item.ts';
import {syncPolicy} from './sync-policy.ts';
import {SyncPass} from './sync-pass.ts';
import {syncSlices} from './sync-slices.ts';

export interface MemberQueueOptions {
  readonly context: MemberContext;
  readonly identity: MemberIdentity;
  /** Whether the last pass is done, or something failed, may be different. */
  readonly onStatus: () => void;
  /** A reconcile found out that it is another cluster. */
  readonly onEnd: (error: unknown) => void;
  readonly logger: Logger;
}

/** With the backoff between them, about a second: as long as API servers were seen to take to know their own rules. */
const TOLD_AFTER_ATTEMPTS = 5;

/**
 * Makes one member hold what it should, object by object. It works only while it is open: what comes while it is shut is
 * dropped, because opening it begins with everything.
 */
export class MemberQueue {
  readonly #options: MemberQueueOptions;
  readonly #queue: WorkQueue;
  readonly #pass = new SyncPass();
  /** Exports of this member that wait for another one, or were refused by one. */
  readonly #undelivered = new Set<string>();
  #isOpen = false;
  /** Until nothing that was begun may be written any more. */
  #turn = new AbortController();
  #signal = this.#turn.signal;
  #turnSignal = this.#turn.signal;

  constructor(options: MemberQueueOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      concurrency: 8,
      handle: async (item) => this.#handle(item),
      onError: (item, error, attempt, delayMs) => this.#noteFailure(item, error, {attempt, delayMs}),
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get depth(): number {
    return this.#queue.depth;
  }

  /** How far the pass that opening began has come. */
  get pass(): Pick<SyncPass, 'isDone' | 'failing' | 'failureOf' | 'firstFailure'> {
    return this.#pass;
  }

  isUndelivered(key: string): boolean {
    return this.#undelivered.has(key);
  }

  get undelivered(): Iterable<string> {
    return this.#undelivered;
  }

  get closed(): Promise<void> {
    return this.#queue.closed;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    return this.#queue.idle();
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.#beginTurn();
    this.#queue.start(signal);
  }

  /** @param everything - as {@link syncItemText}: all that there is and all that there should be */
  open(everything: ReadonlySet<string>): void {
    this.#isOpen = true;
    if (this.#turn.signal.aborted) this.#beginTurn();
    this.#pass.begin(everything);
    this.addAll(everything);
  }

  /** Nothing new is begun; what is under way goes on, if it isn't {@link drop}ped. */
  shut(): void {
    this.#isOpen = false;
    this.#pass.stop();
  }

  /** Shuts it, and ends what is under way: another one may write from now on. */
  drop(): void {
    this.shut();
    this.#turn.abort();
  }

  add(kind: SyncKind, keys: Iterable<string>): void {
    if (!this.#isOpen) return;
    for (const key of keys) this.#queue.add(syncItemText(kind, key));
  }

  addAll(items: Iterable<string>): void {
    if (!this.#isOpen) return;
    for (const item of items) this.#queue.add(item);
  }

  #beginTurn(): void {
    this.#turn = new AbortController();
    this.#turnSignal = AbortSignal.any([this.#signal, this.#turn.signal]);
  }

  async #handle(item: string): Promise<void | {requeueAfterMs: number}> {
    if (!this.#isOpen) return undefined;
    const signal = this.#turnSignal;
    try {
      // Others ask along with it: who answers there isn't for one turn to end.
      await this.#options.identity.ensure(this.#signal);
      if (signal.aborted || this.#isTooEarly(item)) return undefined;
      const later = await this.#sync(item, signal);
      // Nothing of one turn counts in the next.
      if (signal.aborted) return undefined;
      if (later === undefined) this.#noteDone(item);
      return later;
    } catch (error) {
      // Dropped, not failed: the next opening begins with everything.
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  /**
   * While the hub starts and has not read everybody that the member's own import names, the import stays as it is. Nor is it done:
   * soon nobody is awaited any more, and all names are compared again.
   */
  #isTooEarly(item: string): boolean {
    const {kind, key} = parseSyncItem(item);
    const {context} = this.#options;
    if (context.facts.isGathered()) return false;
    return (kind === 'import' || kind === 'slices' || kind === 'flomesh-import') && hasUnknown(context, key);
  }

  async #sync(item: string, signal: AbortSignal): Promise<{requeueAfterMs: number} | undefined> {
    const {context} = this.#options;
    const {kind, key} = parseSyncItem(item);
    switch (kind) {
      case 'import':
        return this.#deliver(key, signal);
      case 'slices':
        return syncSlices(context, key, signal);
      case 'flomesh-import':
        await syncFlomeshImport(context, key, signal);
        return undefined;
      case 'export':
        return this.#tellExport(key, signal);
      case 'remote-cluster':
        this.#againLater(item, await syncRemoteCluster(context, key, signal));
        return undefined;
      case 'property':
        await syncProperty(context, key, signal);
        return undefined;
      case 'export-policy':
      case 'import-policy':
      case 'traffic-policy':
        await syncPolicy(context, {kind, copy: key}, signal);
        return undefined;
    }
  }

  /** What is due by the clock is no reason to call a pass unfinished. */
  #againLater(item: string, later: {againAfterMs: number} | undefined): void {
    if (later !== undefined) this.#queue.addAfter(item, later.againAfterMs);
  }

  async #deliver(key: string, signal: AbortSignal): Promise<{requeueAfterMs: number} | undefined> {
    const {context} = this.#options;
    const result = await syncImport(context, key, signal);
    const isExported = context.facts.merged(key).verdicts.size > 0;
    context.ledger.set(key, isExported ? result : undefined);
    if (result.state !== 'NotNeeded' || result.forbidden === undefined) return undefined;
    const {why, againAfterMs} = result.forbidden;
    this.#options.logger.info({key, why}, 'not imported: the member forbids it');
    this.#noteDone(syncItemText('import', key));
    return {requeueAfterMs: againAfterMs};
  }

  async #tellExport(key: string, signal: AbortSignal): Promise<{requeueAfterMs: number} | undefined> {
    const {context} = this.#options;
    if (context.facts.delivery(key).state === 'Delivered') this.#undelivered.delete(key);
    else this.#undelivered.add(key);
    return syncExportStatus(context, key, signal);
  }

  #noteDone(item: string): void {
    const before = this.#isAtRest();
    this.#pass.noteDone(item);
    if (before !== this.#isAtRest()) this.#options.onStatus();
  }

  #isAtRest(): boolean {
    return this.#pass.isDone && this.#pass.failing === 0;
  }

  #noteFailure(item: string, error: unknown, {attempt, delayMs}: {attempt: number; delayMs: number}): void {
    const {logger, onEnd, onStatus, context} = this.#options;
    const isRace = isPassingRace(error, attempt);
    // Not worth a condition either.
    logger[isRace ? 'debug' : 'warn']({err: error, item, attempt, delayMs}, 'could not be applied');
    if (endsMembership(error)) {
      onEnd(error);
      return;
    }
    // No answer says nothing about the object; whether the member is reachable is judged elsewhere.
    if (error instanceof KubeError && error.isTransport) return;
    if (isRace) return;
    // Nor is an API server that has just started: for a moment it refuses even what it will allow.
    if (error instanceof KubeError && mayPass(error) && attempt < TOLD_AFTER_ATTEMPTS) return;
    const {kind, key} = parseSyncItem(item);
    // An export that went in between needs no conditions any more.
    if (kind === 'export' && error instanceof KubeError && error.isNotFound) return;
    const message = describeError(error).slice(0, 400);
    if (kind === 'import') context.ledger.set(key, {state: 'Failed', message});
    this.#pass.noteFailure(item, message);
    onStatus();
  }
}

/** A race, such as with an object that was deleted and made again under its name: the next attempt settles it. */
export function isPassingRace(error: unknown, attempt: number): boolean {
  return error instanceof KubeError && error.isConflict && attempt < 3;
}

/** True for refusals that say more about the moment than about the object. */
function mayPass(error: KubeError): boolean {
  return error.isForbidden || (error.retryable && !error.isConflict);
}
