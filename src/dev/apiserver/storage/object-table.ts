import type {JsonObject} from '../../schema/json.ts';
import {EventHistory} from './event-history.ts';
import type {StoredEvent} from './event-history.ts';

/** The objects of one resource in key order, and their recent past. */
export class ObjectTable {
  readonly history: EventHistory;
  readonly #objects = new Map<string, JsonObject>();
  #sorted: readonly string[] | undefined;

  constructor(historySize: number, revision: number) {
    this.history = new EventHistory(historySize, revision);
  }

  get(key: string): JsonObject | undefined {
    return this.#objects.get(key);
  }

  record(event: StoredEvent): void {
    if (event.kind === 'DELETED') this.#objects.delete(event.key);
    else this.#objects.set(event.key, event.object);
    if (event.kind !== 'MODIFIED') this.#sorted = undefined;
    this.history.add(event);
  }

  /** Every object now, by key. */
  entries(): readonly (readonly [string, JsonObject])[] {
    this.#sorted ??= [...this.#objects.keys()].sort();
    return this.#sorted.map((key) => [key, this.#objects.get(key) as JsonObject] as const);
  }

  /** Every object as it was at `revision`, by key: later writes are undone. Undefined where history does not reach back so far. */
  entriesAt(revision: number): readonly (readonly [string, JsonObject])[] | undefined {
    const later = this.history.after(revision);
    if (later === undefined) return undefined;
    if (later.length === 0) return this.entries();
    const then = new Map(this.#objects);
    for (const event of later.toReversed()) {
      if (event.previous === undefined) then.delete(event.key);
      else then.set(event.key, event.previous);
    }
    return [...then].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
