import type {Logger} from 'pino';
import type {Lease} from '../api/kinds.ts';
import {HUB_LEASE, HUB_MANAGER, WANTED_BY_ANNOTATION} from '../api/names.ts';
import {leases} from '../api/resources.ts';
import {describeError} from '../errors.ts';
import {pause} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';
import {LeaseHolder} from '../kube/lease.ts';
import {decideLease, observe, type ObservedLease} from '../kube/lease-decision.ts';
import {claimOn, type HubMark, markAnnotations} from './hub-mark.ts';
import {decideTurn, keptWish, mayTake} from './write-turn.ts';

/** How replicas of the hub share the members among them. */
export interface ReplicaChoice {
  /** Undefined: it can't be told, because the hub's API isn't seen. */
  chosen(member: string): string | undefined;
}

export interface MemberLeaseOptions {
  readonly client: KubeClient;
  readonly member: string;
  readonly namespace: string;
  readonly identity: string;
  readonly mark: () => HubMark;
  readonly renewMs: number;
  readonly replicas: ReplicaChoice;
  /** The Lease as the member's watch has it; undefined: there is none. */
  readonly seen: () => Lease | undefined;
  /** Resolves when nothing that was begun under the Lease is under way any more. */
  readonly settled: () => Promise<void>;
  /** It was taken, and others may have written since this replica had it last; before `onChange`. */
  readonly onTaken: () => void;
  /** It is this replica's no more: what is still under way must not be written. Before anybody else can have it. */
  readonly onLost: () => void;
  /** It was taken, lost, or is about to be given. */
  readonly onChange: () => void;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/** Takeover after 25 s where renewals come every 10 s (design §3). */
const DURATION_IN_RENEWALS = 2.5;
/** One that is not chosen leaves it free for so long before it takes it all the same. */
const PATIENCE_IN_RENEWALS = 2;
/** Writes that hang don't keep the next one waiting longer. */
const SETTLES_WITHIN_MS = 2_000;
const CALL_MS = 5_000;

/** Lease `isthmus-hub` of one member: this replica holds it, asks for it, gives it, or leaves it alone (design §3). */
export class MemberLease {
  readonly #options: MemberLeaseOptions;
  readonly #holder: LeaseHolder;
  #signal: AbortSignal = AbortSignal.abort();
  #observed: ObservedLease | undefined;
  /** Until it is seen that the Lease names this replica no more: what was not released in time at least expires. */
  #isGiving = false;
  #isHandedOver = false;
  #mayBegin = false;
  /** `leaseTransitions` of the last time that this replica held it. */
  #heldAs: number | undefined;
  #askedAtMs = -Infinity;

  constructor(options: MemberLeaseOptions) {
    this.#options = options;
    const {client, member, namespace, identity, renewMs, mark, replicas, logger, nowMs} = options;
    this.#holder = new LeaseHolder({
      ...{client, namespace, identity, logger, nowMs, name: HUB_LEASE, renewEveryMs: renewMs},
      leaseDurationMs: renewMs * DURATION_IN_RENEWALS,
      annotations: () => ({...markAnnotations(mark()), [WANTED_BY_ANNOTATION]: this.#keptWish()}),
      // Another hub has been here: what is its must never be made ours again, whatever was under way.
      mayTouch: (lease) => claimOn(lease, mark()) === 'Own',
      mayWrite: ({isOurs, freeForMs}) => {
        if (isOurs) return !this.#isGiving;
        // It may still name this replica, where another process with the same identity has had it since.
        if (this.#isHandedOver) this.#isGiving = false;
        const own = {own: identity, chosen: replicas.chosen(member), isReady: this.#mayBegin};
        return mayTake(own, {freeForMs, patienceMs: renewMs * PATIENCE_IN_RENEWALS});
      },
      fieldManager: HUB_MANAGER,
      onHeld: () => this.#onHeld(),
      onLost: () => {
        options.onLost();
        options.onChange();
      },
    });
  }

  /** True while what is written may be written. */
  get held(): boolean {
    return this.#holder.held && !this.#isGiving;
  }

  /** Another one writes: it renews the Lease, as far as the watch tells. */
  get isElsewhere(): boolean {
    const lease = this.#options.seen();
    if (lease === undefined || this.#holder.held) return false;
    const nowMs = performance.now();
    this.#observed = observe(this.#observed, lease, nowMs);
    this.#holder.note(lease);
    const {identity, renewMs} = this.#options;
    const leaseDurationMs = renewMs * DURATION_IN_RENEWALS;
    return decideLease({lease, observed: this.#observed, identity, leaseDurationMs, nowMs}) === 'wait';
  }

  get closed(): Promise<void> {
    return this.#holder.closed;
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.#holder.start(signal);
  }

  /**
   * Called when the Lease or the replicas have changed, and now and then.
   *
   * @param mayBegin - it could begin to write at once if the Lease were its own
   * @param mayAsk - it also knows so much that it may have it from another one
   */
  review({mayBegin, mayAsk}: {readonly mayBegin: boolean; readonly mayAsk: boolean}): void {
    const {member, identity, replicas, seen} = this.#options;
    this.#mayBegin = mayBegin;
    const lease = seen();
    this.#noteHolder(lease);
    const holder = lease?.spec?.holderIdentity ?? '';
    const chosen = replicas.chosen(member);
    const wantedBy = lease?.metadata.annotations?.[WANTED_BY_ANNOTATION];
    // Nobody has it, or its holder has died: the next look would be a while away.
    if (!this.held && chosen === identity && !this.isElsewhere) this.#holder.look();
    switch (decideTurn({own: identity, chosen, holder, wantedBy, isHeld: this.held, isReady: mayAsk})) {
      case 'give':
        void this.#give();
        break;
      case 'ask':
        void this.#ask();
        break;
      case 'keep':
        break;
    }
  }

  /** It stays given, released or not: one that was renewed again would be asked for again, and never change hands. */
  async #give(): Promise<void> {
    const {settled, onChange, logger} = this.#options;
    this.#isGiving = true;
    this.#isHandedOver = false;
    onChange();
    await Promise.race([settled(), pause(SETTLES_WITHIN_MS, this.#signal)]);
    logger.info('another replica writes from now on');
    await this.#holder.handOver();
    this.#isHandedOver = true;
    this.#noteHolder(this.#options.seen());
  }

  /** @param lease - as the member has it now, or had it a moment ago */
  #noteHolder(lease: Lease | undefined): void {
    if (this.#isHandedOver && lease?.spec?.holderIdentity !== this.#options.identity) this.#isGiving = false;
  }

  /** Where nobody has had it in between it is the same transition, and what this replica wrote last is still what was written last. */
  #onHeld(): void {
    const {transitions} = this.#holder;
    if (transitions === undefined || transitions !== this.#heldAs) this.#options.onTaken();
    this.#heldAs = transitions;
    this.#options.onChange();
  }

  /** Written on what is there now: a renewal in between is a conflict, and a later look asks again. */
  async #ask(): Promise<void> {
    const {client, namespace, identity, renewMs, mark, logger} = this.#options;
    const nowMs = performance.now();
    if (nowMs - this.#askedAtMs < renewMs / 2) return;
    this.#askedAtMs = nowMs;
    const call = {signal: this.#signal, timeoutMs: CALL_MS};
    try {
      const lease = await client.find<Lease>(leases, {namespace, name: HUB_LEASE}, call);
      const holder = lease?.spec?.holderIdentity ?? '';
      if (lease === undefined || holder === '' || holder === identity) return;
      if (claimOn(lease, mark()) !== 'Own') return;
      const annotations = {...lease.metadata.annotations, [WANTED_BY_ANNOTATION]: identity};
      const wish = {...lease, metadata: {...lease.metadata, annotations}};
      await client.replace(leases, wish, {...call, fieldManager: HUB_MANAGER});
      logger.info({holder}, 'asked for the lease');
    } catch (error) {
      if (!this.#signal.aborted) logger.debug({reason: describeError(error)}, 'could not ask for the lease');
    }
  }

  #keptWish(): string | undefined {
    const {seen, identity, member, replicas} = this.#options;
    const wantedBy = seen()?.metadata.annotations?.[WANTED_BY_ANNOTATION];
    // Nobody's wish outlives a change of hands.
    if (!this.#holder.held) return undefined;
    return keptWish(wantedBy, {own: identity, chosen: replicas.chosen(member)});
  }
}
