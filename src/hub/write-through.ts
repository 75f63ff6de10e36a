/**
 * What was just written, until the watch brings it back. Without it a reconcile right after a write would see the state
 * before: it would write again, or create what it has just deleted the uid of.
 *
 * An entry ends with the first change that the watch reports for its key, whichever that is: at worst one more write follows,
 * and it changes nothing. It ends with a list too: of an object that was written and deleted before it, no watch ever tells.
 */
export class WriteThrough<T> {
  readonly #written = new Map<string, T | undefined>();
  /** Keys with a write under way, and whether the watch reported a change since it began. */
  readonly #open = new Map<string, {changed: boolean}>();

  /** The newest state known: `stored` unless something newer was written. */
  resolve(key: string, stored: T | undefined): T | undefined {
    return this.#written.has(key) ? this.#written.get(key) : stored;
  }

  /** The watch reported a change of this key. */
  noteChange(key: string): void {
    this.#written.delete(key);
    const open = this.#open.get(key);
    if (open !== undefined) open.changed = true;
  }

  /** Everything was listed. @returns what was believed until now and has to be looked at again */
  noteList(): readonly (readonly [string, T | undefined])[] {
    const believed = [...this.#written];
    this.#written.clear();
    return believed;
  }

  /**
   * Runs a write and remembers its outcome, unless the watch was faster: then the store knows as much or more.
   *
   * @param write - resolves with the new state; undefined for a deletion
   */
  async run(key: string, write: () => Promise<T | undefined>): Promise<T | undefined> {
    const mark = {changed: false};
    this.#open.set(key, mark);
    try {
      const result = await write();
      if (!mark.changed) this.#written.set(key, result);
      return result;
    } finally {
      if (this.#open.get(key) === mark) this.#open.delete(key);
    }
  }
}
