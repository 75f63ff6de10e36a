import {isObject, listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {invalidValue, required} from './field-errors.ts';
import {objectIn, objectsIn, textsIn} from './read-json.ts';
import {validateLabelSelector} from './validate-label-selector.ts';

/** The rules of a Role or ClusterRole: about resources or about paths, never about both. */
export function validatePolicyRules(role: JsonObject, namespaced: boolean): FieldError[] {
  return objectsIn(role, 'rules').flatMap((rule, at) => validateRule(rule, namespaced, `rules[${at}]`));
}

function validateRule(rule: JsonObject, namespaced: boolean, field: string): FieldError[] {
  const has = (list: string): boolean => listAt(rule, list).length > 0;
  const errors: FieldError[] = [];
  if (!has('verbs')) errors.push(required(`${field}.verbs`, 'verbs must contain at least one value'));
  if (has('nonResourceURLs')) {
    const wrong = (why: string): FieldError =>
      invalidValue(`${field}.nonResourceURLs`, textsIn(rule, 'nonResourceURLs'), why);
    if (namespaced) errors.push(wrong('namespaced rules cannot apply to non-resource URLs'));
    if (has('apiGroups') || has('resources') || has('resourceNames')) {
      errors.push(wrong('rules cannot apply to both regular resources and non-resource URLs'));
    }
    return errors;
  }
  if (!has('apiGroups'))
    errors.push(required(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
  if (!has('resources'))
    errors.push(required(`${field}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

export function validateAggregationRule(role: JsonObject): FieldError[] {
  if (!isObject(role['aggregationRule'])) return [];
  const field = 'aggregationRule.clusterRoleSelectors';
  const selectors = objectsIn(objectIn(role, 'aggregationRule'), 'clusterRoleSelectors');
  if (selectors.length === 0) {
    return [required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return selectors.flatMap((selector, at) => {
    const errors = validateLabelSelector(selector, `${field}[${at}]`);
    return errors.length === 0 ? [] : [...errors, invalidValue(`${field}[${at}]`, null, 'invalid label selector.')];
  });
}
