import {cappedCreatedAt} from '../clusterset/backdating.ts';
import {exportSources, type KeptExport} from './kept-export.ts';

/** The age of one export object, milliseconds since the epoch, and what the object itself claims. */
export interface KnownAge {
  readonly uid: string;
  readonly ageMs: number;
  readonly claimedAtMs: number;
}

/**
 * The age of each export object of one member under the rule against backdating (design §5). An age is fixed when the
 * object is first seen and kept for its life, so a later list can't make it younger and flip a winner.
 */
export class ExportAges {
  readonly #known = new Map<string, KnownAge>();
  readonly #lastListMs = new Map<string, number>();
  /** Grows with each change of what has to survive a restart. */
  revision = 0;

  ageOf(object: KeptExport): number {
    const known = this.#known.get(idOf(object));
    return known?.uid === object.metadata.uid ? known.ageMs : object.claimedAtMs;
  }

  /** When the last complete list of one source was read; what appears after it was not in it. */
  noteList(sourceId: string, atMs: number): void {
    this.#lastListMs.set(sourceId, atMs);
  }

  /** Fixes the age of an object that is in no earlier list. For a list that shows it, call this before {@link noteList}. */
  noteAppeared(object: KeptExport): void {
    const {claimedAtMs} = object;
    const {uid} = object.metadata;
    const id = idOf(object);
    if (this.#known.get(id)?.uid === uid) return;
    const ageMs = cappedCreatedAt(claimedAtMs, this.#lastListMs.get(object.source.id));
    this.#known.set(id, {uid, ageMs, claimedAtMs});
    if (ageMs !== claimedAtMs) this.revision++;
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
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  restore(capped: Readonly<Record<string, KnownAge>>): void {
    for (const [id, age] of Object.entries(capped)) this.#known.set(id, age);
  }
}

function idOf({source, metadata}: KeptExport): string {
  return `${source.id}/${metadata.namespace}/${metadata.name}`;
}
