import type {MemberContext} from './member-context.ts';
import {observeImport} from './sync-import.ts';

/** So many are compared in one turn of the event loop. */
const AT_ONCE = 200;

/**
 * How far imports have come in a member that another replica of this hub writes to. Exporters are told of all members, also by a
 * replica that writes to few, so it is judged by what is there, never by who wrote it.
 */
export class ObservedDeliveries {
  readonly #context: MemberContext;
  readonly #isObserved: () => boolean;
  readonly #waiting = new Set<string>();
  #turn: NodeJS.Immediate | undefined;

  /** @param isObserved - false: this replica writes there itself, or nobody does */
  constructor(context: MemberContext, isObserved: () => boolean) {
    this.#context = context;
    this.#isObserved = isObserved;
  }

  /** Imports of these names, or what they should be, may be different. */
  note(keys: Iterable<string>): void {
    if (!this.#isObserved()) return;
    for (const key of keys) this.#waiting.add(key);
    if (this.#waiting.size > 0) this.#turn ??= setImmediate(() => this.#compare());
  }

  close(): void {
    this.#waiting.clear();
    clearImmediate(this.#turn);
  }

  #compare(): void {
    this.#turn = undefined;
    if (!this.#isObserved()) {
      this.#waiting.clear();
      return;
    }
    const {facts, ledger} = this.#context;
    let left = AT_ONCE;
    for (const key of this.#waiting) {
      if (left-- === 0) break;
      this.#waiting.delete(key);
      const isExported = facts.merged(key).verdicts.size > 0;
      ledger.set(key, isExported ? observeImport(this.#context, key) : undefined);
    }
    this.note([]);
  }
}
