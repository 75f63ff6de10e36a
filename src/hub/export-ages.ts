import {createHash} from 'node:crypto';
import {cappedCreatedAt} from '../clusterset/backdating.ts';
import {exportSources, type KeptExport} from './kept-export.ts';

/** The age of one export object, milliseconds since the epoch, and what the object itself claims. */
export interface KnownAge {
  readonly uid: string;
  readonly ageMs: number;
  readonly claimedAtMs: number;
}

/**
 * The last complete lists of one member, as they survive a restart: without them a member could backdate while the hub is
 * away. What was in them is told by digests: an export that a list had, or that came after it, is believed.
 */
export interface KnownLists {
  /** By source, milliseconds since the epoch. */
  readonly atMs: Readonly<Record<string, number>>;
  /** By source. */
  readonly seen: Readonly<Record<string, readonly string[]>>;
}

/** A record must fit into one ConfigMap (1 MiB): beyond these, timestamps are believed after a restart. */
const MAX_CAPPED = 2_000;
const MAX_SEEN = 20_000;

/**
 * The age of each export object of one member under the rule against backdating (design §5). An age is fixed when the
 * object is first seen and kept for its life, so a later list can't make it younger and flip a winner.
 */
export class ExportAges {
  readonly #known = new Map<string, KnownAge>();
  readonly #lastListMs = new Map<string, number>();
  /** What lists of an earlier process had, until this one has listed the source itself. */
  readonly #seenBefore = new Map<string, ReadonlySet<string>>();
  /** What another replica of this hub, or one before it, capped. */
  #told: Readonly<Record<string, KnownAge>> = {};
  /** By name, of a hub without records: what members' imports tell. */
  #recalled: ReadonlyMap<string, number> = new Map();
  /** Grows with each change of what has to survive a restart. */
  revision = 0;

  ageOf(object: KeptExport): number {
    const known = this.#known.get(idOf(object));
    return known?.uid === object.metadata.uid ? known.ageMs : object.claimedAtMs;
  }

  /** When the last complete list of one source was read; what appears after it was not in it. */
  noteList(sourceId: string, atMs: number): void {
    this.#lastListMs.set(sourceId, atMs);
    this.#seenBefore.delete(sourceId);
  }

  /** When the newest of the last lists was read; undefined: there is none. */
  get newestListMs(): number | undefined {
    return this.#lastListMs.size === 0 ? undefined : Math.max(...this.#lastListMs.values());
  }

  /** Fixes the age of an object that is in no earlier list. For a list that shows it, call this before {@link noteList}. */
  noteAppeared(object: KeptExport): void {
    const {claimedAtMs} = object;
    const {uid} = object.metadata;
    const id = idOf(object);
    if (this.#known.get(id)?.uid === uid) return;
    const wasListed = this.#seenBefore.get(object.source.id)?.has(digestOf(id, uid)) === true;
    const seenMs = wasListed ? claimedAtMs : cappedCreatedAt(claimedAtMs, this.#lastListMs.get(object.source.id));
    const told = this.#told[id];
    const recalledMs = this.#recalled.get(`${object.metadata.namespace}/${object.metadata.name}`) ?? 0;
    const ageMs = Math.max(seenMs, recalledMs, told?.uid === uid ? told.ageMs : 0);
    this.#known.set(id, {uid, ageMs, claimedAtMs});
    if (ageMs !== claimedAtMs) this.revision++;
  }

  /**
   * Another replica of this hub wrote down what it capped. That a list lacked an export is evidence whoever read it, so the later age
   * counts, and all replicas decide alike.
   *
   * @returns true where an age changed
   */
  adopt(told: Readonly<Record<string, KnownAge>>): boolean {
    this.#told = told;
    let isNews = false;
    for (const [id, {uid, ageMs}] of Object.entries(told)) {
      const known = this.#known.get(id);
      if (known?.uid !== uid || known.ageMs >= ageMs) continue;
      this.#known.set(id, {...known, ageMs});
      this.revision++;
      isNews = true;
    }
    return isNews;
  }

  /** Exports of these names count as no older than that, whatever they claim. */
  recall(ages: ReadonlyMap<string, number>): void {
    this.#recalled = ages;
    for (const [id, known] of this.#known) {
      const ageMs = ages.get(id.slice(id.indexOf('/') + 1)) ?? 0;
      if (known.ageMs >= ageMs) continue;
      this.#known.set(id, {...known, ageMs});
      this.revision++;
    }
  }

  /** No export of this name counts any more. */
  forget(key: string): void {
    for (const {id} of exportSources) {
      const known = this.#known.get(`${id}/${key}`);
      if (known !== undefined && known.ageMs !== known.claimedAtMs) this.revision++;
      this.#known.delete(`${id}/${key}`);
    }
  }

  /** The ages that differ from what the objects claim: all that has to survive a restart. */
  capped(): Record<string, KnownAge> {
    const entries = [...this.#known].filter(([, {ageMs, claimedAtMs}]) => ageMs !== claimedAtMs);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MAX_CAPPED));
  }

  /** Undefined: there was no list yet, or there are too many exports to tell which were in it. */
  lists(): KnownLists | undefined {
    if (this.#lastListMs.size === 0 || this.#known.size > MAX_SEEN) return undefined;
    const seen: Record<string, string[]> = {};
    for (const [id, {uid}] of this.#known) (seen[id.slice(0, id.indexOf('/'))] ??= []).push(digestOf(id, uid));
    for (const digests of Object.values(seen)) digests.sort();
    return {atMs: Object.fromEntries(this.#lastListMs), seen};
  }

  restore(capped: Readonly<Record<string, KnownAge>>, lists?: KnownLists): void {
    for (const [id, age] of Object.entries(capped)) this.#known.set(id, age);
    for (const [source, atMs] of Object.entries(lists?.atMs ?? {})) {
      this.#lastListMs.set(source, atMs);
      this.#seenBefore.set(source, new Set(lists?.seen[source] ?? []));
    }
  }
}

/** The age of an object by the record of its member, for who has no more than that. */
export function recordedAgeOf(object: KeptExport, capped: Readonly<Record<string, KnownAge>>): number {
  const known = capped[idOf(object)];
  return known?.uid === object.metadata.uid ? known.ageMs : object.claimedAtMs;
}

function idOf({source, metadata}: KeptExport): string {
  return `${source.id}/${metadata.namespace}/${metadata.name}`;
}

function digestOf(id: string, uid: string): string {
  return createHash('sha256').update(`${id}/${uid}`).digest('base64url').slice(0, 11);
}
