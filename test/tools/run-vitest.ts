import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of each test that failed, and of each file that failed as a whole, its name and the first line of why. */
  readonly failures: readonly string[];
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why the file failed as a whole; empty: it didn't. */
    readonly message: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

const VITEST = 'node_modules/vitest/vitest.mjs';
const SLOWEST = 10;

/** Runs vitest and counts; names what was skipped, and the slowest files. A run without a report is one failure. */
export async function runVitest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Counts> {
  const {code, report} = await withReport<Report>(
    (file) => ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
    env,
  );
  if (report === undefined) {
    process.stdout.write('vitest ended without a report\n');
    return {passed: 0, failed: 1, skipped: 0, failures: ['vitest ended without a report']};
  }
  const skipped = report.testResults.flatMap((file) =>
    file.assertionResults.filter(({status}) => status !== 'passed' && status !== 'failed'),
  );
  for (const {fullName} of skipped) process.stdout.write(`skipped: ${fullName}\n`);
  printSlowest(report);
  // A file that could not even be loaded has no failed test of its own, and is a failure all the same.
  const failed = Math.max(report.numFailedTests, code === 0 ? 0 : 1);
  return {passed: report.numPassedTests, failed, skipped: skipped.length, failures: failuresIn(report)};
}

function failuresIn({testResults}: Report): readonly string[] {
  return testResults.flatMap(({name, status, message, assertionResults}) => {
    const failed = assertionResults.filter((each) => each.status === 'failed');
    const tests = failed.map(({fullName, failureMessages}) => `${fullName}: ${firstLine(failureMessages?.[0])}`);
    // One whose preparation failed has no failed test, only skipped ones.
    const whole = failed.length === 0 && status === 'failed' ? [`the whole file: ${firstLine(message)}`] : [];
    return [...tests, ...whole].map((line) => `${pathOf(name)}: ${line}`);
  });
}

function firstLine(text = ''): string {
  return text.trim().split('\n', 1)[0] ?? '';
}

function pathOf(name: string): string {
  return name.slice(name.indexOf('/test/') + 1);
}

/** How many tests would run. */
export async function countTests(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const {report} = await withReport<readonly object[]>((file) => ['list', `--json=${file}`, ...args], env);
  if (report === undefined) throw new Error('vitest could not list the tests');
  return report.length;
}

function printSlowest({testResults}: Report): void {
  const files = testResults.map(({name, startTime, endTime}) => ({name, tookMs: endTime - startTime}));
  for (const {name, tookMs} of files.toSorted((a, b) => b.tookMs - a.tookMs).slice(0, SLOWEST)) {
    process.stdout.write(`${(tookMs / 1000).toFixed(1).padStart(7)} s  ${pathOf(name)}\n`);
  }
}

async function withReport<T>(
  command: (reportFile: string) => readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{code: number | null; report: T | undefined}> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-tests-'));
  const file = join(folder, 'report.json');
  const vitest = spawn(process.execPath, [VITEST, ...command(file)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {...process.env, ...env},
  });
  const [code] = (await once(vitest, 'exit')) as [number | null];
  try {
    return {code, report: JSON.parse(await readFile(file, 'utf8')) as T};
  } catch (error) {
    process.stderr.write(`no test report: ${String(error)}\n`);
    return {code, report: undefined};
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}
