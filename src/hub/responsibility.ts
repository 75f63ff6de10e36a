/** Which members this replica has become responsible for, and which it is not any more. */
export class Responsibility {
  readonly #isResponsible: (name: string) => boolean;
  readonly #onGained: (name: string) => void;
  readonly #mine = new Set<string>();

  constructor(isResponsible: (name: string) => boolean, onGained: (name: string) => void) {
    this.#isResponsible = isResponsible;
    this.#onGained = onGained;
  }

  /** Who is responsible for these may be different. */
  review(names: Iterable<string>): void {
    for (const name of names) {
      const isMine = this.#isResponsible(name);
      if (isMine === this.#mine.has(name)) continue;
      if (isMine) this.#mine.add(name);
      else this.#mine.delete(name);
      if (isMine) this.#onGained(name);
    }
  }
}
