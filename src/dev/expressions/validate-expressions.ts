import {BOOL} from '../../cel/types.ts';
import type {CelType} from '../../cel/types.ts';
import {duplicate, invalidValue, required, tooMany} from '../builtin/field-errors.ts';
import {wrongQualifiedName} from '../builtin/name-rules.ts';
import {objectsIn, textIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {compileExpression} from './compiled-expression.ts';
import type {Declared} from './environment.ts';

const MAX_CONDITIONS = 64;

/** Whether an expression compiles and gives what it has to. */
export function validateExpression(
  source: string,
  field: string,
  {declared, returns}: {readonly declared: Declared; readonly returns: readonly CelType[]},
): FieldError[] {
  const compiled = compileExpression(source, declared, returns);
  return compiled.ok ? [] : [invalidValue(field, source, compiled.error)];
}

/** `matchConditions` of a webhook or a policy. */
export function validateMatchConditions(of: JsonObject, field: string, declared: Declared): FieldError[] {
  const conditions = objectsIn(of, 'matchConditions');
  const seen = new Set<string>();
  const errors = conditions.length > MAX_CONDITIONS ? [tooMany(field, conditions.length, MAX_CONDITIONS)] : [];
  for (const [at, condition] of conditions.entries()) {
    const path = `${field}[${at}]`;
    const expression = textIn(condition, 'expression').trim();
    if (expression === '') errors.push(required(`${path}.expression`));
    else errors.push(...validateExpression(expression, `${path}.expression`, {declared, returns: [BOOL]}));
    const name = textIn(condition, 'name');
    if (name === '') errors.push(required(`${path}.name`));
    else errors.push(...wrongQualifiedName(name).map((text) => invalidValue(`${path}.name`, name, text)));
    if (name !== '' && seen.has(name)) errors.push(duplicate(`${path}.name`, name));
    seen.add(name);
  }
  return errors;
}
