import type {JsonObject} from '../schema/json.ts';
import type {Schema} from '../schema/schema.ts';
import {objectsIn, textIn} from '../builtin/read-json.ts';

/** One entry of `x-kubernetes-validations`. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression: string;
  readonly reason: string | undefined;
  readonly fieldPath: string;
  readonly optionalOldSelf: boolean | undefined;
}

export function rulesOf(schema: Schema): readonly ValidationRule[] {
  return objectsIn(schema as JsonObject, 'x-kubernetes-validations').map((rule) => ({
    rule: textIn(rule, 'rule'),
    message: textIn(rule, 'message'),
    messageExpression: textIn(rule, 'messageExpression'),
    reason: typeof rule['reason'] === 'string' ? rule['reason'] : undefined,
    fieldPath: textIn(rule, 'fieldPath'),
    optionalOldSelf: typeof rule['optionalOldSelf'] === 'boolean' ? rule['optionalOldSelf'] : undefined,
  }));
}

/** A rule in an error: upstream prints its Go structure. */
export function shownRule(rule: ValidationRule): JsonObject {
  return {
    Rule: rule.rule,
    Message: rule.message,
    MessageExpression: rule.messageExpression,
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath,
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

/** Whether there is a rule at this schema or below; those within `allOf` alone don't count, as upstream. */
export function hasRules(schema: Schema): boolean {
  if ((schema['x-kubernetes-validations'] ?? []).length > 0) return true;
  const members = Object.values(schema.properties ?? {});
  if (schema.items !== undefined) members.push(schema.items);
  if (typeof schema.additionalProperties === 'object') members.push(schema.additionalProperties);
  return members.some(hasRules);
}
