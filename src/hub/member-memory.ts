import type {Logger} from 'pino';
import type {KubeObject} from '../api/meta.ts';
import {HUB_MANAGED_BY, HUB_MANAGER, MANAGED_BY_LABEL, memberRecordName} from '../api/names.ts';
import {apiVersionOf, configMaps} from '../api/resources.ts';
import type {HeldBack} from '../clusterset/mass-deletion.ts';
import type {KubeClient} from '../kube/client.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import type {KnownAge, KnownLists} from './export-ages.ts';

/** All that the hub must remember of one member over a restart (design §3, "State"). */
export interface MemberRecord {
  /** uid of its `kube-system` namespace, pinned at join. */
  readonly uid: string | undefined;
  /** Export ages that differ from the objects' own timestamps, by source, namespace and name. */
  readonly cappedAges: Readonly<Record<string, KnownAge>>;
  readonly held: HeldBack | undefined;
  readonly lists: KnownLists | undefined;
  /** The tombstone: it is no member any more, and what was written into it may still be there. */
  readonly left: LeftMember | undefined;
}

export interface LeftMember {
  readonly sinceMs: number;
  /** It was the hub's own cluster: no Secret says how to get in. */
  readonly isInCluster: boolean;
}

export const emptyRecord: MemberRecord = {
  uid: undefined,
  cappedAges: {},
  held: undefined,
  lists: undefined,
  left: undefined,
};

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * One ConfigMap `isthmus-member-<cluster>` per member in the hub's namespace: the hub keeps nothing outside its own API.
 * Saving is repeated until it succeeds; only what changed is written.
 */
export class MemberMemory {
  readonly #options: {readonly client: KubeClient; readonly namespace: string; readonly logger: Logger};
  readonly #known = new Map<string, MemberRecord>();
  readonly #saved = new Map<string, string>();
  readonly #queue: WorkQueue;

  constructor(options: {readonly client: KubeClient; readonly namespace: string; readonly logger: Logger}) {
    this.#options = options;
    this.#queue = new WorkQueue({
      concurrency: 4,
      handle: async (cluster, signal) => this.#save(cluster, signal),
      onError: (cluster, err, attempt) =>
        options.logger.warn({err, cluster, attempt}, 'could not save a member record'),
    });
  }

  get closed(): Promise<void> {
    return this.#queue.closed;
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
  }

  /** What was loaded or set last; undefined: {@link load} has not succeeded yet. */
  get(cluster: string): MemberRecord | undefined {
    return this.#known.get(cluster);
  }

  /** @throws KubeError while the hub's own API server doesn't answer: no record and an unread one are two things */
  async load(cluster: string, signal: AbortSignal): Promise<MemberRecord> {
    const known = this.#known.get(cluster);
    if (known !== undefined) return known;
    const at = {namespace: this.#options.namespace, name: memberRecordName(cluster)};
    const found = await this.#options.client.find<ConfigMap>(configMaps, at, {signal});
    const record = found === undefined ? emptyRecord : fromData(found.data ?? {});
    this.#known.set(cluster, record);
    if (found !== undefined) this.#saved.set(cluster, JSON.stringify(toData(record)));
    return record;
  }

  /** Names of all members that there is a record of, whether or not they are registered. @throws KubeError */
  async known(signal: AbortSignal): Promise<readonly string[]> {
    const {client, namespace} = this.#options;
    const prefix = memberRecordName('');
    const labelSelector = `${MANAGED_BY_LABEL}=${HUB_MANAGED_BY}`;
    const {items} = await client.list<ConfigMap>(configMaps, {namespace, labelSelector, signal});
    return items.flatMap(({metadata: {name}}) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  }

  /** Whether the record is there now: somebody who deletes it gives the member up. @throws KubeError */
  async exists(cluster: string, signal: AbortSignal): Promise<boolean> {
    const {client, namespace} = this.#options;
    return (await client.find(configMaps, {namespace, name: memberRecordName(cluster)}, {signal})) !== undefined;
  }

  /** As {@link set}, and it is written when this resolves. @throws KubeError */
  async setNow(cluster: string, change: Partial<MemberRecord>, signal: AbortSignal): Promise<void> {
    this.#known.set(cluster, {...(this.#known.get(cluster) ?? emptyRecord), ...change});
    await this.#save(cluster, signal);
  }

  set(cluster: string, change: Partial<MemberRecord>): void {
    const next = {...(this.#known.get(cluster) ?? emptyRecord), ...change};
    this.#known.set(cluster, next);
    if (this.#saved.get(cluster) !== JSON.stringify(toData(next))) this.#queue.add(cluster);
  }

  /** The member has left. Resolves when a cluster of that name may join afresh; while that fails it is tried again. */
  async forget(cluster: string, signal: AbortSignal): Promise<void> {
    this.#known.delete(cluster);
    try {
      await this.#save(cluster, signal);
    } catch (err) {
      this.#options.logger.warn({err, cluster}, 'could not delete a member record');
      this.#queue.add(cluster);
    }
  }

  async #save(cluster: string, signal: AbortSignal): Promise<void> {
    const {client, namespace} = this.#options;
    const metadata = {namespace, name: memberRecordName(cluster)};
    const record = this.#known.get(cluster);
    if (record === undefined) {
      await client.delete(configMaps, metadata, {signal});
      this.#saved.delete(cluster);
      return;
    }
    const data = toData(record);
    const labels = {[MANAGED_BY_LABEL]: HUB_MANAGED_BY};
    const object = {apiVersion: apiVersionOf(configMaps), kind: configMaps.kind, metadata: {...metadata, labels}, data};
    await client.apply(configMaps, object, {fieldManager: HUB_MANAGER, force: true, signal});
    this.#saved.set(cluster, JSON.stringify(data));
  }
}

function toData({uid, cappedAges, held, lists, left}: MemberRecord): Record<string, string> {
  return {
    ...(uid === undefined ? {} : {'kube-system-uid': uid}),
    ...(Object.keys(cappedAges).length === 0 ? {} : {'capped-ages': JSON.stringify(cappedAges)}),
    ...(held === undefined ? {} : {held: JSON.stringify({sinceMs: held.sinceMs, keys: [...held.keys].sort()})}),
    ...(lists === undefined ? {} : {'last-lists': JSON.stringify(lists)}),
    ...(left === undefined ? {} : {left: JSON.stringify(left)}),
  };
}

function fromData(data: Readonly<Record<string, string>>): MemberRecord {
  const held = parse<{sinceMs: number; keys: string[]}>(data['held']);
  return {
    uid: data['kube-system-uid'],
    cappedAges: parse<MemberRecord['cappedAges']>(data['capped-ages']) ?? {},
    held: held === undefined ? undefined : {sinceMs: held.sinceMs, keys: new Set(held.keys)},
    lists: readLists(parse<Partial<KnownLists>>(data['last-lists'])),
    left: parse<LeftMember>(data['left']),
  };
}

function readLists(lists: Partial<KnownLists> | undefined): KnownLists | undefined {
  return lists?.atMs === undefined || lists.seen === undefined ? undefined : {atMs: lists.atMs, seen: lists.seen};
}

/** The hub wrote it; what somebody broke by hand counts as not written. */
function parse<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
