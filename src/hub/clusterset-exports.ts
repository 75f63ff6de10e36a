import type {MemberExport} from '../clusterset/member-export.ts';
import type {MergeResult} from '../clusterset/merged-import.ts';
import type {TraceStep} from '../clusterset/decision.ts';
import {merge, mergeTrace} from '../clusterset/merge.ts';
import {isTargeted} from '../clusterset/target-clusters.ts';
import {DecidedTypes, type TypeEvidence} from './decided-types.ts';

/** The cluster that an import is decided for. */
export interface Consumer {
  readonly id: string;
  /** FSM's long form, `region/zone/group/name`. */
  readonly key: string;
}

/** What the hub adds to the exports before they are merged, and to the result. */
export interface MergeRules {
  /** Its policies, upon all exports of one name. */
  readonly narrow: (exports: readonly MemberExport[]) => readonly MemberExport[];
  /** The type that the imports of the name have in the clusterset; undefined: there are none. */
  readonly typeOf: TypeEvidence;
  /** The same of one member. */
  readonly typeIn: (member: string) => TypeEvidence;
  /** False while the hub starts: then not every import was seen. */
  readonly areTypesKnown: () => boolean;
}

const NO_RULES: MergeRules = {
  narrow: (exports) => exports,
  typeOf: () => undefined,
  typeIn: () => () => undefined,
  areTypesKnown: () => false,
};

/**
 * All accepted exports of all members by `namespace/name`, and what the engine makes of them. Changes are announced
 * together, once per turn of the event loop: a list of a thousand exports is one announcement, one export waits for nothing.
 */
export class ClustersetExports {
  readonly #byKey = new Map<string, Map<string, MemberExport>>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #merged = new Map<string, MergeResult>();
  readonly #narrowed = new Map<string, readonly MemberExport[]>();
  readonly #types: DecidedTypes;
  /** Of those consumers that may import some exports of a name only, which may be of another type than all of them together. */
  readonly #typesOf = new Map<string, DecidedTypes>();
  readonly #onChange: (keys: ReadonlySet<string>) => void;
  readonly #rules: MergeRules;
  #changed = new Set<string>();

  constructor(onChange: (keys: ReadonlySet<string>) => void, rules: MergeRules = NO_RULES) {
    this.#onChange = onChange;
    this.#rules = rules;
    this.#types = new DecidedTypes(rules.typeOf, rules.areTypesKnown);
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

  /** As they were accepted, with what the hub's policies say of them. */
  of(key: string): readonly MemberExport[] {
    const known = this.#narrowed.get(key);
    if (known !== undefined) return known;
    const narrowed = this.#rules.narrow([...(this.#byKey.get(key)?.values() ?? [])]);
    if (this.#byKey.has(key)) this.#narrowed.set(key, narrowed);
    return narrowed;
  }

  set(cluster: string, key: string, next: MemberExport | undefined): void {
    const exporters = this.#byKey.get(key) ?? new Map<string, MemberExport>();
    if (next === undefined) exporters.delete(cluster);
    else exporters.set(cluster, next);
    this.#index(key, exporters);
    this.#noteChange(key);
  }

  /** What they are judged by has changed: all of them are decided, and announced, again. */
  reconsider(): void {
    for (const key of this.#byKey.keys()) this.#noteChange(key);
  }

  /** As {@link reconsider} for those who ask for all names again anyway: nothing is announced. */
  forgetDecisions(): void {
    this.#narrowed.clear();
    this.#merged.clear();
  }

  #noteChange(key: string): void {
    this.#narrowed.delete(key);
    this.#merged.delete(key);
    if (this.#changed.size === 0) setImmediate(() => this.#announce());
    this.#changed.add(key);
  }

  /** Of all exports of the name: the verdicts, which are the same whoever asks. */
  merged(key: string): MergeResult {
    const known = this.#merged.get(key);
    if (known !== undefined) return known;
    const result = this.#types.guard(key, merge(this.of(key)));
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
    if (exports.length === all.length && memories.length === 0) {
      this.#typesOf.get(consumer.id)?.forget(key);
      return {result: this.merged(key), exports};
    }
    const together = [...exports, ...memories];
    const types = this.#typesIn(consumer.id);
    return {result: types.guard(key, merge(together), this.merged(key).import?.type), exports: together};
  }

  /** How {@link merged} came about. */
  trace(key: string): readonly TraceStep[] {
    const type = this.#types.before(key);
    return mergeTrace(this.of(key), type === undefined ? undefined : {type, consumed: undefined});
  }

  /** A consumer left: should one of that name join some day, nothing was decided for it. */
  forgetConsumer(id: string): void {
    this.#typesOf.delete(id);
  }

  #typesIn(consumer: string): DecidedTypes {
    const {typeIn, areTypesKnown} = this.#rules;
    const types = this.#typesOf.get(consumer) ?? new DecidedTypes(typeIn(consumer), areTypesKnown);
    this.#typesOf.set(consumer, types);
    return types;
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
    // Also for a consumer that is cut off, and asks for nothing meanwhile.
    for (const key of changed) if (!this.#byKey.has(key)) this.#end(key);
    this.#onChange(changed);
  }

  #end(key: string): void {
    this.#types.end(key);
    for (const types of this.#typesOf.values()) types.end(key);
  }
}
