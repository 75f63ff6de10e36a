import type {ServiceImport} from '../api/kinds.ts';
import {pause} from '../kube/backoff.ts';
import type {Store} from '../kube/reflector.ts';
import type {Member} from './member.ts';
import {recallAges} from './recalled-ages.ts';
import {recallExports} from './recalled-exports.ts';

/**
 * The start of a hub, when it knows nothing: what it has not seen may be absent or may just not have been read. Until every
 * member was read, refused or found unreachable (or some time has passed) exports are only added. Then members' own imports
 * tell what was exported before, and what is missing now is judged like any deletion (design §5).
 */
export class Gathering {
  readonly #members: ReadonlyMap<string, Member>;
  #isOver = false;

  constructor(members: ReadonlyMap<string, Member>) {
    this.#members = members;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when it is no use to wait any longer: for so long, milliseconds, no further member was read. */
  async late(patienceMs: number, signal: AbortSignal): Promise<void> {
    for (let most = -1; !signal.aborted;) {
      const settled = [...this.#members.values()].filter(({isSettled}) => isSettled).length;
      if (settled <= most) return;
      most = settled;
      await pause(patienceMs, signal);
    }
  }

  /**
   * Called when a member was read or its state changed.
   *
   * @param isLate - it is no use to wait any longer
   * @returns true where the absence of something came to mean something: everything is to be compared again
   */
  review(isLate: boolean): boolean {
    const all = [...this.#members.values()];
    if (!this.#isOver && !isLate && all.some(({isSettled}) => !isSettled)) return false;
    this.#isOver = true;
    const fresh = all.filter(({isKnown, session}) => !isKnown && session?.watches.isSynced === true);
    if (fresh.length === 0) return false;
    const exporters = new Set(fresh.map(({id}) => id));
    const imports = this.#imports();
    const shows = (exporter: string, key: string): boolean => this.#shows(exporter, key);
    const remembered = recallExports({imports, exporters, shows});
    const ages = recallAges(objectsOf(imports.values()), exporters);
    for (const member of fresh) member.trustAbsence(remembered.get(member.id) ?? new Set(), ages.get(member.id));
    return true;
  }

  /** Of all members that were read. */
  #imports(): ReadonlyMap<string, Store<ServiceImport>> {
    return new Map(
      [...this.#members].flatMap(([id, {session}]) =>
        session?.watches.isSynced === true ? [[id, session.watches.imports.store] as const] : [],
      ),
    );
  }

  #shows(cluster: string, key: string): boolean {
    return this.#members.get(cluster)?.accepted.get(key)?.service !== undefined;
  }
}

function* objectsOf(stores: Iterable<Store<ServiceImport>>): IterableIterator<ServiceImport> {
  for (const store of stores) yield* store.values();
}
