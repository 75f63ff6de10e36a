import type {Logger} from 'pino';
import {hasConditions, parseKey} from '../api/meta.ts';
import {COPIES_CONDITION, isProtectedNamespace} from '../api/names.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import type {Member} from './member.ts';
import {ObjectWriter} from './object-writer.ts';
import {judgeCopies, planPolicyStatus} from './plan-policy-status.ts';
import {copyStateOf} from './policy-copies.ts';
import {keepOriginal, type Policy, POLICY_KINDS, type PolicyKind, policyResources} from './policy-kinds.ts';
import type {PolicyRegistry} from './policy-registry.ts';
import {wordOf} from './said-elsewhere.ts';
import {WritePace} from './write-pace.ts';

export interface PolicyStatusWriterOptions {
  /** Of the hub's own API server. */
  readonly client: KubeClient;
  readonly policies: PolicyRegistry;
  readonly members: ReadonlyMap<string, Member>;
  /** Isthmus' own. */
  readonly namespace: string;
  /** False: another replica does for this name what only one should, or it can't be told now who does. */
  readonly isResponsible: (name: string) => boolean;
  /** Every registered cluster was read, or found unreachable. */
  readonly isGathered: () => boolean;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/** By which replicas choose the one that tells of policies: no cluster's name. */
const ALL_POLICIES = '/policies';
/** What is only passing is told where it lasts; as a rule a copy is there long before. */
const PATIENCE_MS = 1_500;
/** A member that comes and goes makes no more than this of each policy. */
const EVERY_MS = 5_000;

/** Says on every policy of the hub which members hold their copy (design §4: status is the truth about the world). */
export class PolicyStatusWriter {
  readonly #options: PolicyStatusWriterOptions;
  readonly #writers: ReadonlyMap<PolicyKind, ObjectWriter<Policy>>;
  readonly #queue: WorkQueue;
  readonly #pace: WritePace;
  /** Since when a policy has been in a state that should pass, by item. */
  readonly #passingSinceMs = new Map<string, number>();
  /** What was last seen of each member that policies speak of. */
  readonly #told = new Map<string, string>();

  constructor(options: PolicyStatusWriterOptions) {
    this.#options = options;
    const {client, policies, logger} = options;
    this.#writers = new Map(
      POLICY_KINDS.map((kind) => [
        kind,
        new ObjectWriter<Policy>(client, {
          resource: policyResources[kind],
          store: policies.stored(kind),
          keep: keepOriginal,
          comparison: {sharedLists: {'status.conditions': ['type']}},
          ownItems: {'status.conditions': [COPIES_CONDITION]},
        }),
      ]),
    );
    this.#pace = new WritePace(EVERY_MS, () => performance.now());
    this.#queue = new WorkQueue({
      concurrency: 4,
      handle: async (item, signal) => this.#handle(item, signal),
      onError: (item, err, attempt) => logger.warn({err, item, attempt}, 'policy status could not be written'),
    });
  }

  get closed(): Promise<void> {
    return this.#queue.closed;
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
  }

  /** Originals changed in whatever way, or copies of them in some member. */
  note(kind: PolicyKind, keys: Iterable<string>): void {
    for (const key of keys) this.#queue.add(`${kind} ${key}`);
  }

  /** The watch of the hub's own API server reported these. */
  noteStored(kind: PolicyKind, keys: readonly string[]): void {
    this.#writers.get(kind)?.noteChanges(keys);
    this.note(kind, keys);
  }

  /** A member is or may be in another state. Costs nothing where policies have nothing to say of it. */
  noteMember(id: string): void {
    const member = this.#options.members.get(id);
    const {reachable, synced} = {reachable: member?.reachable(), synced: member?.synced()};
    const why = synced?.status === 'False' ? synced.message : '';
    const {session} = member ?? {};
    const elsewhere = member !== undefined && session?.isWrittenElsewhere === true ? wordOf(member.cluster) : '';
    const text = member && [reachable?.reason, synced?.reason, why, session?.watches.isSynced, elsewhere].join(' ');
    if (this.#told.get(id) === text) return;
    if (text === undefined) this.#told.delete(id);
    else this.#told.set(id, text);
    this.review();
  }

  /** All of them again: who tells it, or of whom, is different. */
  review(): void {
    for (const kind of POLICY_KINDS) this.note(kind, this.#options.policies.of(kind).keys());
  }

  async #handle(item: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    const {policies, members, isResponsible, isGathered, namespace, nowMs} = this.#options;
    const {kind, key} = parseItem(item);
    const policy = policies.of(kind).has(key) ? this.#writers.get(kind)?.actual(key) : undefined;
    if (policy === undefined || !isResponsible(ALL_POLICIES) || !isGathered()) {
      this.#passingSinceMs.delete(item);
      return undefined;
    }
    const of = parseKey(key).namespace;
    const situation = {
      policy,
      copies: new Map([...members.values()].map((member) => [member.id, copyStateOf(member, kind, key)] as const)),
      isProtected: of !== undefined && isProtectedNamespace(of, namespace),
    };
    const waitMs = this.#patience(item, judgeCopies(situation).passing === true);
    if (waitMs > 0) return {requeueAfterMs: waitMs};
    const desired = planPolicyStatus(situation, nowMs());
    if (hasConditions(policy.status?.conditions, desired.status?.conditions ?? [])) return undefined;
    // What was told of another generation is not true of this one: that is told at once.
    const pacedAs = `${item} ${policy.metadata.uid} ${policy.metadata.generation}`;
    const pauseMs = this.#pace.waitMs(pacedAs);
    if (pauseMs > 0) return {requeueAfterMs: pauseMs};
    try {
      await this.#writers.get(kind)?.applyStatus(desired, signal);
      this.#pace.noteWrite(pacedAs);
    } catch (error) {
      // It went, or is another one now: the watch says so.
      if (!(error instanceof KubeError) || !(error.isNotFound || error.isConflict)) throw error;
    }
    return undefined;
  }

  #patience(item: string, isPassing: boolean): number {
    if (!isPassing) {
      this.#passingSinceMs.delete(item);
      return 0;
    }
    const sinceMs = this.#passingSinceMs.get(item) ?? performance.now();
    this.#passingSinceMs.set(item, sinceMs);
    return sinceMs + PATIENCE_MS - performance.now();
  }
}

function parseItem(item: string): {readonly kind: PolicyKind; readonly key: string} {
  const space = item.indexOf(' ');
  return {kind: item.slice(0, space) as PolicyKind, key: item.slice(space + 1)};
}
