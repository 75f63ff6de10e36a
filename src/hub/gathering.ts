import type {ServiceImport} from '../api/kinds.ts';
import {isManagedByHub} from '../api/names.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import {pause} from '../kube/backoff.ts';
import type {Member} from './member.ts';
import {recallAges} from './recalled-ages.ts';
import {exportersOf, rememberExport} from './remembered-export.ts';

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
    const remembered = this.#remember(exporters);
    const ages = recallAges(this.#imports(), exporters);
    for (const member of fresh) member.trustAbsence(remembered.get(member.id) ?? new Map(), ages.get(member.id));
    return true;
  }

  /** What the imports in all members that were read say of these exporters, where they don't show it themselves. */
  #remember(exporters: ReadonlySet<string>): Map<string, Map<string, MemberExport>> {
    const remembered = new Map<string, Map<string, MemberExport>>();
    for (const {session} of this.#members.values()) {
      if (session?.watches.isSynced !== true) continue;
      for (const [key, object] of session.watches.imports.store.entries()) {
        if (!isManagedByHub(object)) continue;
        for (const cluster of exportersOf(object)) {
          if (!exporters.has(cluster) || this.#shows(cluster, key)) continue;
          const memories = remembered.get(cluster) ?? new Map<string, MemberExport>();
          remembered.set(cluster, memories.set(key, memories.get(key) ?? rememberExport(object, cluster)));
        }
      }
    }
    return remembered;
  }

  *#imports(): IterableIterator<ServiceImport> {
    for (const {session} of this.#members.values())
      if (session?.watches.isSynced === true) yield* session.watches.imports.store.values();
  }

  #shows(cluster: string, key: string): boolean {
    const member = this.#members.get(cluster);
    return member?.accepted.get(key) !== undefined || (member?.session?.watches.exportsOf(key).length ?? 0) > 0;
  }
}
