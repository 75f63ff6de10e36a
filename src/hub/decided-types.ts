import type {ImportType} from '../api/kinds.ts';
import type {MergeResult} from '../clusterset/merged-import.ts';
import {guardTypeFlip} from '../clusterset/type-flip.ts';

/** What imports that exist say of the type that one name had. */
export interface TypeEvidence {
  /**
   * @param hasEnded - its export ended since those imports were made: they are leftovers, but for what they remember of exporters
   * that can't be asked
   */
  (key: string, hasEnded: boolean): ImportType | undefined;
}

/** So many names whose export ended are remembered, those of the longest ago are forgotten first. */
const MAX_ENDED = 10_000;

/**
 * The types that imports have, as this hub decided them: what somebody writes into an import later changes nothing. Of a name that it
 * has not decided yet the imports that exist are asked, because a hub before this one decided it. After an export ended they are not: an
 * import whose delete is still under way, or one in a member that is cut off, must not decide what the next export of the name becomes.
 */
export class DecidedTypes {
  readonly #types = new Map<string, ImportType>();
  readonly #ended = new Set<string>();
  readonly #evidence: TypeEvidence;
  readonly #areKnown: () => boolean;

  /** @param areKnown - false while the hub starts: then not every import was seen, and nothing is decided for good */
  constructor(evidence: TypeEvidence, areKnown: () => boolean) {
    this.#evidence = evidence;
    this.#areKnown = areKnown;
  }

  /** The type that the import has; undefined: there is none, or none that says anything. */
  before(key: string): ImportType | undefined {
    return this.#types.get(key) ?? this.#evidence(key, this.#ended.has(key));
  }

  /**
   * The result under the guard, and what it decides is remembered.
   *
   * @param elsewhere - the type that the import has in the rest of the clusterset. Where the exports say the same, an import of another
   * type that was not decided here is more likely edited than in use
   */
  guard(key: string, result: MergeResult, elsewhere?: ImportType): MergeResult {
    if (result.import === undefined) {
      this.end(key);
      return result;
    }
    const isLikeOthers = elsewhere === result.import.type && !this.#types.has(key);
    const type = isLikeOthers ? elsewhere : this.before(key);
    // Nobody tells the hub who uses an import, and what isn't known is not unused.
    const guarded = guardTypeFlip(result, type === undefined ? undefined : {type, consumed: undefined});
    if (guarded.import !== undefined && this.#areKnown()) {
      this.#types.set(key, guarded.import.type);
      this.#ended.delete(key);
    }
    return guarded;
  }

  /** No export of the name is left, of those that can be asked. */
  end(key: string): void {
    if (this.#ended.has(key)) return;
    // It goes on as long as imports remember an exporter that can't be asked.
    if (this.#evidence(key, true) !== undefined) return;
    const wasDecided = this.#types.delete(key);
    // A name that has no import at all needs no memory that it has none.
    if (!this.#areKnown() || (!wasDecided && this.#evidence(key, false) === undefined)) return;
    this.#ended.add(key);
    if (this.#ended.size > MAX_ENDED) for (const oldest of this.#ended) return void this.#ended.delete(oldest);
  }

  /** It is decided elsewhere from now on. */
  forget(key: string): void {
    this.#types.delete(key);
    this.#ended.delete(key);
  }
}
