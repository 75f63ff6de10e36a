import {lazyObject} from '../../cel/binding.ts';
import type {Outcome, Program} from '../../cel/compile.ts';
import type {CelValue} from '../../cel/values.ts';
import type {Variables} from './request-variables.ts';

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

export type Evaluated = {readonly value: CelValue; readonly error?: never} | {readonly error: string};

export type Evaluation =
  | {readonly ok: true; readonly results: readonly (Evaluated | undefined)[]; readonly budgetLeft: number}
  /** The budget ran out: nothing is known of any of them. */
  | {readonly ok: false; readonly error: string};

export interface EvaluationOptions {
  /** In cost units, for all expressions together, with the composed variables that they read. */
  readonly budget: number;
  /** Composed variables: each is evaluated when it is first read, and once. */
  readonly composed?: ReadonlyMap<string, Program>;
}

/**
 * Evaluates expressions about one request, one after another. An undefined program has an undefined result.
 */
export function evaluateAll(
  programs: readonly (Program | undefined)[],
  variables: Variables,
  {budget, composed = new Map<string, Program>()}: EvaluationOptions,
): Evaluation {
  let spentOnVariables = 0;
  const bindings: Record<string, unknown> = {...variables};
  const fields = [...composed].map(([name, program]): [string, () => Outcome] => [
    name,
    () => {
      const outcome = program.evaluate(bindings);
      spentOnVariables += outcome.cost;
      if (outcome.ok) return outcome;
      return {
        ...outcome,
        error: `composited variable ${JSON.stringify(name)} fails to evaluate: ${outcome.error}`,
        costExceeded: false,
      };
    },
  ]);
  bindings['variables'] = lazyObject(Object.fromEntries(fields));
  let budgetLeft = budget;
  const results: (Evaluated | undefined)[] = [];
  for (const program of programs) {
    if (program === undefined) {
      results.push(undefined);
      continue;
    }
    const outcome = program.evaluate(bindings);
    budgetLeft -= outcome.cost + spentOnVariables;
    spentOnVariables = 0;
    if (budgetLeft < 0) return {ok: false, error: OUT_OF_BUDGET};
    results.push(
      outcome.ok
        ? {value: outcome.value}
        : {error: `expression '${program.source}' resulted in error: ${outcome.error}`},
    );
  }
  return {ok: true, results, budgetLeft};
}
