import {parseLabelSelector} from '../apiserver/read/label-selector.ts';
import {invalidValue, required} from '../builtin/field-errors.ts';
import {objectIn, objectsIn, textIn} from '../builtin/read-json.ts';
import {validateRequirement} from '../builtin/validate-label-selector.ts';
import {isObject, listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';

const NAMES = ['fieldSelector', 'labelSelector'] as const;
const KNOWN_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** The selectors of `resourceAttributes`: RBAC has no use for them, but what is wrong with them is said. */
export function selectorErrors(asked: JsonObject, path: string): readonly FieldError[] {
  return NAMES.flatMap((name) => {
    const selector = asked[name];
    return isObject(selector) ? errorsOf(selector, `${path}.${name}`) : [];
  });
}

function errorsOf(selector: JsonObject, path: string): readonly FieldError[] {
  const raw = textIn(selector, 'rawSelector');
  const requirements = objectsIn(selector, 'requirements');
  const errors: FieldError[] = [];
  if (raw !== '' && requirements.length > 0) {
    errors.push(invalidValue(`${path}.rawSelector`, raw, 'may not specified at the same time as requirements'));
  }
  if (raw === '' && requirements.length === 0) {
    errors.push(required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`));
  }
  // Operators that a newer client knows are let through: they are ignored below, which only asks for more.
  const checked = requirements.map((requirement, at) =>
    KNOWN_OPERATORS.includes(textIn(requirement, 'operator'))
      ? validateRequirement(requirement, `${path}.requirements[${at}]`)
      : [],
  );
  return [...errors, ...checked.flat()];
}

/** What could not be understood of the selectors; empty where nothing was lost. */
export function evaluationError(asked: JsonObject): string {
  return NAMES.flatMap((name) => {
    const {read, lost} = readSelector(objectIn(asked, name), name);
    if (lost === 0) return [];
    const how = read > 0 ? 'partially ignored' : 'ignored';
    return [`spec.resourceAttributes.${name} ${how} due to parse error`];
  }).join('; ');
}

function readSelector(selector: JsonObject, name: (typeof NAMES)[number]): {read: number; lost: number} {
  const requirements = objectsIn(selector, 'requirements');
  if (requirements.length > 0) {
    const read = requirements.filter((one) => understood(one, name)).length;
    return {read, lost: requirements.length - read};
  }
  const raw = textIn(selector, 'rawSelector');
  const whole = raw === '' || (name === 'labelSelector' ? isLabelSelector(raw) : isFieldSelector(raw));
  return {read: 0, lost: whole ? 0 : 1};
}

function understood(requirement: JsonObject, name: (typeof NAMES)[number]): boolean {
  const operator = textIn(requirement, 'operator');
  if (name === 'labelSelector') return KNOWN_OPERATORS.includes(operator);
  return (operator === 'In' || operator === 'NotIn') && listAt(requirement, 'values').length === 1;
}

function isLabelSelector(text: string): boolean {
  try {
    parseLabelSelector(text);
    return true;
  } catch {
    // Only whether it can be read is asked here.
    return false;
  }
}

function isFieldSelector(text: string): boolean {
  return text.split(',').every((part) => part === '' || /^[^=!]+(=|==|!=)[^=!]*$/.test(part));
}
