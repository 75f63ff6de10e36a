import type {MemberExport} from '../clusterset/member-export.ts';
import type {MergeResult} from '../clusterset/merged-import.ts';
import {merge} from '../clusterset/merge.ts';
import {isTargeted} from '../clusterset/target-clusters.ts';

/** The cluster that an import is decided for. */
export interface Consumer {
  readonly id: string;
  /** FSM's long form, `region/zone/group/name`. */
  readonly key: string;
}

/**
 * All accepted exports of all members by `namespace/name`, and what the engine makes of them. Changes are announced
 * together, once per turn of the event loop: a list of a thousand exports is one announcement, one export waits for nothing.
 */
export class ClustersetExports {
  readonly #byKey = new Map<string, Map<string, MemberExport>>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #merged = new Map<string, MergeResult>();
  readonly #onChange: (keys: ReadonlySet<string>) => void;
  #changed = new Set<string>();

  constructor(onChange: (keys: ReadonlySet<string>) => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#byKey.size;
  }

  keys(): IterableIterator<string> {
    return this.#byKey.keys();
  }

  keysIn(namespace: string): Iterable<string> {
    return this.#byNamespace.get(namespace) ?? [];
  }

  of(key: string): readonly MemberExport[] {
    return [...(this.#byKey.get(key)?.values() ?? [])];
  }

  set(cluster: string, key: string, next: MemberExport | undefined): void {
    const exporters = this.#byKey.get(key) ?? new Map<string, MemberExport>();
    if (next === undefined) exporters.delete(cluster);
    else exporters.set(cluster, next);
    this.#index(key, exporters);
    this.#merged.delete(key);
    if (this.#changed.size === 0) setImmediate(() => this.#announce());
    this.#changed.add(key);
  }

  /** Of all exports of the name: the verdicts, which are the same whoever asks. */
  merged(key: string): MergeResult {
    const known = this.#merged.get(key);
    if (known !== undefined) return known;
    const result = merge(this.of(key));
    if (this.#byKey.has(key)) this.#merged.set(key, result);
    return result;
  }

  /**
   * Of the exports that this consumer may import.
   *
   * @param memories - exports of members that cannot be asked, as the consumer's own import remembers them
   */
  mergedFor(
    key: string,
    consumer: Consumer,
    memories: readonly MemberExport[],
  ): {readonly result: MergeResult; readonly exports: readonly MemberExport[]} {
    const all = this.of(key);
    const exports = all.filter((each) => isTargeted(each, consumer));
    if (exports.length === all.length && memories.length === 0) return {result: this.merged(key), exports};
    const together = [...exports, ...memories];
    return {result: merge(together), exports: together};
  }

  #index(key: string, exporters: Map<string, MemberExport>): void {
    const namespace = key.slice(0, key.indexOf('/'));
    const keys = this.#byNamespace.get(namespace) ?? new Set<string>();
    if (exporters.size === 0) {
      this.#byKey.delete(key);
      keys.delete(key);
    } else {
      this.#byKey.set(key, exporters);
      keys.add(key);
    }
    if (keys.size === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, keys);
  }

  #announce(): void {
    const changed = this.#changed;
    this.#changed = new Set();
    this.#onChange(changed);
  }
}
