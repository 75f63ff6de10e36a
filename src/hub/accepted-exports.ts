import {isDeepStrictEqual} from 'node:util';
import type {ReadSlice} from '../clusterset/intake/read-slices.ts';
import type {DeletionCandidate, DeletionInput, GuardState, HeldBack} from '../clusterset/mass-deletion.ts';
import {judgeDeletions, noFalls} from '../clusterset/mass-deletion.ts';
import type {MemberExport} from '../clusterset/member-export.ts';

/** What a member shows of one exported name at this moment. */
export type Observation =
  /** Not known: never listed, or its Service is still being asked for. What was accepted before stays. */
  | {readonly state: 'Unknown'}
  | {
      readonly state: 'Seen';
      readonly export: MemberExport;
      /** Absent: it isn't known which there are. Those that were accepted before stay. */
      readonly slices?: readonly ReadSlice[];
    }
  | {readonly state: 'Absent'; readonly serviceGone: boolean; readonly namespaceGone: boolean};

export interface AcceptedExportsOptions {
  /** Called with each name whose accepted export is another one now. */
  readonly onChange: (key: string, accepted: MemberExport | undefined) => void;
  /** Called with each name whose accepted slices are others now. */
  readonly onSlices?: (key: string) => void;
  readonly nowMs: () => number;
}

/** Outside of the lists that say whether deletions are meant (design §5). */
export interface GuardSituation {
  /** The Cluster is being deleted or drained. */
  readonly clusterLeaving: boolean;
  readonly confirmedAtMs: number | undefined;
  /** See `DeletionInput`. */
  readonly decider?: DeletionInput['decider'];
}

/**
 * The exports of one member that count, by `namespace/name`. They follow what is observed, except that a mass of deletions
 * which looks like a fault is held back: a lost list must not take imports away from consumers (design §5).
 */
export class AcceptedExports {
  readonly #accepted = new Map<string, MemberExport>();
  readonly #slices = new Map<string, readonly ReadSlice[]>();
  /** Exported before this hub started, and not seen by it. What they said only the imports of their consumers tell. */
  readonly #remembered = new Set<string>();
  /** Accepted as exporting, but not observed so any more, with what is observed instead. */
  readonly #missing = new Map<string, Observation>();
  readonly #options: AcceptedExportsOptions;
  #guard: GuardState = noFalls;
  #sliceCount = 0;

  constructor(options: AcceptedExportsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#accepted.size;
  }

  get held(): HeldBack | undefined {
    return this.#guard.held;
  }

  get(key: string): MemberExport | undefined {
    return this.#accepted.get(key);
  }

  /** Its source slices; undefined: not known, which is so for exports that are only remembered. */
  slicesOf(key: string): readonly ReadSlice[] | undefined {
    return this.#slices.get(key);
  }

  /** All of them together. */
  get sliceCount(): number {
    return this.#sliceCount;
  }

  /** Of all that count, remembered ones included. */
  *keys(): IterableIterator<string> {
    yield* this.#accepted.keys();
    for (const key of this.#remembered) if (!this.#accepted.has(key)) yield key;
  }

  /**
   * True where the export is only known to have been there before this hub started, and its deletion is still to be judged or is
   * held back: what consumers have of it stays as it is, and nobody gets it who has not.
   */
  remembers(key: string): boolean {
    return this.#remembered.has(key);
  }

  /** What this hub, or the one before it, held back: it goes on being held, with its first date, until it was observed. */
  restoreHeld(held: HeldBack): void {
    this.#guard = {...this.#guard, held};
    for (const key of held.keys) {
      this.#remembered.add(key);
      this.#missing.set(key, {state: 'Unknown'});
    }
  }

  /** It was exported before this hub started: the next observation of the name judges whether it is deleted. */
  remember(key: string): void {
    if (this.#accepted.get(key)?.service === undefined) this.#remembered.add(key);
  }

  /** It counts as no older than that. */
  raiseAge(key: string, createdAtMs: number): void {
    const accepted = this.#accepted.get(key);
    if (accepted !== undefined && accepted.createdAtMs < createdAtMs) this.#replace(key, {...accepted, createdAtMs});
  }

  /** Takes in what is observed now of these names, then judges everything that is missing. */
  settle(keys: Iterable<string>, observe: (key: string) => Observation, situation: GuardSituation): void {
    for (const key of keys) this.#take(key, observe(key));
    // What makes a deletion credible (its Service went too) may arrive after the deletion itself.
    for (const key of this.#missing.keys()) this.#take(key, observe(key));
    if (this.#missing.size > 0 || this.#guard.held !== undefined) this.#judge(situation);
  }

  /** Ends all of them: the Cluster is gone. */
  clear(): void {
    const keys = [...this.keys()];
    this.#missing.clear();
    this.#guard = noFalls;
    for (const key of keys) this.#accept(key, undefined);
  }

  #take(key: string, seen: Observation): void {
    if (seen.state === 'Unknown') {
      // It may be back: until it is known nothing lets it go.
      if (this.#missing.has(key)) this.#missing.set(key, seen);
      return;
    }
    const wasThere = this.#remembered.has(key) || this.#accepted.get(key)?.service !== undefined;
    const exports = seen.state === 'Seen' && seen.export.service !== undefined;
    if (wasThere && !exports) {
      this.#missing.set(key, seen);
      return;
    }
    this.#missing.delete(key);
    this.#accept(key, seen);
  }

  #accept(key: string, seen: Observation | undefined): void {
    const isSeen = seen?.state === 'Seen';
    // Slices first: whoever hears of the export finds them.
    if (!isSeen || seen.slices !== undefined) this.#replaceSlices(key, isSeen ? seen.slices : undefined);
    const next = isSeen ? seen.export : undefined;
    const wasRemembered = this.#remembered.delete(key);
    if (!this.#replace(key, next) && wasRemembered) this.#options.onChange(key, next);
  }

  #replaceSlices(key: string, next: readonly ReadSlice[] | undefined): void {
    const before = this.#slices.get(key);
    if (before === next || isDeepStrictEqual(before, next)) return;
    if (next === undefined) this.#slices.delete(key);
    else this.#slices.set(key, next);
    this.#sliceCount += (next?.length ?? 0) - (before?.length ?? 0);
    this.#options.onSlices?.(key);
  }

  /** @returns false where it is the same as before */
  #replace(key: string, next: MemberExport | undefined): boolean {
    if (isDeepStrictEqual(this.#accepted.get(key), next)) return false;
    if (next === undefined) this.#accepted.delete(key);
    else this.#accepted.set(key, next);
    this.#options.onChange(key, next);
    return true;
  }

  #judge(situation: GuardSituation): void {
    const before = new Set(this.#remembered);
    for (const [key, {service}] of this.#accepted) if (service !== undefined) before.add(key);
    const missing = [...this.#missing].map(([key, seen]) => toCandidate(key, seen));
    const verdict = judgeDeletions({
      state: this.#guard,
      before,
      missing,
      nowMs: this.#options.nowMs(),
      ...situation,
    });
    this.#guard = verdict.state;
    for (const key of verdict.released) {
      const seen = this.#missing.get(key);
      this.#missing.delete(key);
      this.#accept(key, seen);
    }
  }
}

/** An export whose Service alone went is no deletion that something else confirms: a lost list of Services looks like it. */
function toCandidate(key: string, seen: Observation): DeletionCandidate {
  if (seen.state === 'Unknown') return {key, serviceGone: false, namespaceGone: false, unknown: true};
  if (seen.state === 'Seen') return {key, serviceGone: false, namespaceGone: false};
  return {key, serviceGone: seen.serviceGone, namespaceGone: seen.namespaceGone};
}
