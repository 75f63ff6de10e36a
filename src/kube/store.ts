import {sharedText} from './shared-text.ts';

/** What is known of one kind in one cluster, by `namespace/name`. Read-only for everybody but its reflector. */
export interface Store<T> {
  get(key: string): T | undefined;
  has(key: string): boolean;
  readonly size: number;
  keys(): IterableIterator<string>;
  values(): IterableIterator<T>;
  entries(): IterableIterator<[string, T]>;
}

/**
 * An object that came (`previous` undefined), changed, or went (`current` undefined). One that was deleted and created
 * again while nobody looked is one change with both: their uids differ, and they are not the same object.
 */
export interface StoreChange<T> {
  readonly key: string;
  readonly previous: T | undefined;
  readonly current: T | undefined;
}

/** An object as the API server has it: which one it is, and whether it changed. */
export interface Incoming<T> {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Undefined: it exists, but is not kept. */
  readonly value: T | undefined;
}

/** The store behind a reflector. Its methods say what changed; a method either does its whole work or nothing. */
export class MutableStore<T> implements Store<T> {
  readonly #entries = new Map<string, Incoming<T> & {readonly value: T}>();

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  *values(): IterableIterator<T> {
    for (const {value} of this.#entries.values()) yield value;
  }

  *entries(): IterableIterator<[string, T]> {
    for (const [key, {value}] of this.#entries) yield [key, value];
  }

  /** The kept value if this very state of this very object is kept already: it needs no second conversion. */
  same(key: string, uid: string, resourceVersion: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && isSameState(entry, {uid, resourceVersion}) ? entry.value : undefined;
  }

  put(key: string, incoming: Incoming<T>): StoreChange<T> | undefined {
    const before = this.#entries.get(key);
    const {uid, resourceVersion, value} = incoming;
    if (before !== undefined && isSameState(before, incoming)) return undefined;
    if (value === undefined) {
      this.#entries.delete(key);
      return changeOf(key, before?.value, value);
    }
    // Of what is dropped nobody keeps the key.
    const kept = sharedText(key);
    this.#entries.set(kept, {uid, resourceVersion, value});
    return changeOf(kept, before?.value, value);
  }

  /** A deletion of another uid is an old one: the name has been taken again since. */
  remove(key: string, uid: string): StoreChange<T> | undefined {
    const before = this.#entries.get(key);
    if (before === undefined || (uid !== '' && before.uid !== uid)) return undefined;
    this.#entries.delete(key);
    return changeOf(key, before.value, undefined);
  }

  /** Makes the store what a complete list says: removals first, then the rest in the list's order. */
  replaceAll(list: ReadonlyMap<string, Incoming<T>>): StoreChange<T>[] {
    const changes: (StoreChange<T> | undefined)[] = [];
    for (const [key, entry] of this.#entries) {
      if (!list.has(key)) changes.push(this.remove(key, entry.uid));
    }
    for (const [key, incoming] of list) changes.push(this.put(key, incoming));
    return changes.filter((change) => change !== undefined);
  }
}

function isSameState(a: Omit<Incoming<unknown>, 'value'>, b: Omit<Incoming<unknown>, 'value'>): boolean {
  return a.uid === b.uid && a.resourceVersion === b.resourceVersion && a.resourceVersion !== '';
}

function changeOf<T>(key: string, previous: T | undefined, current: T | undefined): StoreChange<T> | undefined {
  return previous === undefined && current === undefined ? undefined : {key, previous, current};
}
