import type {Logger} from 'pino';
import type {StoreChange} from '../kube/reflector.ts';
import type {AcceptedExports, GuardSituation} from './accepted-exports.ts';
import type {ExportAges} from './export-ages.ts';
import type {ExportSource, KeptExport} from './kept-export.ts';
import type {MemberIdentity} from './member-identity.ts';
import type {MemberWatches} from './member-watches.ts';
import {observeExport} from './observe-export.ts';
import {SliceReader, type SourceRules} from './slice-reader.ts';

export interface ExportIntakeOptions {
  readonly cluster: string;
  readonly ownNamespace: string;
  readonly accepted: AcceptedExports;
  readonly ages: ExportAges;
  readonly identity: MemberIdentity;
  readonly guard: () => GuardSituation;
  readonly sourceRules: () => SourceRules;
  readonly absenceTrusted: () => boolean;
  /** After something was taken in. */
  readonly onSettled: () => void;
  /** It could not be made sure who is speaking; what changed is kept and taken in later. */
  readonly onFailure: (error: unknown) => void;
  readonly logger: Logger;
}

/**
 * Takes what the watches of a member show into its accepted exports: names that changed in one turn of the event loop
 * together, and only once it is sure that it is still the same cluster that speaks.
 */
export class ExportIntake {
  readonly #options: ExportIntakeOptions;
  readonly #watches: MemberWatches;
  readonly #signal: AbortSignal;
  readonly #slices: SliceReader;
  #changed = new Set<string>();
  #scheduled = false;

  constructor(options: ExportIntakeOptions, watches: MemberWatches, signal: AbortSignal) {
    this.#options = options;
    this.#watches = watches;
    this.#signal = signal;
    this.#slices = new SliceReader(options.cluster, options.sourceRules);
  }

  /** Something waits to be taken in. */
  get isBusy(): boolean {
    return this.#scheduled || this.#changed.size > 0;
  }

  /** Export objects of one source changed: fixes the ages of new ones. */
  takeExports(source: ExportSource, changes: readonly StoreChange<KeptExport>[]): void {
    const {ages} = this.#options;
    const status = this.#watches.exports.get(source)?.status();
    const isList = status?.state === 'Listing';
    // A change by watch came after the last list, which therefore lacked it.
    if (!isList && status?.lastListAtMs !== undefined) ages.noteList(source.id, status.lastListAtMs);
    for (const {current} of changes) if (current !== undefined) ages.noteAppeared(current);
    if (isList && status.lastListAtMs !== undefined) ages.noteList(source.id, status.lastListAtMs);
    this.note(changes.map(({key}) => key));
  }

  note(keys: Iterable<string>): void {
    for (const key of keys) this.#changed.add(key);
    this.#schedule();
  }

  /** Takes in what is still waiting, and judges again what is held back. */
  review(): void {
    if (this.#changed.size > 0 || this.#options.accepted.held !== undefined) this.#schedule();
  }

  /** Everything that is there or was accepted. */
  noteAll(): void {
    this.#noteLists();
    for (const {metadata} of this.#watches.allExports()) this.#changed.add(`${metadata.namespace}/${metadata.name}`);
    this.note(this.#options.accepted.keys());
  }

  /** A list that changed nothing is announced to nobody, and is a list all the same. */
  #noteLists(): void {
    for (const [{id}, reflector] of this.#watches.exports) {
      const {state, lastListAtMs} = reflector.status();
      if (state !== 'Listing' && lastListAtMs !== undefined) this.#options.ages.noteList(id, lastListAtMs);
    }
  }

  noteNamespaces(names: ReadonlySet<string>): void {
    const keys = [...this.#options.accepted.keys()];
    this.note(keys.filter((key) => names.has(key.slice(0, key.indexOf('/')))));
  }

  #schedule(): void {
    if (this.#scheduled || this.#signal.aborted) return;
    this.#scheduled = true;
    setImmediate(() => void this.#settle());
  }

  async #settle(): Promise<void> {
    try {
      await this.#options.identity.ensure(this.#signal);
      if (!this.#signal.aborted) this.#takeIn();
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      this.#scheduled = false;
    }
    // What came while the identity was being asked for.
    if (this.#options.identity.isVerified && this.#changed.size > 0) this.#schedule();
  }

  #takeIn(): void {
    const {accepted, cluster, ages, ownNamespace, guard, absenceTrusted, onSettled} = this.#options;
    const changed = this.#changed;
    this.#changed = new Set();
    const slices = this.#slices;
    const observer = {cluster, watches: this.#watches, ages, slices, ownNamespace, absenceTrusted: absenceTrusted()};
    accepted.settle(changed, (key) => observeExport(observer, key), guard());
    onSettled();
  }
}
