import type {KubeObject} from '../../../src/api/meta.ts';
import type {Resource} from '../../../src/api/resources.ts';

export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: KubeObject;
  /** Before it; of a deletion and of an addition: undefined. */
  readonly previous: KubeObject | undefined;
}

/** Objects of one kind, and the recent past that a watch can resume over. Objects are replaced, never changed. */
export class LightTable {
  readonly resource: Resource;
  readonly objects = new Map<string, KubeObject>();
  readonly events: StoredEvent[] = [];
  readonly watchers = new Set<(event: StoredEvent) => void>();
  /** What managers applied last: by key of the object, then by manager and subresource. */
  readonly applied = new Map<string, Map<string, object>>();

  constructor(resource: Resource) {
    this.resource = resource;
  }
}

const HISTORY = 3_000;

/** The data of one light API server: a revision for all kinds, a table for each, and who owns whom. */
export class LightStorage {
  readonly tables: ReadonlyMap<string, LightTable>;
  revision = 100;
  /** Watches and lists of older states are told that they are too old. */
  compactedAt = 0;
  /** Objects by the uid of each of their owners. */
  readonly #owned = new Map<string, Set<string>>();
  #uids = 0;
  readonly #name: string;

  constructor(name: string, resources: readonly Resource[]) {
    this.#name = name;
    this.tables = new Map(resources.map((resource) => [tableId(resource), new LightTable(resource)]));
  }

  newUid(): string {
    const number = (++this.#uids).toString(16).padStart(12, '0');
    return `${Buffer.from(this.#name).toString('hex').padEnd(8, '0').slice(-8)}-0000-4000-8000-${number}`;
  }

  table(resource: Resource): LightTable {
    const found = this.tables.get(tableId(resource));
    if (found === undefined) throw new Error(`${resource.plural}.${resource.group} is not served`);
    return found;
  }

  /** @returns the object as it is stored, with its new resourceVersion */
  put(table: LightTable, key: string, object: KubeObject): KubeObject {
    const previous = table.objects.get(key);
    const stored = this.#versioned(object);
    table.objects.set(key, stored);
    for (const {uid} of object.metadata.ownerReferences ?? []) {
      const owned = this.#owned.get(uid) ?? new Set<string>();
      this.#owned.set(uid, owned.add(`${tableId(table.resource)} ${key}`));
    }
    this.#tell(table, {type: previous ? 'MODIFIED' : 'ADDED', revision: this.revision, object: stored, previous});
    return stored;
  }

  /** @returns what it owned, as `table key` */
  remove(table: LightTable, key: string): readonly string[] {
    const previous = table.objects.get(key);
    if (previous === undefined) return [];
    table.objects.delete(key);
    table.applied.delete(key);
    const object = this.#versioned(previous);
    this.#tell(table, {type: 'DELETED', revision: this.revision, object, previous: undefined});
    const {uid = ''} = previous.metadata;
    const owned = [...(this.#owned.get(uid) ?? [])];
    this.#owned.delete(uid);
    return owned;
  }

  #versioned(object: KubeObject): KubeObject {
    const resourceVersion = String(++this.revision);
    return {...object, metadata: {...object.metadata, resourceVersion}};
  }

  #tell(table: LightTable, event: StoredEvent): void {
    table.events.push(event);
    if (table.events.length > HISTORY) {
      const dropped = table.events.splice(0, HISTORY / 3);
      this.compactedAt = Math.max(this.compactedAt, dropped.at(-1)?.revision ?? 0);
    }
    for (const watcher of table.watchers) watcher(event);
  }
}

export function tableId({group, plural}: Pick<Resource, 'group' | 'plural'>): string {
  return `${group}/${plural}`;
}
