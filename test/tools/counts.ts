/** What tests came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of each test that failed, and of each file that failed as a whole, the file, the name and the first line of why. */
  readonly failures: readonly string[];
}

export interface FileCounts extends Counts {
  /** From the root of the project. */
  readonly path: string;
}

/** The path of what can't be laid to any file. */
export const NO_FILE = 'vitest';

export const NOTHING: Counts = {passed: 0, failed: 0, skipped: 0, failures: []};

export function sum(all: readonly Counts[]): Counts {
  return {
    passed: all.reduce((total, {passed}) => total + passed, 0),
    failed: all.reduce((total, {failed}) => total + failed, 0),
    skipped: all.reduce((total, {skipped}) => total + skipped, 0),
    failures: all.flatMap(({failures}) => failures),
  };
}

export function inWords({passed, failed, skipped}: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
