import {describeError} from '../../src/errors.ts';
import {breakBefore, type Spoiled} from './breaks.ts';
import {checkPolicy} from './check-policy.ts';
import {exportService} from './export-service.ts';
import {injectSidecar} from './inject-sidecar.ts';
import {loseThings} from './lose-things.ts';
import {registerMembers} from './register-members.ts';
import {resolveName} from './resolve-name.ts';
import type {StepContext} from './step-context.ts';

export interface Step {
  readonly number: number;
  readonly title: string;
  readonly run: (context: StepContext) => Promise<void>;
}

/** The path, in order; each step stands on what the ones before it left. */
export const STEPS: readonly Step[] = [
  {number: 1, title: 'clusters are registered, and become members on evidence', run: registerMembers},
  {number: 2, title: 'a Service is exported in one member and imported in all', run: exportService},
  {number: 3, title: 'its name resolves in every member', run: resolveName},
  {number: 4, title: 'a new pod gets a sidecar that routes it', run: injectSidecar},
  {number: 5, title: 'policy is checked on apply', run: checkPolicy},
  {number: 6, title: 'exports, clusters and latecomers: what goes, what stays, what catches up', run: loseThings},
];

export interface StepResult {
  readonly step: Step;
  readonly ok: boolean;
  readonly tookMs: number;
  readonly error?: string;
}

export interface TourOutput {
  readonly started: (step: Step) => void;
  readonly ended: (result: StepResult) => void;
}

/** Walks the steps and stops at the first that fails: what follows stands on it. */
export async function walk(
  context: StepContext,
  output: TourOutput,
  spoiled: Spoiled | undefined,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of STEPS) {
    const startedMs = performance.now();
    output.started(step);
    const error = await runStep(step, context, spoiled);
    const tookMs = performance.now() - startedMs;
    const result = {step, ok: error === undefined, tookMs, ...(error === undefined ? {} : {error})};
    results.push(result);
    output.ended(result);
    if (!result.ok) break;
  }
  return results;
}

async function runStep(step: Step, context: StepContext, spoiled: Spoiled | undefined): Promise<string | undefined> {
  try {
    await breakBefore(step.number, spoiled, context);
    await step.run(context);
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
