import type {Logger} from 'pino';
import type {Lease} from '../api/kinds.ts';
import {apiVersionOf, leases} from '../api/resources.ts';
import {toMicroTime} from '../api/meta.ts';
import {describeError} from '../errors.ts';
import {pause} from './backoff.ts';
import type {KubeClient} from './client.ts';
import {KubeError} from './kube-error.ts';
import {decideLease, nextLeaseSpec, observe} from './lease-decision.ts';
import type {ObservedLease} from './lease-decision.ts';
import {RepeatedFailure} from './repeated-failure.ts';
import {SentRenewals} from './sent-renewals.ts';

export interface LeaseOptions {
  readonly client: Pick<KubeClient, 'find' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly name: string;
  /** Of this process alone. Of two that have the same one, the one that started later takes it from the other, and that one waits. */
  readonly identity: string;
  /** After so long without a renewal another one may take it. */
  readonly leaseDurationMs: number;
  /** At most a third of the duration, so that one failed renewal loses nothing. */
  readonly renewEveryMs: number;
  /** Asked for each write, which is all that they cost; one that is undefined is taken off. */
  readonly annotations?: (() => Readonly<Record<string, string | undefined>>) | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Asked whenever the lease was read and could be written to. False: it is left alone, and given up where it was held. */
  readonly mayWrite?: ((seen: SeenLease) => boolean) | undefined;
  /** Asked of each lease that was read. False: it is not for us at all, whoever its holder says to be: it is not even released. */
  readonly mayTouch?: ((lease: Lease) => boolean) | undefined;
  readonly fieldManager?: string | undefined;
  readonly onHeld: () => void;
  /** Called before anybody else can hold it; what writes under the lease stops here. */
  readonly onLost: (why: string) => void;
  readonly logger: Logger;
  /** Wall clock, written into the lease. */
  readonly nowMs?: (() => number) | undefined;
  /** Measures how long it is good for; a step of the wall clock must not prolong it. */
  readonly monotonicMs?: (() => number) | undefined;
}

export interface SeenLease {
  /** Undefined: there is none. */
  readonly lease: Lease | undefined;
  readonly isOurs: boolean;
  /** Since when we have seen nobody hold it; 0 where it is ours. */
  readonly freeForMs: number;
}

/** The part of the duration for which we believe in our own renewal: the rest is for slow timers and slow answers. */
const BELIEVED_PART = 0.8;
const MAX_CALL_MS = 5_000;
const RELEASE_WITHIN_MS = 1_000;
/** Looks come so often while it is being released: both calls of that have a limit. */
const WHILE_RELEASING_MS = 250;

/**
 * One `coordination.k8s.io/v1` Lease, held by one process at a time. Expiry is judged by how long *we* have seen no
 * renewal, never by comparing clocks; every write carries the resourceVersion that it was decided on, so of two that
 * take it at the same time one gets a 409.
 */
export class LeaseHolder {
  readonly #options: LeaseOptions;
  readonly #wallMs: () => number;
  readonly #monotonicMs: () => number;
  readonly #closing = Promise.withResolvers<void>();
  #started = false;
  #held = false;
  /** What the API server has, as far as we know; undefined: to be read. */
  #last: Lease | undefined;
  #observed: ObservedLease | undefined;
  #freeSinceMs: number | undefined;
  #wake = new AbortController();
  /** Grows when it is handed over: a renewal that was under way then must not count. */
  #handedOver = 0;
  #isReleasing = false;
  readonly #sent = new SentRenewals();
  #wasEverHeld = false;
  #goodUntilMs = 0;
  #expiry: NodeJS.Timeout | undefined;
  readonly #failing = new RepeatedFailure();

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#wallMs = options.nowMs ?? Date.now;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  /** False as soon as the believed time is over, even where a blocked event loop has kept `onLost` waiting. */
  get held(): boolean {
    return this.#held && this.#monotonicMs() < this.#goodUntilMs;
  }

  /** Resolves after the abort, when the lease is released or a second has passed. */
  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  /** Begins to strive for it; the abort of `signal` ends that: it is given up (`onLost`), then released. */
  start(signal: AbortSignal): void {
    if (this.#started) return;
    this.#started = true;
    void this.#run(signal).then(this.#closing.resolve, this.#closing.reject);
  }

  /** Looks at the lease at once, and renews it where it is held: something changed that it depends on. */
  look(): void {
    // What is known of it may be old; only one that is ours is as we wrote it.
    if (!this.#held) this.#last = undefined;
    this.#wake.abort();
  }

  /** As it was written last, grows whenever another holder takes it; undefined: it must be read first. */
  get transitions(): number | undefined {
    return this.#last?.spec?.leaseTransitions;
  }

  /** As a watch has it: the sooner a renewal is seen, the sooner it is known to be over. */
  note(lease: Lease): void {
    if (!this.#held) this.#observed = observe(this.#observed, lease, this.#monotonicMs());
  }

  /**
   * Gives it up and says so in the lease. Whether it is taken again is for `mayWrite` to say: where the API server didn't answer in
   * time the lease still names us, and each look tries to release it as long as `mayWrite` says no.
   */
  async handOver(): Promise<void> {
    if (!this.#held) return;
    this.#handedOver++;
    this.#lose('handed over');
    this.#isReleasing = true;
    await this.#release(this.#callMs());
    this.#isReleasing = false;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = new AbortController();
      await pause(await this.#step(signal), AbortSignal.any([signal, this.#wake.signal]));
    }
    const wasHeld = this.#held;
    this.#lose('stopped');
    if (wasHeld) await this.#release(RELEASE_WITHIN_MS / 2);
  }

  /** One look at the lease; returns how long to wait for the next. */
  async #step(signal: AbortSignal): Promise<number> {
    const {renewEveryMs, logger, name} = this.#options;
    // What is taken again beside a release would be released, and believed to be held.
    if (this.#isReleasing) return WHILE_RELEASING_MS;
    const handedOver = this.#handedOver;
    try {
      const mayWrite = await this.#mayWrite(signal);
      if (!mayWrite) {
        this.#failing.end();
        return renewEveryMs;
      }
      const startedMs = this.#monotonicMs();
      this.#last = await this.#write(this.#nextLease(), signal);
      if (!signal.aborted && handedOver === this.#handedOver) this.#confirm(startedMs);
      return renewEveryMs;
    } catch (error) {
      if (signal.aborted) return 0;
      // Whether a write that broke off has been done is not known: read before the next one.
      this.#last = undefined;
      const isRace = error instanceof KubeError && (error.isConflict || error.isAlreadyExists);
      if (!isRace) logger[this.#failing.levelOf(error)]({lease: name, err: error}, 'lease could not be renewed');
      return Math.min(renewEveryMs / 2, isRace ? 250 : 2_000);
    }
  }

  /** Reads the lease unless we hold it and know its version. */
  async #mayWrite(signal: AbortSignal): Promise<boolean> {
    if (this.#held && this.#last !== undefined) return true;
    const {client, identity, leaseDurationMs} = this.#options;
    const lease = await client.find<Lease>(leases, this.#at(), {signal, timeoutMs: this.#callMs()});
    this.#last = lease;
    if (lease !== undefined && this.#isTaboo(lease)) {
      this.#freeSinceMs = undefined;
      this.#lose('it is not ours to write');
      return false;
    }
    const nowMs = this.#monotonicMs();
    this.#observed = lease && observe(this.#observed, lease, nowMs);
    const move =
      lease === undefined || this.#observed === undefined
        ? 'take'
        : decideLease({
            lease,
            observed: this.#observed,
            identity,
            isTwins: this.#isTwins(lease),
            leaseDurationMs,
            nowMs,
          });
    this.#freeSinceMs = move === 'take' ? (this.#freeSinceMs ?? nowMs) : undefined;
    if (move === 'wait') {
      const holder = lease?.spec?.holderIdentity ?? 'nobody';
      this.#lose(holder === identity ? `another process with identity ${identity} renews it` : `held by ${holder}`);
      return false;
    }
    const isOurs = move === 'renew';
    // Whoever had it in between may have written: it is taken anew. One that was deleted nobody has had.
    if (!isOurs && lease !== undefined) this.#lose('another one has had it');
    if (this.#options.mayWrite?.({lease, isOurs, freeForMs: nowMs - (this.#freeSinceMs ?? nowMs)}) ?? true) return true;
    this.#lose('it must not be written to');
    // A renewal that was under way when it was handed over may have come after the release.
    if (isOurs) await this.#release(this.#callMs());
    return false;
  }

  #nextLease(): Lease {
    const {identity, leaseDurationMs, annotations, labels} = this.#options;
    const before = this.#last;
    const metadata = before?.metadata ?? this.#at();
    return {
      apiVersion: apiVersionOf(leases),
      kind: leases.kind,
      metadata: {
        ...metadata,
        ...(labels === undefined ? {} : {labels: {...before?.metadata.labels, ...labels}}),
        ...(annotations === undefined ? {} : {annotations: withAnnotations(before, annotations())}),
      },
      spec: nextLeaseSpec(before?.spec, {
        ...{identity, leaseDurationMs, wallMs: this.#wallMs()},
        isTwins: before !== undefined && this.#isTwins(before),
      }),
    };
  }

  async #write(lease: Lease, signal: AbortSignal | undefined, timeoutMs: number = this.#callMs()): Promise<Lease> {
    const {client, fieldManager = 'isthmus-lease'} = this.#options;
    const options = {fieldManager, signal, timeoutMs};
    this.#sent.note(lease);
    return lease.metadata.resourceVersion === undefined
      ? client.create(leases, lease, options)
      : client.replace(leases, lease, options);
  }

  /** @param startedMs - before the write was sent: others saw the renewal later than this */
  #confirm(startedMs: number): void {
    this.#failing.end();
    const goodForMs = this.#options.leaseDurationMs * BELIEVED_PART;
    this.#goodUntilMs = startedMs + goodForMs;
    clearTimeout(this.#expiry);
    const left = Math.max(0, this.#goodUntilMs - this.#monotonicMs());
    this.#expiry = setTimeout(() => this.#lose('it could not be renewed in time'), left);
    this.#wasEverHeld = true;
    if (this.#held) return;
    this.#held = true;
    this.#options.logger.info({lease: this.#options.name, identity: this.#options.identity}, 'lease held');
    this.#options.onHeld();
  }

  #lose(why: string): void {
    clearTimeout(this.#expiry);
    if (!this.#held) return;
    this.#held = false;
    this.#options.logger.info({lease: this.#options.name, why}, 'lease lost');
    this.#options.onLost(why);
  }

  /**
   * Best effort: whoever comes next need not wait for the expiry.
   *
   * @param timeoutMs - of each of the two calls
   */
  async #release(timeoutMs: number): Promise<void> {
    const {identity, client, logger, name} = this.#options;
    try {
      // A renewal may have been under way when the signal came, so what we know may be old.
      const lease = await client.find<Lease>(leases, this.#at(), {timeoutMs});
      if (lease?.spec?.holderIdentity !== identity || this.#isTaboo(lease) || this.#isTwins(lease)) return;
      const spec = {...lease.spec, holderIdentity: '', renewTime: toMicroTime(this.#wallMs())};
      await this.#write({...lease, spec}, undefined, timeoutMs);
    } catch (error) {
      logger.debug({lease: name, reason: describeError(error)}, 'lease not released');
    }
  }

  /**
   * It names us, but another process renewed it: one that was started as our copy, or that we were restored beside. One that never held
   * it takes its old Lease at once, whoever renewed it: as a rule the process that it was started in the place of, which is no more.
   */
  #isTwins(lease: Lease): boolean {
    const isNamed = lease.spec?.holderIdentity === this.#options.identity;
    return isNamed && this.#wasEverHeld && !this.#sent.has(lease);
  }

  #isTaboo(lease: Lease): boolean {
    return this.#options.mayTouch?.(lease) === false;
  }

  #at(): {namespace: string; name: string} {
    return {namespace: this.#options.namespace, name: this.#options.name};
  }

  #callMs(): number {
    return Math.min(MAX_CALL_MS, this.#options.renewEveryMs);
  }
}

function withAnnotations(
  before: Lease | undefined,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const all = Object.entries({...before?.metadata.annotations, ...own});
  return Object.fromEntries(all.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
