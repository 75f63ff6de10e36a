import type {ImportType, ServiceImport} from '../../../src/api/kinds.ts';
import {serviceImports} from '../../../src/api/resources.ts';
import type {MergeResult} from '../../../src/clusterset/merged-import.ts';
import {isValid} from '../../../src/clusterset/merge.ts';
import {guardTypeFlip} from '../../../src/clusterset/type-flip.ts';
import type {Playground} from './playground.ts';
import type {Truth} from './truth.ts';

export const BOTH: ReadonlySet<ImportType> = new Set(['ClusterSetIP', 'Headless']);

/**
 * The one thing about an import that its history decides: an import that is there keeps its type, whatever exports say later
 * (`guardTypeFlip`). So the type that it had when everything was right last is the only one that it may have, as long as one cluster
 * exported it ever since; of one that is new, or whose last export may have been seen to go, any type that an export had meanwhile.
 */
export class AllowedTypes {
  readonly #world: Playground;
  readonly #keys: readonly string[];
  /** When everything was right last. */
  readonly #settled = new Map<string, ImportType>();
  /** Clusters that have exported it all the time since. */
  readonly #constant = new Map<string, ReadonlySet<string>>();
  readonly #seen = new Map<string, Set<ImportType>>();
  readonly #tampered = new Set<string>();

  constructor(world: Playground, keys: readonly string[]) {
    this.#world = world;
    this.#keys = keys;
  }

  /** @param isWhole - false: of a member that may not import all of the exports, whose import may be of another type */
  of(key: string, isWhole: boolean): ReadonlySet<ImportType> {
    const settled = this.#settled.get(key);
    if (settled !== undefined && isWhole) return new Set([settled]);
    const seen = this.#seen.get(key) ?? new Set<ImportType>();
    const all = settled === undefined ? seen : new Set([...seen, settled]);
    return all.size === 0 ? BOTH : all;
  }

  /** After each change by a user. */
  note({exports}: Truth): void {
    for (const key of this.#keys) {
      const valid = (exports.get(key) ?? []).filter(isValid);
      for (const {service} of valid) this.#see(key, service.headless ? 'Headless' : 'ClusterSetIP');
      const now = new Set(valid.map(({cluster}) => cluster));
      this.#keepConstant(key, (cluster) => now.has(cluster));
    }
  }

  /** The export of this cluster is not there for a moment. */
  noteGap(keys: Iterable<string>, cluster: string): void {
    for (const key of keys) this.#keepConstant(key, (each) => each !== cluster);
  }

  /** Somebody wrote another type into the import of one member. A hub that starts believes what most members hold. */
  noteTampering(key: string): void {
    this.#tampered.add(key);
    if (this.#world.hub === undefined) this.noteStart();
  }

  noteStart(): void {
    for (const key of this.#tampered) {
      this.#release(key);
      for (const type of BOTH) this.#see(key, type);
    }
  }

  /** Everything is right. */
  rest(truth: Truth): void {
    this.#tampered.clear();
    for (const key of this.#keys) {
      const {whole, limited} = typesIn(this.#world, truth, key);
      const [type] = whole;
      const before = this.of(key, false);
      this.#seen.delete(key);
      this.#settled.delete(key);
      if (type !== undefined) this.#settled.set(key, type);
      // What the hub has decided shows nowhere while every member may import a part only.
      else if (limited.size > 0) for (const each of before) this.#see(key, each);
      for (const each of limited) this.#see(key, each);
      const valid = (truth.exports.get(key) ?? []).filter(isValid);
      this.#constant.set(key, new Set(valid.map(({cluster}) => cluster)));
    }
    this.note(truth);
  }

  #see(key: string, type: ImportType): void {
    this.#seen.set(key, (this.#seen.get(key) ?? new Set()).add(type));
  }

  #keepConstant(key: string, isThere: (cluster: string) => boolean): void {
    const left = new Set([...(this.#constant.get(key) ?? [])].filter(isThere));
    this.#constant.set(key, left);
    if (left.size === 0) this.#release(key);
  }

  /** What it was, and what it will be, are both right. */
  #release(key: string): void {
    const settled = this.#settled.get(key);
    this.#settled.delete(key);
    if (settled !== undefined) this.#see(key, settled);
  }
}

/** The types that members hold of one import: those that may import all of the exports, and those that may not. */
export function typesIn(
  world: Playground,
  truth: Truth,
  key: string,
): {readonly whole: ReadonlySet<ImportType>; readonly limited: ReadonlySet<ImportType>} {
  const whole = new Set<ImportType>();
  const limited = new Set<ImportType>();
  for (const name of truth.registered) {
    const type = world.member(name).find<ServiceImport>(serviceImports, key)?.spec?.type;
    if (type !== undefined) (truth.mergedFor(key, name).isWhole ? whole : limited).add(type);
  }
  return {whole, limited};
}

/** What the engine says beside an import of that type: nobody tells the hub who uses it, so it counts as used. */
export function keepingType(result: MergeResult, type: ImportType): MergeResult {
  return guardTypeFlip(result, {type, consumed: undefined});
}
