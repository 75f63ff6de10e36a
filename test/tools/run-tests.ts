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
import type {Counts} from './run-vitest.ts';
import {countTests, runVitest} from './run-vitest.ts';

const NOTHING: Counts = {passed: 0, failed: 0, skipped: 0, failures: []};
const OWN = ['--real', '--both', '--long'];
const given = process.argv.slice(2);
const rest = given.filter((argument) => !OWN.includes(argument));
const env = given.includes('--long') ? {ISTHMUS_LONG: '1'} : {};

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

function onEmbedded(): Promise<Counts> {
  return runVitest(['--project=unit', '--project=integration', '--project=e2e', ...rest], env);
}

async function onReal(): Promise<Counts> {
  const realEnv = {...env, ISTHMUS_BACKEND: 'real'};
  const suites = ['--project=integration', '--project=e2e'];
  const missing = await missingForClusters();
  if (missing === undefined) return runVitest([...suites, '--project=real', ...rest], realEnv);
  const skipped = await countTests([...suites, ...rest], realEnv);
  say(`skipped: the ${skipped} tests of all suites on real API servers: ${missing}`);
  // Some of the testbed's own need other parts, which may be there.
  return add(await runVitest(['--project=real', ...rest], realEnv), {...NOTHING, skipped});
}

const runs = given.includes('--both')
  ? [
      {name: 'on embedded API servers', run: onEmbedded},
      {name: 'on real API servers', run: onReal},
    ]
  : [{name: '', run: given.includes('--real') ? onReal : onEmbedded}];
let sum = NOTHING;
for (const {name, run} of runs) {
  const startedAt = performance.now();
  const counts = await run();
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  if (name !== '') say(`${name}: ${describe(counts)} in ${seconds} s`);
  sum = add(sum, counts);
}
// Once more at the end: of a long run only that may be left to read.
for (const failure of sum.failures) say(`failed: ${failure}`);
say(describe(sum));
process.exitCode = sum.failed === 0 ? 0 : 1;

function describe({passed, failed, skipped}: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
