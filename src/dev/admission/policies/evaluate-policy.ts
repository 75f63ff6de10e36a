import {OBJECT_COST_LIMIT} from '../../../cel/limits.ts';
import {evaluateAll} from '../../expressions/evaluation.ts';
import {meetsConditions} from '../../expressions/match-conditions.ts';
import type {Variables} from '../../expressions/request-variables.ts';
import type {CompiledPolicy, Validation} from './compiled-policy.ts';

const MAX_MESSAGE_BYTES = 5 * 1024;

/** What a policy has against a request: the reason and code that go with it, and what is said. */
export interface Objection {
  readonly reason: string;
  readonly message: string;
  /** Denied whatever the binding wants: a failure of an audit annotation. */
  readonly always?: true;
}

/** Evaluates a policy, with one of its parameters among the variables. No objection: the request may pass. */
export function evaluatePolicy(policy: CompiledPolicy, variables: Variables): readonly Objection[] {
  const {composed} = policy;
  const failed = (message: string): readonly Objection[] =>
    policy.ignoreFailure ? [] : [{reason: 'Invalid', message}];
  const meets = meetsConditions(policy.matchConditions, variables);
  if (typeof meets !== 'boolean') return failed(meets.error);
  if (!meets) return [];
  const evaluation = evaluateAll(policy.programs, variables, {budget: OBJECT_COST_LIMIT, composed});
  if (!evaluation.ok) return failed(evaluation.error);
  const {results, budgetLeft} = evaluation;
  // Messages are needed only where something is refused; what they cost is theirs alone.
  const isRefused = results.some((result) => result?.error === undefined && result?.value !== true);
  const messages = isRefused ? evaluateAll(policy.messages, variables, {budget: budgetLeft, composed}) : undefined;
  const objections = results.flatMap((result, at): readonly Objection[] => {
    const validation = policy.validations[at];
    if (validation === undefined || result === undefined) return [];
    if (result.error !== undefined) return failed(result.error);
    if (messages?.ok === false) return failed(`failed messageExpression: ${messages.error}`);
    if (result.value === true) return [];
    const said = messages?.results[at];
    return [{reason: validation.reason, message: messageOf(validation, said?.error === undefined ? said?.value : '')}];
  });
  return [...objections, ...annotationFailures(policy, variables)];
}

/** What annotations say is nobody's here; that one can't be said counts as upstream. */
function annotationFailures(policy: CompiledPolicy, variables: Variables): readonly Objection[] {
  if (policy.annotations.length === 0 || policy.ignoreFailure) return [];
  const {annotations, composed} = policy;
  const evaluation = evaluateAll(annotations, variables, {budget: OBJECT_COST_LIMIT, composed});
  if (!evaluation.ok) return [{reason: 'Invalid', message: evaluation.error}];
  return evaluation.results.flatMap((result) =>
    result?.error === undefined ? [] : [{reason: 'Invalid', message: result.error, always: true as const}],
  );
}

/** What its expression says, else its message, else the rule itself. */
function messageOf({expression, message}: Validation, said: unknown): string {
  const text = typeof said === 'string' ? said.trim() : '';
  const isUsable = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= MAX_MESSAGE_BYTES;
  if (isUsable) return text;
  return message.trim() || `failed expression: ${expression.trim()}`;
}
