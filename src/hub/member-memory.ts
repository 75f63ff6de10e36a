import type {Logger} from 'pino';
import type {KubeObject} from '../api/meta.ts';
import {HUB_MANAGED_BY, HUB_MANAGER, MANAGED_BY_LABEL, memberRecordName} from '../api/names.ts';
import {apiVersionOf, configMaps} from '../api/resources.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {Reflector, type ReflectorStatus} from '../kube/reflector.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {
  addAges,
  adoptRecord,
  emptyRecord,
  fromRecordData,
  type MemberRecord,
  type RecordData,
  toRecordData,
} from './member-record.ts';

export interface MemberMemoryOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Whether this process writes the whole record of a member down; others add to it what only they know. Default: always. */
  readonly isResponsible?: (cluster: string) => boolean;
  /** Another replica wrote it. */
  readonly onWritten?: (cluster: string, written: MemberRecord) => void;
  readonly logger: Logger;
}

interface ConfigMap extends KubeObject {
  readonly data?: RecordData;
}

/** As it is in the API, as far as is known here. */
interface Written {
  readonly text: string;
  readonly record: MemberRecord;
  readonly resourceVersion: string | undefined;
}

const PREFIX = memberRecordName('');
const OURS = `${MANAGED_BY_LABEL}=${HUB_MANAGED_BY}`;
/** The watch may bring what was written here some writes ago. */
const OWN_TEXTS = 16;

/**
 * One ConfigMap `isthmus-member-<cluster>` per member in the hub's namespace: the hub keeps nothing outside its own API. Saving is
 * repeated until it succeeds; only what changed is written, on top of what was last seen there, so that replicas lose nothing of
 * each other's.
 */
export class MemberMemory {
  readonly #options: MemberMemoryOptions;
  readonly #known = new Map<string, MemberRecord>();
  readonly #written = new Map<string, Written>();
  readonly #ownTexts = new Map<string, string[]>();
  readonly #queue: WorkQueue;
  readonly #reflector: Reflector<ConfigMap>;

  constructor(options: MemberMemoryOptions) {
    this.#options = options;
    const {client, namespace, logger} = options;
    this.#queue = new WorkQueue({
      concurrency: 4,
      handle: async (cluster, signal) => this.#save(cluster, signal),
      onError: (cluster, err, attempt) => logger.warn({err, cluster, attempt}, 'could not save a member record'),
    });
    this.#reflector = new Reflector<ConfigMap>({
      ...{client, namespace, logger, resource: configMaps, labelSelector: OURS},
      keep: (raw) => (raw.metadata.name.startsWith(PREFIX) ? raw : undefined),
      onChange: (changes) => {
        for (const {current, previous} of changes) this.#take(current, previous);
      },
    });
  }

  get list(): ReflectorStatus {
    return this.#reflector.status();
  }

  get closed(): Promise<unknown> {
    return Promise.all([this.#queue.closed, this.#reflector.closed]);
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
    this.#reflector.start(signal);
  }

  /** What was loaded or set last; undefined: {@link load} has not succeeded yet. */
  get(cluster: string): MemberRecord | undefined {
    return this.#known.get(cluster);
  }

  /**
   * What the replica that is responsible for the member wrote down; undefined: that is this one, or nothing is written. Others follow it
   * where it let go what they hold back.
   */
  toldOf(cluster: string): MemberRecord | undefined {
    return this.#isResponsible(cluster) ? undefined : this.#written.get(cluster)?.record;
  }

  /** @throws KubeError while the hub's own API server doesn't answer: no record and an unread one are two things */
  async load(cluster: string, signal: AbortSignal): Promise<MemberRecord> {
    const known = this.#known.get(cluster);
    if (known !== undefined) return known;
    const record = (await this.#read(cluster, signal))?.record ?? emptyRecord;
    this.#known.set(cluster, record);
    return record;
  }

  /** Names of all members that there is a record of, whether or not they are registered. @throws KubeError */
  async known(signal: AbortSignal): Promise<readonly string[]> {
    const {client, namespace} = this.#options;
    const {items} = await client.list<ConfigMap>(configMaps, {namespace, labelSelector: OURS, signal});
    return items.flatMap(({metadata: {name}}) => (name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []));
  }

  /** Whether the record is there now: somebody who deletes it gives the member up. @throws KubeError */
  async exists(cluster: string, signal: AbortSignal): Promise<boolean> {
    const {client, namespace} = this.#options;
    return (await client.find(configMaps, {namespace, name: memberRecordName(cluster)}, {signal})) !== undefined;
  }

  /** As {@link set}, and it is written when this resolves. @throws KubeError, and then it is known as it was */
  async setNow(cluster: string, change: Partial<MemberRecord>, signal: AbortSignal): Promise<void> {
    const before = this.#known.get(cluster);
    const now = {...(before ?? emptyRecord), ...change};
    this.#known.set(cluster, now);
    try {
      await this.#save(cluster, signal, true);
    } catch (error) {
      // Nobody may go on as if it were remembered.
      if (this.#known.get(cluster) === now && before !== undefined) this.#known.set(cluster, before);
      throw error;
    }
  }

  set(cluster: string, change: Partial<MemberRecord>): void {
    this.#known.set(cluster, {...(this.#known.get(cluster) ?? emptyRecord), ...change});
    this.review(cluster);
  }

  /** Whether this replica is responsible for it may be different: what it knows is written down if it isn't. */
  review(cluster: string): void {
    const known = this.#known.get(cluster);
    if (known !== undefined && this.#written.get(cluster)?.text !== textOf(this.#toWrite(cluster, known)))
      this.#queue.add(cluster);
  }

  /** The member has left, and a cluster of that name may join afresh. @throws KubeError, and then it is known as it was */
  async forget(cluster: string, signal: AbortSignal): Promise<void> {
    const known = this.#known.get(cluster);
    // Before it is deleted: what is about to be saved must not make it again.
    this.#known.delete(cluster);
    try {
      await this.#save(cluster, signal);
    } catch (error) {
      if (known !== undefined && !this.#known.has(cluster)) this.#known.set(cluster, known);
      throw error;
    }
  }

  /** Another replica has cleared it. */
  drop(cluster: string): void {
    for (const each of [this.#known, this.#written, this.#ownTexts]) each.delete(cluster);
  }

  #isResponsible(cluster: string): boolean {
    return this.#options.isResponsible?.(cluster) ?? true;
  }

  #toWrite(cluster: string, known: MemberRecord, isWhole = this.#isResponsible(cluster)): MemberRecord {
    if (isWhole) return known;
    return addAges(this.#written.get(cluster)?.record ?? emptyRecord, known.cappedAges);
  }

  async #save(cluster: string, signal: AbortSignal, isWhole = this.#isResponsible(cluster)): Promise<void> {
    const {client, namespace} = this.#options;
    const metadata = {namespace, name: memberRecordName(cluster)};
    const known = this.#known.get(cluster);
    if (known === undefined) {
      await client.delete(configMaps, metadata, {signal});
      this.drop(cluster);
      return;
    }
    const record = this.#toWrite(cluster, known, isWhole);
    const before = this.#written.get(cluster);
    const data = toRecordData(record);
    const text = JSON.stringify(data);
    if (before?.text === text || (before === undefined && text === EMPTY_TEXT)) return;
    if (before === undefined && (await this.#read(cluster, signal)) !== undefined) {
      // Another replica made it, and the watch hasn't told: what it says must not be written over.
      this.#adopt(cluster, this.#written.get(cluster)?.record ?? emptyRecord);
      return this.#save(cluster, signal, isWhole);
    }
    const {resourceVersion} = before ?? {};
    const labels = {[MANAGED_BY_LABEL]: HUB_MANAGED_BY};
    const at = {...metadata, labels, ...(resourceVersion === undefined ? {} : {resourceVersion})};
    const object = {apiVersion: apiVersionOf(configMaps), kind: configMaps.kind, metadata: at, data};
    this.#ownTexts.set(cluster, [...(this.#ownTexts.get(cluster) ?? []), text].slice(-OWN_TEXTS));
    try {
      const written = await client.apply(configMaps, object, {fieldManager: HUB_MANAGER, force: true, signal});
      this.#written.set(cluster, {text, record, resourceVersion: written.metadata.resourceVersion});
    } catch (error) {
      // Another replica was faster; where it was deleted there is no such version either.
      if (error instanceof KubeError && (error.isConflict || error.isNotFound)) await this.#again(cluster, signal);
      throw error;
    }
  }

  async #again(cluster: string, signal: AbortSignal): Promise<void> {
    const found = await this.#read(cluster, signal);
    if (found === undefined) this.#written.delete(cluster);
    else this.#adopt(cluster, found.record);
  }

  async #read(cluster: string, signal: AbortSignal): Promise<Written | undefined> {
    const at = {namespace: this.#options.namespace, name: memberRecordName(cluster)};
    const found = await this.#options.client.find<ConfigMap>(configMaps, at, {signal});
    return found && this.#note(cluster, found);
  }

  #note(cluster: string, {data = {}, metadata}: ConfigMap): Written {
    const record = fromRecordData(data);
    const written = {text: textOf(record), record, resourceVersion: metadata.resourceVersion};
    this.#written.set(cluster, written);
    return written;
  }

  #take(current: ConfigMap | undefined, previous: ConfigMap | undefined): void {
    const cluster = (current ?? previous)?.metadata.name.slice(PREFIX.length) ?? '';
    if (current === undefined) {
      this.#written.delete(cluster);
      return;
    }
    const text = textOf(fromRecordData(current.data ?? {}));
    if (this.#ownTexts.get(cluster)?.includes(text) === true) return;
    if (this.#written.get(cluster)?.text === text) return;
    this.#adopt(cluster, this.#note(cluster, current).record);
  }

  #adopt(cluster: string, written: MemberRecord): void {
    const known = this.#known.get(cluster);
    if (known === undefined) return;
    if (!this.#isResponsible(cluster)) this.#known.set(cluster, adoptRecord(known, written));
    this.#options.onWritten?.(cluster, written);
  }
}

function textOf(record: MemberRecord): string {
  return JSON.stringify(toRecordData(record));
}

const EMPTY_TEXT = textOf(emptyRecord);
