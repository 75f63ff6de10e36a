import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import type {FileCounts} from './counts.ts';
import {NO_FILE} from './counts.ts';
import {STRAY_ERRORS_FILE, type StrayError} from './stray-errors-reporter.ts';

interface Report {
  readonly testResults: readonly FileReport[];
}

interface FileReport {
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
}

const VITEST = 'node_modules/vitest/vitest.mjs';
const STRAY_REPORTER = '--reporter=./test/tools/stray-errors-reporter.ts';
const SLOWEST = 10;
const DID_NOT_END = 'it did not end: the process that ran it died';

/**
 * Runs vitest and counts, file by file; names what was skipped, and the slowest files. What can't be laid to any file has the path
 * {@link NO_FILE}.
 */
export async function runVitest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly FileCounts[]> {
  const {code, report, stray} = await withReport<Report>(
    (file) => ['run', '--reporter=default', '--reporter=json', STRAY_REPORTER, `--outputFile.json=${file}`, ...args],
    env,
  );
  if (report === undefined) return [ofNoFile('it ended without a report')];
  printSkipped(report);
  printSlowest(report);
  const files = withStray(report.testResults.map(countFile), stray);
  if (code === 0 || files.some(({failed}) => failed > 0)) return files;
  return [...files, ofNoFile(`it ended with ${code}, though nothing failed: what it printed above says why`)];
}

function ofNoFile(why: string): FileCounts {
  return {path: NO_FILE, passed: 0, failed: 1, skipped: 0, failures: [`${NO_FILE}: ${why}`]};
}

/** Each is a failure of its file. A process that died has none: that is the one whose tests did not end. */
function withStray(files: readonly FileCounts[], stray: readonly StrayError[]): readonly FileCounts[] {
  const known = files.map((file) => {
    const own = stray.filter(({path}) => path !== undefined && pathOf(path) === file.path);
    const failures = own.map(({message}) => `${file.path}: outside of its tests: ${firstLine(message)}`);
    return {...file, failed: file.failed + own.length, failures: [...file.failures, ...failures]};
  });
  if (files.some(({failures}) => failures.some((line) => line.endsWith(DID_NOT_END)))) return known;
  const rest = stray.filter(({path}) => path === undefined || !files.some((file) => file.path === pathOf(path)));
  return [...known, ...rest.map(({message}) => ofNoFile(firstLine(message)))];
}

function countFile({name, status, message, assertionResults}: FileReport): FileCounts {
  const path = pathOf(name);
  const failed = assertionResults.filter((each) => each.status === 'failed');
  const tests = failed.map(({fullName, failureMessages}) => `${path}: ${fullName}: ${firstLine(failureMessages?.[0])}`);
  // One whose preparation failed has no failed test, only skipped ones; one that could not be loaded has none at all.
  const whole = failed.length === 0 && status === 'failed' ? [`${path}: the whole file: ${firstLine(message)}`] : [];
  const lost = assertionResults.filter((each) => each.status === 'pending');
  const failures = [...tests, ...whole, ...lost.map(({fullName}) => `${path}: ${fullName}: ${DID_NOT_END}`)];
  const passed = assertionResults.filter((each) => each.status === 'passed').length;
  return {path, passed, failed: failures.length, skipped: skippedIn(assertionResults).length, failures};
}

function skippedIn(results: FileReport['assertionResults']): FileReport['assertionResults'] {
  return results.filter(({status}) => status === 'skipped' || status === 'todo');
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

function printSkipped({testResults}: Report): void {
  for (const {fullName} of testResults.flatMap((file) => skippedIn(file.assertionResults))) {
    process.stdout.write(`skipped: ${fullName}\n`);
  }
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
): Promise<{code: number | null; report: T | undefined; stray: readonly StrayError[]}> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-tests-'));
  const file = join(folder, 'report.json');
  const strayFile = join(folder, 'stray.json');
  const vitest = spawn(process.execPath, [VITEST, ...command(file)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {...process.env, ...env, [STRAY_ERRORS_FILE]: strayFile},
  });
  const [code] = (await once(vitest, 'exit')) as [number | null];
  try {
    const report = JSON.parse(await readFile(file, 'utf8')) as T;
    // Only a run writes it, not a listing.
    const stray = existsSync(strayFile) ? (JSON.parse(await readFile(strayFile, 'utf8')) as readonly StrayError[]) : [];
    return {code, report, stray};
  } catch (error) {
    process.stderr.write(`no test report: ${String(error)}\n`);
    return {code, report: undefined, stray: []};
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}
