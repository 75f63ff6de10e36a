import type {Logger} from 'pino';
import type {Lease} from '../api/kinds.ts';
import {COMPONENT_LABEL, HOLDS_ANNOTATION, HUB_MANAGER, HUB_REPLICA_COMPONENT, hubReplicaLease} from '../api/names.ts';
import {leases} from '../api/resources.ts';
import {describeError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {LeaseHolder} from '../kube/lease.ts';
import {Reflector, type ReflectorStatus} from '../kube/reflector.ts';
import {chooseReplica} from './choose-replica.ts';
import {keepLease} from './kept-objects.ts';
import {ReplicaObserver, type ReplicaView} from './replica-view.ts';

export interface ReplicasOptions {
  /** Of the hub's own API server. */
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of this process alone. */
  readonly identity: string;
  readonly leaseRenewMs: number;
  readonly nowMs: () => number;
  /** Who lives, or which members they say they write to, may be different. */
  readonly onChange: () => void;
  readonly logger: Logger;
}

/** As with members' Leases: renewed every 10 s, over after 25 s (design §3). */
const DURATION_IN_RENEWALS = 2.5;
/** Changes of what is held are told together. */
const TELL_AFTER_MS = 100;
/** A hub that never sees its own Lease, because it has no right to, is on its own after so many durations. */
const ALONE_AFTER_DURATIONS = 2;
const STOPS_WITHIN_MS = 1_000;

/**
 * This replica of the hub among the others. Each has a Lease in the hub's own cluster, which says that it lives and which members it
 * writes to; all watch all of them.
 */
export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #observer: ReplicaObserver;
  readonly #reflector: Reflector<Lease>;
  readonly #own: LeaseHolder;
  readonly #held = new Set<string>();
  readonly #chosen = new Map<string, string | undefined>();
  readonly #closing = Promise.withResolvers<void>();
  #view: ReplicaView = {live: new Map(), isDoubted: false, nextExpiryMs: undefined, garbage: []};
  /** Of this process' life: one that saw itself once has the right to, and what it lacks later is the hub's API. */
  #wasSeen = false;
  #isAlone = false;
  #told: {readonly live: readonly string[] | undefined; readonly text: string} = {live: undefined, text: ''};
  #expiry: NodeJS.Timeout | undefined;
  #telling: NodeJS.Timeout | undefined;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    const {client, namespace, identity, leaseRenewMs, logger, nowMs} = options;
    const leaseDurationMs = leaseRenewMs * DURATION_IN_RENEWALS;
    this.#observer = new ReplicaObserver(leaseDurationMs);
    this.#own = new LeaseHolder({
      ...{client, namespace, identity, logger, nowMs, leaseDurationMs, renewEveryMs: leaseRenewMs},
      name: hubReplicaLease(identity),
      labels: {[COMPONENT_LABEL]: HUB_REPLICA_COMPONENT},
      annotations: () => ({[HOLDS_ANNOTATION]: this.#held.size === 0 ? undefined : [...this.#held].sort().join()}),
      fieldManager: HUB_MANAGER,
      onHeld: () => undefined,
      onLost: (why) => logger.debug({why}, 'this replica can not say that it lives'),
    });
    this.#reflector = new Reflector<Lease>({
      ...{client, namespace, logger, nowMs, resource: leases, keep: keepLease},
      labelSelector: `${COMPONENT_LABEL}=${HUB_REPLICA_COMPONENT}`,
      backoff: {minMs: 100, maxMs: Math.max(1_000, leaseRenewMs / 2)},
      onChange: (changes) => {
        for (const {key, current} of changes) this.#observer.note(key, current, performance.now());
        this.#evaluate();
      },
    });
  }

  /** Identities of all that live, this one too; undefined: it can't be told now, because the hub's API isn't seen. */
  get live(): ReadonlySet<string> | undefined {
    const {live} = this.#view;
    return live.has(this.#options.identity) ? new Set(live.keys()) : undefined;
  }

  get list(): ReflectorStatus {
    return this.#reflector.status();
  }

  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  start(signal: AbortSignal): void {
    const {leaseRenewMs} = this.#options;
    this.#own.start(signal);
    this.#reflector.start(signal);
    const alone = setTimeout(
      () => {
        this.#isAlone = !this.#wasSeen;
        if (this.#isAlone) this.#tellChange();
      },
      leaseRenewMs * DURATION_IN_RENEWALS * ALONE_AFTER_DURATIONS,
    );
    const close = async (): Promise<void> => {
      for (const timer of [alone, this.#expiry, this.#telling]) clearTimeout(timer);
      await Promise.all([this.#own.closed, this.#reflector.closed]);
      await this.#remove(hubReplicaLease(this.#options.identity));
    };
    signal.addEventListener('abort', () => void close().then(this.#closing.resolve, this.#closing.reject), {
      once: true,
    });
  }

  /** The replica that should write to a member; undefined: it can't be told now. */
  chosen(member: string): string | undefined {
    if (this.#isAlone) return this.#options.identity;
    const {live} = this;
    if (live === undefined) return undefined;
    if (!this.#chosen.has(member)) this.#chosen.set(member, chooseReplica(member, live));
    return this.#chosen.get(member);
  }

  /**
   * True where this replica does for a member what only one should: tell its state, remember it, clear it. That is the one that holds
   * its Lease, since it sees it best; else the one that is chosen.
   */
  isResponsible(member: string): boolean {
    if (this.#held.has(member)) return true;
    const {identity} = this.#options;
    for (const [other, holds] of this.#view.live) if (other !== identity && holds.has(member)) return false;
    return this.chosen(member) === identity;
  }

  /** This replica took the member's Lease, or has it no more. */
  noteHeld(member: string, isHeld: boolean): void {
    if (this.#held.has(member) === isHeld) return;
    if (isHeld) this.#held.add(member);
    else this.#held.delete(member);
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#own.look();
    }, TELL_AFTER_MS);
  }

  #evaluate(): void {
    const nowMs = performance.now();
    const wasDoubted = this.#view.isDoubted;
    this.#view = this.#observer.view(nowMs, this.#options.identity);
    clearTimeout(this.#expiry);
    const {nextExpiryMs, isDoubted} = this.#view;
    if (nextExpiryMs !== undefined) {
      this.#expiry = setTimeout(() => this.#evaluate(), Math.max(1, Math.ceil(nextExpiryMs - nowMs)));
      this.#expiry.unref();
    }
    // A renewal that comes back proves that it is the other one that is silent.
    if (isDoubted && !wasDoubted) this.#own.look();
    this.#collectGarbage();
    if (this.live !== undefined) {
      this.#wasSeen = true;
      this.#isAlone = false;
    }
    this.#tellChange();
  }

  #tellChange(): void {
    const live = this.live && [...this.live].sort();
    const holds = [...this.#view.live].map(([identity, members]) => [identity, ...[...members].sort()].join());
    const isLogged = JSON.stringify(live) !== JSON.stringify(this.#told.live);
    const text = JSON.stringify([live, holds.sort(), this.#isAlone]);
    if (text === this.#told.text) return;
    this.#told = {live, text};
    this.#chosen.clear();
    if (isLogged) this.#options.logger.info({live}, 'replicas of the hub');
    this.#options.onChange();
  }

  /** One of them does it: the first by name. */
  #collectGarbage(): void {
    const first = [...(this.live ?? [])].sort()[0];
    if (first !== this.#options.identity) return;
    for (const key of this.#view.garbage) {
      const lease = this.#reflector.store.get(key);
      if (lease !== undefined) void this.#remove(lease.metadata.name, lease.metadata);
    }
  }

  async #remove(name: string, of: {uid?: string; resourceVersion?: string} = {}): Promise<void> {
    const {client, namespace, logger} = this.#options;
    const {uid, resourceVersion} = of;
    try {
      await client.delete(leases, {namespace, name}, {uid, resourceVersion, timeoutMs: STOPS_WITHIN_MS});
    } catch (error) {
      // It is over anyway, and somebody else removes it later; or it was renewed since (409), and is no garbage.
      logger.debug({lease: name, reason: describeError(error)}, 'lease of a replica not removed');
    }
  }
}
