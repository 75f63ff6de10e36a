import type {Program} from '../../../cel/compile.ts';
import {BOOL, NULL, STRING} from '../../../cel/types.ts';
import type {CelType} from '../../../cel/types.ts';
import {nameOf, objectIn, objectsIn, textIn} from '../../builtin/read-json.ts';
import {compileExpression} from '../../expressions/compiled-expression.ts';
import type {Declared} from '../../expressions/environment.ts';
import {compileMatchConditions} from '../../expressions/match-conditions.ts';
import type {MatchConditions} from '../../expressions/match-conditions.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {matchCriteria} from './match-criteria.ts';
import type {MatchCriteria} from './match-criteria.ts';

export interface ParamKind {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface Validation {
  readonly expression: string;
  readonly message: string;
  readonly reason: string;
}

/** A ValidatingAdmissionPolicy, read and compiled once. */
export interface CompiledPolicy {
  readonly name: string;
  readonly criteria: MatchCriteria;
  readonly matchConditions: MatchConditions | undefined;
  readonly ignoreFailure: boolean;
  readonly paramKind: ParamKind | undefined;
  /** `variables` by name, in order: each may read those before it. */
  readonly composed: ReadonlyMap<string, Program>;
  readonly validations: readonly Validation[];
  readonly programs: readonly (Program | undefined)[];
  /** `messageExpression` of each validation. */
  readonly messages: readonly (Program | undefined)[];
  /** `valueExpression` of each audit annotation. */
  readonly annotations: readonly Program[];
}

export function compilePolicy(policy: JsonObject): CompiledPolicy {
  const spec = objectIn(policy, 'spec');
  const params = isObject(spec['paramKind']);
  const {composed, types} = composedVariables(spec, {params, authorizer: true});
  const declared: Declared = {params, authorizer: true, variables: types};
  const program = (source: string, returns: readonly CelType[], of = declared): Program | undefined => {
    const compiled = compileExpression(source, of, returns);
    // Nothing is stored that does not compile.
    return compiled.ok ? compiled.program : undefined;
  };
  const validations = objectsIn(spec, 'validations');
  const messageOf = (source: string): Program | undefined =>
    source === '' ? undefined : program(source, [STRING], {params, variables: types});
  return {
    name: nameOf(policy),
    criteria: matchCriteria(objectIn(spec, 'matchConstraints')),
    matchConditions: compileMatchConditions(spec, {params, authorizer: true}),
    ignoreFailure: textIn(spec, 'failurePolicy') === 'Ignore',
    paramKind: params ? paramKindOf(objectIn(spec, 'paramKind')) : undefined,
    composed,
    validations: validations.map((one) => ({
      expression: textIn(one, 'expression'),
      message: textIn(one, 'message'),
      reason: textIn(one, 'reason') || 'Invalid',
    })),
    programs: validations.map((one) => program(textIn(one, 'expression'), [BOOL])),
    messages: validations.map((one) => messageOf(textIn(one, 'messageExpression'))),
    annotations: objectsIn(spec, 'auditAnnotations').flatMap(
      (one) => program(textIn(one, 'valueExpression'), [STRING, NULL]) ?? [],
    ),
  };
}

function paramKindOf(kind: JsonObject): ParamKind {
  return {apiVersion: textIn(kind, 'apiVersion'), kind: textIn(kind, 'kind')};
}

/** The `variables` of a policy, each compiled with the types of those before it. */
export function composedVariables(
  spec: JsonObject,
  declared: Declared,
): {readonly composed: ReadonlyMap<string, Program>; readonly types: Readonly<Record<string, CelType>>} {
  const composed = new Map<string, Program>();
  const types: Record<string, CelType> = {};
  for (const variable of objectsIn(spec, 'variables')) {
    const name = textIn(variable, 'name');
    const compiled = compileExpression(textIn(variable, 'expression'), {...declared, variables: {...types}});
    if (!compiled.ok) continue;
    composed.set(name, compiled.program);
    types[name] = compiled.program.type;
  }
  return {composed, types};
}
