import {listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {forbiddenField, invalidValue, required} from './field-errors.ts';
import {wrongLabelValue, wrongQualifiedName} from './name-rules.ts';
import {objectsIn, textIn, textMapIn, textsIn} from './read-json.ts';
import {validateLabels} from './validate-metadata.ts';

/** A `metav1.LabelSelector`. */
export function validateLabelSelector(selector: JsonObject, field: string): FieldError[] {
  return [
    ...validateLabels(textMapIn(selector, 'matchLabels'), `${field}.matchLabels`),
    ...objectsIn(selector, 'matchExpressions').flatMap((expression, at) =>
      validateRequirement(expression, `${field}.matchExpressions[${at}]`),
    ),
  ];
}

/** One `metav1.LabelSelectorRequirement`. */
export function validateRequirement(expression: JsonObject, field: string): FieldError[] {
  const key = textIn(expression, 'key');
  return [
    ...validateValues(expression, field),
    ...wrongQualifiedName(key).map((text) => invalidValue(`${field}.key`, key, text)),
    ...textsIn(expression, 'values').flatMap((value, at) =>
      wrongLabelValue(value).map((text) => invalidValue(`${field}.values[${at}]`, value, text)),
    ),
  ];
}

function validateValues(expression: JsonObject, field: string): FieldError[] {
  const operator = textIn(expression, 'operator');
  const hasValues = listAt(expression, 'values').length > 0;
  switch (operator) {
    case 'In':
    case 'NotIn':
      return hasValues ? [] : [required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist': {
      const text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return hasValues ? [forbiddenField(`${field}.values`, text)] : [];
    }
    default:
      return [invalidValue(`${field}.operator`, operator, 'not a valid selector operator')];
  }
}
