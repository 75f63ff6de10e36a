/**
 * Runs the tests and ends with `N passed, N failed, N skipped` alone on a line.
 *
 *   run-tests.ts [--real | --both] [--long] [what vitest takes]
 *
 * On embedded API servers by default. `--real`: the suites that meet API servers, on those of the testbed, and the testbed's own;
 * where its parts are missing they are counted as skipped, with what to do. `--both`: one after the other, one sum. `--long`: drills
 * at full length instead of on scaled periods.
 */
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import type {Counts, FileCounts} from './counts.ts';
import {inWords, NOTHING, sum} from './counts.ts';
import {countTests, runVitest} from './run-vitest.ts';
import {runWithSecondLook} from './second-look.ts';

const OWN = ['--real', '--both', '--long'];
const given = process.argv.slice(2);
const rest = given.filter((argument) => !OWN.includes(argument));
const flaky: string[] = [];
const env = given.includes('--long') ? {ISTHMUS_LONG: '1'} : {};

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A shared CI machine stalls for seconds at a time; there the whole run has a second look at the few files that failed. */
async function runSuites(projects: readonly string[], runEnv: NodeJS.ProcessEnv): Promise<Counts> {
  const run = (files: readonly string[]): Promise<readonly FileCounts[]> =>
    runVitest([...projects.map((name) => `--project=${name}`), ...rest, ...files], runEnv);
  if (process.env['CI'] !== 'true' || rest.length > 0) return sum(await run([]));
  const {files, flaky: unsteady} = await runWithSecondLook(run, say);
  flaky.push(...unsteady);
  return sum(files);
}

function onEmbedded(): Promise<Counts> {
  return runSuites(['unit', 'integration', 'e2e'], env);
}

async function onReal(): Promise<Counts> {
  const realEnv = {...env, ISTHMUS_BACKEND: 'real'};
  const suites = ['integration', 'e2e'];
  const missing = await missingForClusters();
  if (missing === undefined) return runSuites([...suites, 'real'], realEnv);
  const skipped = await countTests([...suites.map((name) => `--project=${name}`), ...rest], realEnv);
  say(`skipped: the ${skipped} tests of all suites on real API servers: ${missing}`);
  // Some of the testbed's own need other parts, which may be there.
  return sum([await runSuites(['real'], realEnv), {...NOTHING, skipped}]);
}

const runs = given.includes('--both')
  ? [
      {name: 'on embedded API servers', run: onEmbedded},
      {name: 'on real API servers', run: onReal},
    ]
  : [{name: '', run: given.includes('--real') ? onReal : onEmbedded}];
const all: Counts[] = [];
for (const {name, run} of runs) {
  const startedAt = performance.now();
  const counts = await run();
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  if (name !== '') say(`${name}: ${inWords(counts)} in ${seconds} s`);
  all.push(counts);
}
const whole = sum(all);
// Once more at the end: of a long run only that may be left to read.
for (const failure of flaky) say(`flaky, passed when run by itself: ${failure}`);
for (const failure of whole.failures) say(`failed: ${failure}`);
say(inWords(whole));
process.exitCode = whole.failed === 0 ? 0 : 1;
