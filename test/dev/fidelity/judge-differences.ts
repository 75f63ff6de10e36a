import type {Difference} from './compare-answers.ts';
import {KNOWN_DIFFERENCES} from './known-differences.ts';
import type {KnownDifference} from './known-differences.ts';

/** Holds what was found against what is known, over a whole run. */
export class DifferenceJudge {
  readonly #known: readonly {readonly difference: KnownDifference; readonly row: RegExp; readonly path: RegExp}[];
  readonly #used = new Set<KnownDifference>();
  #found = 0;
  #left = 0;

  constructor(known: readonly KnownDifference[] = KNOWN_DIFFERENCES) {
    this.#known = known.map((difference) => ({
      difference,
      row: pattern(difference.row),
      path: pattern(difference.path),
    }));
  }

  /** How many differences were found so far, known ones included. */
  get found(): number {
    return this.#found;
  }

  /** How many of them nobody knows of. */
  get left(): number {
    return this.#left;
  }

  /** @returns the differences that nobody knows of, one a line */
  unknown(row: string, differences: readonly Difference[]): readonly string[] {
    this.#found += differences.length;
    const told = differences.flatMap((difference) => {
      const known = this.#known.filter((one) => one.row.test(row) && one.path.test(difference.path));
      for (const one of known) this.#used.add(one.difference);
      return known.length > 0 ? [] : [lineOf(difference)];
    });
    this.#left += told.length;
    return told;
  }

  /** Known differences that did not occur: they are mended, or were never there. */
  unused(): readonly KnownDifference[] {
    return this.#known
      .map(({difference}) => difference)
      .filter((difference) => difference.sometimes !== true && !this.#used.has(difference));
  }
}

function pattern(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

function lineOf({path, real, embedded}: Difference): string {
  return `${path}: real ${printed(real)}, embedded ${printed(embedded)}`;
}

function printed(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 400);
}
