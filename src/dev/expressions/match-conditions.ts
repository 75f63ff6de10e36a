import type {Program} from '../../cel/compile.ts';
import {BOOL} from '../../cel/types.ts';
import {objectsIn, textIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import {compileExpression} from './compiled-expression.ts';
import type {Declared} from './environment.ts';
import {evaluateAll} from './evaluation.ts';
import type {Variables} from './request-variables.ts';

/** The cost that all conditions of one webhook, or one binding, may have together; kube-apiserver's limit. */
const BUDGET = 2_500_000;

/** Conditions under which a webhook or policy is asked at all. */
export interface MatchConditions {
  readonly programs: readonly Program[];
  readonly ignoreFailure: boolean;
}

/** @returns undefined where there are none, so that nothing is to be evaluated */
export function compileMatchConditions(of: JsonObject, declared: Declared): MatchConditions | undefined {
  const programs = objectsIn(of, 'matchConditions').flatMap((condition) => {
    const compiled = compileExpression(textIn(condition, 'expression').trim(), declared, [BOOL]);
    // Nothing is stored that does not compile.
    return compiled.ok ? [compiled.program] : [];
  });
  return programs.length === 0 ? undefined : {programs, ignoreFailure: textIn(of, 'failurePolicy') === 'Ignore'};
}

/**
 * Whether all conditions hold. One that is false decides, whatever fails beside it.
 *
 * @returns the errors of those that failed where failures are not ignored
 */
export function meetsConditions(
  conditions: MatchConditions | undefined,
  variables: Variables,
): {readonly error: string} | boolean {
  if (conditions === undefined) return true;
  const {programs, ignoreFailure} = conditions;
  const evaluation = evaluateAll(programs, variables, {budget: BUDGET});
  if (!evaluation.ok) return ignoreFailure ? false : {error: evaluation.error};
  const errors: string[] = [];
  for (const result of evaluation.results) {
    if (result?.error !== undefined) errors.push(result.error);
    else if (result?.value === false) return false;
  }
  if (errors.length === 0) return true;
  return ignoreFailure ? false : {error: aggregate(errors)};
}

/** Several errors as Go prints them: each once, in brackets. */
function aggregate(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
}
