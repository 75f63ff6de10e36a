import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicate, forbiddenField, invalidValue, notSupported, required} from './field-errors.ts';
import {wrongPathSegment, wrongSubdomain} from './name-rules.ts';
import {objectIn, textIn, textsIn} from './read-json.ts';
import {validateLabelSelector} from './validate-label-selector.ts';
import {validateMatchResources} from './validate-match-resources.ts';

const ACTIONS = ['Audit', 'Deny', 'Warn'];

/** The rules of a ValidatingAdmissionPolicyBinding. */
export function validatePolicyBinding(binding: JsonObject): FieldError[] {
  const spec = objectIn(binding, 'spec');
  const {paramRef, matchResources} = spec;
  const policyName = textIn(spec, 'policyName');
  const errors: FieldError[] = [];
  if (policyName === '') errors.push(required('spec.policyName'));
  else errors.push(...wrongSubdomain(policyName).map((text) => invalidValue('spec.policyName', policyName, text)));
  if (isObject(paramRef)) errors.push(...paramRefErrors(paramRef, 'spec.paramRef'));
  if (isObject(matchResources)) errors.push(...validateMatchResources(matchResources, 'spec.matchResources'));
  return [...errors, ...actionErrors(textsIn(spec, 'validationActions'), 'spec.validationActions')];
}

function paramRefErrors(ref: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const name = textIn(ref, 'name');
  const {selector} = ref;
  const exclusive = 'name and selector are mutually exclusive';
  errors.push(...(name === '' ? [] : wrongPathSegment(name)).map((text) => invalidValue(`${field}.name`, name, text)));
  if (name !== '' && isObject(selector)) errors.push(forbiddenField(`${field}.name`, exclusive));
  if (isObject(selector)) errors.push(...validateLabelSelector(selector, `${field}.selector`));
  if (name !== '' && isObject(selector)) errors.push(forbiddenField(`${field}.selector`, exclusive));
  if (name === '' && !isObject(selector)) errors.push(required(field, 'one of name or selector must be specified'));
  const action = textIn(ref, 'parameterNotFoundAction');
  if (action === '') errors.push(required(`${field}.parameterNotFoundAction`));
  else if (action !== 'Deny' && action !== 'Allow') {
    errors.push(notSupported(`${field}.parameterNotFoundAction`, action, ['Deny', 'Allow']));
  }
  return errors;
}

function actionErrors(actions: readonly string[], field: string): FieldError[] {
  const seen = new Set<string>();
  const errors = actions.flatMap((action, at) => {
    const wrong = ACTIONS.includes(action) ? [] : [notSupported(`${field}[${at}]`, action, ACTIONS)];
    if (seen.has(action)) wrong.push(duplicate(`${field}[${at}]`, action));
    seen.add(action);
    return wrong;
  });
  if (seen.has('Deny') && seen.has('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.push(invalidValue(field, actions, why));
  }
  if (seen.size === 0) errors.push(required(field, 'at least one validation action is required'));
  return errors;
}
