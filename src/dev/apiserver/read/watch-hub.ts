import type {JsonObject} from '../../schema/json.ts';
import {watchTooOld} from '../api-error.ts';
import type {StatusBody} from '../api-error.ts';
import {withMeta} from '../object-meta.ts';
import type {StoredEvent} from '../storage/event-history.ts';
import type {ObjectStorage} from '../storage/object-storage.ts';
import type {VersionConversion} from '../version-conversion.ts';
import type {Selection} from './selection.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** Where the events of one watch go. Called in order, never concurrently; nothing comes after `end` or `fail`. */
export interface WatchSink {
  event(type: WatchEventType, object: JsonObject): void;
  /** The stream ends cleanly: the client resumes from its last version. */
  end(): void;
  /** An ERROR event, then the end. */
  fail(status: StatusBody): void;
}

interface Watcher {
  readonly selection: Selection;
  readonly sink: WatchSink;
  readonly after: number;
}

/**
 * Hands every write to the watches that want it.
 *
 * A watch is joined to the past and to the future in one synchronous step, so no write can fall between the replay and the first
 * live event.
 */
export class WatchHub {
  readonly #storage: ObjectStorage;
  readonly #conversion: VersionConversion;
  readonly #watchers = new Map<string, Set<Watcher>>();

  constructor(storage: ObjectStorage, conversion: VersionConversion) {
    this.#storage = storage;
    this.#conversion = conversion;
    storage.onWatch((commit) => {
      for (const watcher of this.#watchers.get(commit.storageKey) ?? []) this.#offer(watcher, commit);
    });
  }

  /**
   * @param since - the client's version; undefined or 0 sends what there is first (apiserver.md §3.2). One in the future waits silently.
   * @returns ends the watch without a word to its sink
   */
  add(selection: Selection, since: number | undefined, sink: WatchSink): () => void {
    const {storageKey} = selection.type;
    const history = this.#storage.table(storageKey).history;
    const watcher: Watcher = {selection, sink, after: since ?? 0};
    if (since === undefined || since === 0) this.#sendAll(watcher);
    else {
      const missed = history.after(since);
      if (missed === undefined) {
        sink.fail(watchTooOld(since, history.oldest).status);
        return () => undefined;
      }
      for (const event of missed) this.#offer(watcher, event);
    }
    const watchers = this.#watchers.get(storageKey) ?? new Set();
    this.#watchers.set(storageKey, watchers.add(watcher));
    return () => watchers.delete(watcher);
  }

  /** The type changed or went away: every watch of it ends, with this Status as an ERROR event where one is given. */
  endAll(storageKey: string, status?: StatusBody): void {
    const watchers = [...(this.#watchers.get(storageKey) ?? [])];
    this.#watchers.delete(storageKey);
    for (const {sink} of watchers) {
      if (status === undefined) sink.end();
      else sink.fail(status);
    }
  }

  #sendAll(watcher: Watcher): void {
    for (const [, stored] of this.#storage.table(watcher.selection.type.storageKey).entries()) {
      const object = this.#conversion.show(stored, watcher.selection.type);
      if (watcher.selection.matches(object)) watcher.sink.event('ADDED', object);
    }
  }

  /** What a write means to one watch: entering the selection is ADDED, leaving it DELETED with the state that still matched. */
  #offer(watcher: Watcher, event: StoredEvent): void {
    if (event.revision <= watcher.after) return;
    const {selection, sink} = watcher;
    const object = this.#conversion.show(event.object, selection.type);
    const previous = event.previous === undefined ? undefined : this.#conversion.show(event.previous, selection.type);
    const did = previous !== undefined && selection.matches(previous);
    const does = event.kind !== 'DELETED' && selection.matches(object);
    if (does) sink.event(did ? 'MODIFIED' : 'ADDED', object);
    else if (did) {
      const last = event.kind === 'DELETED' ? object : withMeta(previous, {resourceVersion: String(event.revision)});
      sink.event('DELETED', last);
    }
  }
}
