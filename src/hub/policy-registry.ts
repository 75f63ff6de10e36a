import type {Logger} from 'pino';
import type {ExportPolicy} from '../api/kinds.ts';
import {parseKey} from '../api/meta.ts';
import {originOf} from '../clusterset/policy-origin.ts';
import {pause} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';
import {Reflector, type ReflectorStatus, type Store, type StoreChange} from '../kube/reflector.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {keepOriginal, type Policy, POLICY_KINDS, type PolicyKind, policyResources} from './policy-kinds.ts';

export interface PolicyRegistryOptions {
  /** Of the hub's own API server. */
  readonly client: KubeClient;
  readonly nowMs: () => number;
  /** These are others now, or gone. */
  readonly onChange: (kind: PolicyKind, keys: readonly string[]) => void;
  /** The stored objects changed in whatever way, their conditions included. */
  readonly onStored: (kind: PolicyKind, keys: readonly string[]) => void;
  readonly logger: Logger;
}

const LOOK_AGAIN_MS = 100;
/** A store that lacks it by fault is not told when it really goes. */
const CONFIRM_AGAIN_MS = 15_000;

/**
 * The policies of the hub's own API. A policy that is missing opens something up, so none is believed to be gone because a
 * list or a watch lacks it: its API server is asked for it by name first (design §5).
 */
export class PolicyRegistry {
  readonly #options: PolicyRegistryOptions;
  readonly #reflectors: ReadonlyMap<PolicyKind, Reflector<Policy>>;
  readonly #known: Readonly<Record<PolicyKind, Map<string, Policy>>>;
  /** `kind key` of what a store lacks all of a sudden. */
  readonly #missing: WorkQueue;

  constructor(options: PolicyRegistryOptions) {
    this.#options = options;
    const {client, nowMs, logger} = options;
    this.#known = {'export-policy': new Map(), 'import-policy': new Map(), 'traffic-policy': new Map()};
    const reflect = (kind: PolicyKind): Reflector<Policy> =>
      new Reflector<Policy>({
        client,
        resource: policyResources[kind],
        nowMs,
        logger,
        // A copy in the hub's own cluster is a hub's there, not a policy of this one.
        keep: (raw) => (originOf(raw) === 'Hub' ? undefined : keepOriginal(raw)),
        onChange: (changes) => this.#take(kind, changes),
      });
    this.#reflectors = new Map(POLICY_KINDS.map((kind) => [kind, reflect(kind)]));
    this.#missing = new WorkQueue({
      concurrency: 4,
      handle: async (item, signal) => this.#confirm(item, signal),
      onError: (item, err, attempt) => logger.warn({err, item, attempt}, 'policy could not be asked for'),
    });
  }

  /** False: not every kind was read yet, so what is forbidden isn't known. A kind that isn't served has no policies. */
  get areKnown(): boolean {
    return [...this.#reflectors.values()].every((reflector) => {
      const {synced, kindMissing} = reflector.status();
      return synced || kindMissing;
    });
  }

  /** Why they can't be read, where that lasts. */
  get forbidden(): string | undefined {
    return [...this.#reflectors.values()].map((each) => each.status().forbidden).find((why) => why !== undefined);
  }

  get exportPolicies(): ReadonlyMap<string, ExportPolicy> {
    return this.#known['export-policy'] as ReadonlyMap<string, ExportPolicy>;
  }

  get closed(): Promise<unknown> {
    return Promise.all([...[...this.#reflectors.values()].map(({closed}) => closed), this.#missing.closed]);
  }

  of(kind: PolicyKind): ReadonlyMap<string, Policy> {
    return this.#known[kind];
  }

  /** As the watch shows them, which may lack one that {@link of} still has. */
  stored(kind: PolicyKind): Store<Policy> {
    const reflector = this.#reflectors.get(kind);
    if (reflector === undefined) throw new TypeError(`no policies of kind ${kind}`);
    return reflector.store;
  }

  /** By `plural.group`, for status and metrics. */
  statuses(): Record<string, ReflectorStatus> {
    return Object.fromEntries(
      [...this.#reflectors].map(([kind, reflector]) => {
        const {plural, group} = policyResources[kind];
        return [`${plural}.${group}`, reflector.status()];
      }),
    );
  }

  start(signal: AbortSignal): void {
    for (const reflector of this.#reflectors.values()) reflector.start(signal);
    this.#missing.start(signal);
  }

  /** Resolves when {@link areKnown}, or with the signal. */
  async known(signal: AbortSignal): Promise<void> {
    const synced = Promise.all([...this.#reflectors.values()].map((reflector) => reflector.synced));
    // Nothing tells that a kind is not served.
    while (!this.areKnown && !signal.aborted) await Promise.race([synced, pause(LOOK_AGAIN_MS, signal)]);
  }

  /** Whether a policy is sure not to be there. @throws KubeError where nobody can tell */
  async isGone(kind: PolicyKind, key: string, signal: AbortSignal): Promise<boolean> {
    if (this.#known[kind].has(key)) return false;
    const found = await this.#options.client.find(policyResources[kind], parseKey(key), {signal});
    return found === undefined || originOf(found) === 'Hub';
  }

  #take(kind: PolicyKind, changes: readonly StoreChange<Policy>[]): void {
    const changed: string[] = [];
    for (const {key, previous, current} of changes) {
      if (current === undefined) {
        this.#missing.add(`${kind} ${key}`);
        continue;
      }
      this.#known[kind].set(key, current);
      if (!saysTheSame(previous, current)) changed.push(key);
    }
    if (changed.length > 0) this.#options.onChange(kind, changed);
    this.#options.onStored(
      kind,
      changes.map(({key}) => key),
    );
  }

  async #confirm(item: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    const space = item.indexOf(' ');
    const kind = item.slice(0, space) as PolicyKind;
    const key = item.slice(space + 1);
    const isBack = (): boolean => this.#reflectors.get(kind)?.store.has(key) === true;
    if (isBack() || !this.#known[kind].has(key)) return undefined;
    const found = await this.#options.client.find(policyResources[kind], parseKey(key), {signal});
    if (isBack()) return undefined;
    if (found !== undefined && originOf(found) === 'Member') {
      this.#options.logger.warn({kind, policy: key}, 'a list lacked a policy that is there');
      return {requeueAfterMs: CONFIRM_AGAIN_MS};
    }
    this.#known[kind].delete(key);
    this.#options.onChange(kind, [key]);
    return undefined;
  }
}

/** Its conditions are written by us: they change nothing. */
function saysTheSame(a: Policy | undefined, b: Policy): boolean {
  return a !== undefined && a.metadata.uid === b.metadata.uid && a.metadata.generation === b.metadata.generation;
}
