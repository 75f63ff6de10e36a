import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/**
 * Runs the tests and ends with `N passed, N failed, N skipped` alone on a line. `--long` adds the drills that need
 * minutes; `--real` runs what meets API servers on those of the testbed instead; everything else goes to vitest as it is.
 */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly {readonly status: string; readonly fullName: string}[];
  }[];
}

const given = process.argv.slice(2);
const long = given.includes('--long');
const real = given.includes('--real');
const selection = real
  ? ['--project=real', '--project=e2e', 'test/testbed', 'test/e2e/six-steps.test.ts']
  : ['--project=unit', '--project=integration', '--project=e2e'];
const folder = await mkdtemp(join(tmpdir(), 'isthmus-tests-'));
const reportFile = join(folder, 'report.json');
const vitest = spawn(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...selection,
    ...given.filter((argument) => argument !== '--long' && argument !== '--real'),
  ],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {...process.env, ...(long ? {ISTHMUS_LONG: '1'} : {}), ...(real ? {ISTHMUS_BACKEND: 'real'} : {})},
  },
);
const [code] = (await once(vitest, 'exit')) as [number | null];
const report = await readReport();
await rm(folder, {recursive: true, force: true});

if (report === undefined) {
  process.stdout.write('vitest ended without a report\n0 passed, 1 failed, 0 skipped\n');
  process.exitCode = 1;
} else {
  const skipped = report.testResults.flatMap((file) =>
    file.assertionResults.filter(({status}) => status !== 'passed' && status !== 'failed'),
  );
  for (const {fullName} of skipped) process.stdout.write(`skipped: ${fullName}\n`);
  // A file that could not even be loaded has no failed test of its own, and is a failure all the same.
  const failed = Math.max(report.numFailedTests, code === 0 ? 0 : 1);
  process.stdout.write(`${report.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function readReport(): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(reportFile, 'utf8')) as Report;
  } catch (error) {
    process.stderr.write(`no test report: ${String(error)}\n`);
    return undefined;
  }
}
