import {loadavg} from 'node:os';
import {parseArgs} from 'node:util';

import type {Reporter, TestCase} from 'vitest/node';
import {startVitest} from 'vitest/node';

import {chosenBackend} from '../testbed/backends.ts';

/**
 * The six steps of test/e2e/six-steps.test.ts once, for the exports of one group, on real API servers with the real kubectl: the
 * tests themselves, so that what is timed is what is proven. All of this process counts, from its start until everything that was
 * started has ended.
 */

const FILE = 'test/e2e/six-steps.test.ts';

/** Milliseconds since this process began, as `performance.now()` has them. */
interface Step {
  readonly title: string;
  readonly state: string;
  readonly startMs: number;
  readonly endMs: number;
}

interface Run {
  /** When Vitest began with the file. */
  readonly beganMs: number;
  readonly steps: readonly Step[];
  readonly endMs: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const {values} = parseArgs({
    args: [...args],
    options: {
      backend: {type: 'string', default: 'real'},
      group: {type: 'string', default: 'multicluster.x-k8s.io'},
    },
  });
  const {backend, group} = values;
  const missing = await chosenBackend({ISTHMUS_BACKEND: backend}).missing();
  if (missing !== undefined) throw new Error(missing);
  print(`backend: ${backend}; exports of ${group}; load average ${loadavg()[0]?.toFixed(2)}`);
  const {beganMs, steps, endMs} = await runSteps(backend, group);
  // A filter that no test answers to must not be a time of nothing.
  const [first] = steps;
  if (first === undefined) throw new Error(`there are no steps for exports of ${group}, or no kubectl`);
  line('Vitest starts', beganMs);
  line('four API servers start: a hub and three members', first.startMs - beganMs);
  for (const {title, state, startMs, endMs: stepEndMs} of steps)
    line(`${title}${state === 'passed' ? '' : ` (${state})`}`, stepEndMs - startMs);
  line('everything ends', endMs - (steps.at(-1)?.endMs ?? endMs));
  if (steps.some(({state}) => state === 'failed')) throw new Error('a step failed, see above: this is no figure');
  print(`six_steps ${(endMs / 1000).toFixed(1)} s`);
}

async function runSteps(backend: string, group: string): Promise<Run> {
  process.env['ISTHMUS_BACKEND'] = backend;
  const steps: Step[] = [];
  let beganMs = 0;
  const reporter: Reporter = {
    onTestModuleStart: () => {
      beganMs = performance.now();
    },
    onTestCaseResult: (testCase) => {
      const step = toStep(testCase);
      if (step !== undefined) steps.push(step);
    },
  };
  const vitest = await startVitest('test', [FILE], {
    project: 'e2e',
    watch: false,
    retry: 0,
    bail: 1,
    testNamePattern: `\\(${group.replaceAll('.', '\\.')}\\)`,
    reporters: [reporter],
  });
  await vitest.close();
  return {beganMs, steps: steps.toSorted((a, b) => a.startMs - b.startMs), endMs: performance.now()};
}

/** Undefined for a test that the filter left out, or that was never reached. */
function toStep(testCase: TestCase): Step | undefined {
  const diagnostic = testCase.diagnostic();
  if (diagnostic === undefined) return undefined;
  const startMs = diagnostic.startTime - performance.timeOrigin;
  const {state, errors = []} = testCase.result();
  for (const {message} of errors) print(`${testCase.name}: ${message}`);
  return {title: testCase.name, state, startMs, endMs: startMs + diagnostic.duration};
}

function line(what: string, tookMs: number): void {
  print(`${(tookMs / 1000).toFixed(1).padStart(6)} s  ${what}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
