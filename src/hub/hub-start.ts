import type {Logger} from 'pino';
import {pause} from '../kube/backoff.ts';
import type {ClusterRegistry} from './cluster-registry.ts';
import {Gathering} from './gathering.ts';
import type {Member} from './member.ts';
import type {MemberMemory} from './member-memory.ts';
import type {PolicyRegistry} from './policy-registry.ts';
import {restoreTombstones} from './restore-tombstones.ts';
import {StartGate} from './start-gate.ts';

export interface HubStartOptions {
  readonly members: ReadonlyMap<string, Member>;
  readonly registry: Pick<ClusterRegistry, 'synced' | 'store' | 'overlook'>;
  readonly policies: Pick<PolicyRegistry, 'known'>;
  readonly memory: MemberMemory;
  /** For so long, milliseconds, no further member was read: it is no use to wait any longer. */
  readonly patienceMs: number;
  /** A member that left before this hub started, and was not cleared. */
  readonly onLeft: (name: string) => void;
  /** The absence of something came to mean something: everything is to be compared again. */
  readonly onGathered: () => void;
  readonly logger: Logger;
}

/**
 * How a hub comes to know what there is: first all Clusters, then what is remembered of members, then the members themselves. Until
 * then what it doesn't see may be there all the same.
 */
export class HubStart {
  readonly #options: HubStartOptions;
  readonly #gathering: Gathering;
  readonly #gate: StartGate;
  readonly #syncing = Promise.withResolvers<void>();
  /** All Clusters were taken up, as far as they can be. */
  #isListed = false;
  #isLate = false;

  constructor(options: HubStartOptions) {
    this.#options = options;
    const {members} = options;
    this.#gathering = new Gathering(members);
    this.#gate = new StartGate({
      ...{members, isListed: () => this.#isListed, patienceMs: options.patienceMs, nowMs: () => performance.now()},
      onOpen: () => this.#reviewMembers(),
    });
  }

  /** Resolves when all Cluster objects have been listed and taken up, and the policies are known. */
  get synced(): Promise<void> {
    return this.#syncing.promise;
  }

  /** False: what was not seen is not absent. */
  get isGathered(): boolean {
    return this.#gathering.isOver;
  }

  /** False: there are others to be read before anything is compared. */
  get isOpen(): boolean {
    return this.#gate.isOpen;
  }

  start(signal: AbortSignal): void {
    this.#gate.start(signal);
    void this.#run(signal);
  }

  /** Called when a member was read, went or its state changed. */
  review(): void {
    // Before that those who are not known may be members all the same.
    if (!this.#isListed) return;
    this.#gate.review();
    const wasOver = this.#gathering.isOver;
    const isNews = this.#gathering.review(this.#isLate);
    if (isNews || wasOver !== this.#gathering.isOver) this.#options.onGathered();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const {registry, policies, memory, logger, patienceMs, onLeft} = this.#options;
    await Promise.all([registry.synced, policies.known(signal)]);
    this.#reviewMembers();
    this.#syncing.resolve();
    const onOverlooked = (name: string): void => registry.overlook(name);
    const restored = restoreTombstones({memory, registered: registry.store, signal, logger, onLeft, onOverlooked});
    // Who is remembered is worth some time, and not all of it: a right may be missing.
    await Promise.race([restored, pause(patienceMs, signal)]);
    if (signal.aborted) return;
    this.#isListed = true;
    this.review();
    await this.#gathering.late(patienceMs, signal);
    if (signal.aborted) return;
    this.#isLate = true;
    this.#gate.open();
    this.review();
  }

  #reviewMembers(): void {
    for (const {session} of this.#options.members.values()) session?.review();
  }
}
