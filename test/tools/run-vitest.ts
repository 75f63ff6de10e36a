import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import type {FileCounts} from './counts.ts';

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
const SLOWEST = 10;

/** Runs vitest and counts, file by file; names what was skipped, and the slowest files. What no file failed of has the path `vitest`. */
export async function runVitest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly FileCounts[]> {
  const {code, report} = await withReport<Report>(
    (file) => ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
    env,
  );
  if (report === undefined) return [outsideOfFiles('it ended without a report')];
  const files = report.testResults.map(countFile);
  printSkipped(report);
  printSlowest(report);
  if (code === 0 || files.some(({failed}) => failed > 0)) return files;
  return [...files, outsideOfFiles(`it ended with ${code}, though no test failed: what it printed above says why`)];
}

function outsideOfFiles(why: string): FileCounts {
  return {path: 'vitest', passed: 0, failed: 1, skipped: 0, failures: [`vitest: ${why}`]};
}

function countFile({name, status, message, assertionResults}: FileReport): FileCounts {
  const path = pathOf(name);
  const failed = assertionResults.filter((each) => each.status === 'failed');
  const tests = failed.map(({fullName, failureMessages}) => `${path}: ${fullName}: ${firstLine(failureMessages?.[0])}`);
  // One whose preparation failed has no failed test, only skipped ones; one that could not be loaded has none at all.
  const whole = failed.length === 0 && status === 'failed' ? [`${path}: the whole file: ${firstLine(message)}`] : [];
  const failures = [...tests, ...whole];
  const passed = assertionResults.filter((each) => each.status === 'passed').length;
  return {path, passed, failed: failures.length, skipped: skippedIn(assertionResults).length, failures};
}

function skippedIn(results: FileReport['assertionResults']): FileReport['assertionResults'] {
  return results.filter(({status}) => status !== 'passed' && status !== 'failed');
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
