import type {FileCounts} from './counts.ts';
import {NO_FILE} from './counts.ts';

/** More than these failing at once is no accident of the machine. */
const MOST_FILES = 3;

/** Runs these files, all where none is given. */
export type RunFiles = (files: readonly string[]) => Promise<readonly FileCounts[]>;

export interface TwoLooks {
  readonly files: readonly FileCounts[];
  /** Failures of the first run that the second did not have: flaws of tests, to be mended, told apart from what failed twice. */
  readonly flaky: readonly string[];
}

/**
 * Runs all, and the few files that failed once more by themselves, each from its beginning: a retry of vitest has the clusters as
 * the failed try left them, and hooks have none. What the second run says counts; a file that it does not tell about counts as before.
 */
export async function runWithSecondLook(run: RunFiles, say: (line: string) => void): Promise<TwoLooks> {
  const first = await run([]);
  const failed = first.filter((file) => file.failed > 0);
  const isHopeless = failed.length > MOST_FILES || failed.some(({path}) => path === NO_FILE);
  if (failed.length === 0 || isHopeless) return {files: first, flaky: []};
  say(`failed, and run again by themselves: ${failed.map(({path}) => path).join(', ')}`);
  const second = await run(failed.map(({path}) => path));
  const again = new Map(second.map((file) => [file.path, file]));
  const files = first.map((file) => (file.failed > 0 ? (again.get(file.path) ?? file) : file));
  const isMended = ({path}: FileCounts): boolean => again.get(path)?.failed === 0;
  return {
    files: [...files, ...second.filter(({path}) => path === NO_FILE)],
    flaky: failed.filter(isMended).flatMap(({failures}) => failures),
  };
}
