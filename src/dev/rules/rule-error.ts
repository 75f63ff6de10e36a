import type {FieldError, Schema} from '../schema/schema.ts';
import {printValue} from '../schema/value-text.ts';
import type {ValidationRule} from './validation-rule.ts';

/** The path of the root: what Go prints for none. */
const NO_PATH = '<nil>';

/** How errors name a rule. */
export function ruleName(rule: ValidationRule): string {
  return (rule.message === '' ? rule.rule : rule.message).trim();
}

/** What is said where a rule does not hold and has no message. */
export function ruleMessage(rule: ValidationRule): string {
  return rule.message === '' ? `failed rule: ${ruleName(rule)}` : rule.message.trim();
}

/** An error of the rule itself: of the value only the type is shown. */
export function ruleFault(path: string, schema: Schema, text: string): FieldError {
  return {
    type: 'Invalid',
    field: path || NO_PATH,
    message: `Invalid value: ${JSON.stringify(schema.type ?? '')}: ${text}`,
  };
}

/** A rule that does not hold, with the `reason` it asks for. Objects and lists are not printed. */
export function ruleError(
  rule: ValidationRule,
  {path, schema, value, message}: {path: string; schema: Schema; value: unknown; message: string},
): FieldError {
  const field = path || NO_PATH;
  const isShown = schema.type !== 'object' && schema.type !== 'array';
  const shown = isShown ? `: ${printValue(value)}` : '';
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return {type: 'Forbidden', field, message: `Forbidden: ${message}`};
    case 'FieldValueRequired':
      return {type: 'Required', field, message: `Required value: ${message}`};
    case 'FieldValueDuplicate':
      return {type: 'Duplicate', field, message: `Duplicate value${shown}`};
    case undefined:
    default:
      return {type: 'Invalid', field, message: `Invalid value${shown}: ${message}`};
  }
}
