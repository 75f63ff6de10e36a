import type {Member} from './member.ts';

/** Members whose Cluster is gone or being deleted, as long as their connection still ends. */
export class RetiringMembers {
  readonly #ending = new Map<string, Promise<void>>();

  get names(): Iterable<string> {
    return this.#ending.keys();
  }

  /** Resolves when all that end now have let go. */
  get closed(): Promise<unknown> {
    return Promise.all(this.#ending.values());
  }

  /** Undefined: no member of that name is ending. Otherwise resolves when it has let go, so that another may begin to write. */
  of(name: string): Promise<void> | undefined {
    return this.#ending.get(name);
  }

  /** @param then - called when nothing of it is under way any more */
  retire(member: Member, then: () => void): void {
    const ended = member.retire().finally(() => {
      this.#ending.delete(member.id);
      then();
    });
    this.#ending.set(member.id, ended);
  }
}
