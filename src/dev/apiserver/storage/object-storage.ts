import type {JsonObject} from '../../schema/json.ts';
import {deepFreeze, keyOfObject, withMeta} from '../object-meta.ts';
import {ObjectTable} from './object-table.ts';
import type {StoredEvent} from './event-history.ts';

export interface StorageCommit extends StoredEvent {
  readonly storageKey: string;
}

/** Above 1, as on every real server: nobody may rely on low numbers, and `0` means "anything" in a request. */
const FIRST_REVISION = 100;

/**
 * All objects of a cluster, in memory. One revision counts the writes of all resources, as etcd's does, so versions of different
 * resources compare. Objects are frozen when they are stored; every write is complete when it returns.
 *
 * Subscribers are called in two rounds per write, watchers before controllers, and never inside another write: a controller
 * that writes from its callback must not overtake the event that it answers.
 */
export class ObjectStorage {
  readonly #historySize: number;
  readonly #tables = new Map<string, ObjectTable>();
  readonly #watchers = new Set<(commit: StorageCommit) => void>();
  readonly #listeners = new Set<(commit: StorageCommit) => void>();
  readonly #undelivered: StorageCommit[] = [];
  #delivering = false;
  #revision = FIRST_REVISION;

  constructor(historySize: number) {
    this.#historySize = historySize;
  }

  get revision(): number {
    return this.#revision;
  }

  table(storageKey: string): ObjectTable {
    let table = this.#tables.get(storageKey);
    if (table === undefined) {
      table = new ObjectTable(this.#historySize, this.#revision);
      this.#tables.set(storageKey, table);
    }
    return table;
  }

  get(storageKey: string, key: string): JsonObject | undefined {
    return this.#tables.get(storageKey)?.get(key);
  }

  /** Adds or replaces; the caller has settled that this is allowed. */
  put(storageKey: string, object: JsonObject): JsonObject {
    const key = keyOfObject(object);
    const table = this.table(storageKey);
    const previous = table.get(key);
    const stored = this.#stamp(object);
    this.#commit({
      storageKey,
      revision: this.#revision,
      kind: previous === undefined ? 'ADDED' : 'MODIFIED',
      key,
      object: stored,
      previous,
    });
    return stored;
  }

  /** Removes; the event carries `last` (or what was stored) with the revision of the deletion (apiserver.md §3.2). */
  remove(storageKey: string, key: string, last?: JsonObject): JsonObject | undefined {
    const previous = this.get(storageKey, key);
    if (previous === undefined) return undefined;
    const stored = this.#stamp(last ?? previous);
    this.#commit({storageKey, revision: this.#revision, kind: 'DELETED', key, object: stored, previous});
    return stored;
  }

  /** The type is gone: so are its objects (without events; its watches are ended by whoever removes it). */
  drop(storageKey: string): void {
    this.#tables.delete(storageKey);
  }

  /** Older versions of this resource become too old to watch or list from. */
  forgetHistory(storageKey: string): void {
    this.table(storageKey).history.forgetUpTo(this.#revision);
  }

  forgetAllHistory(): void {
    for (const table of this.#tables.values()) table.history.forgetUpTo(this.#revision);
  }

  onWatch(watcher: (commit: StorageCommit) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  onChange(listener: (commit: StorageCommit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #stamp(object: JsonObject): JsonObject {
    this.#revision++;
    return deepFreeze(withMeta(object, {resourceVersion: String(this.#revision)}));
  }

  #commit(commit: StorageCommit): void {
    this.table(commit.storageKey).record(commit);
    for (const watcher of this.#watchers) watcher(commit);
    this.#undelivered.push(commit);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of this.#listeners) listener(next);
      }
    } finally {
      this.#delivering = false;
    }
  }
}
