import {BOOL, NULL, STRING} from '../../cel/types.ts';
import {compileExpression} from '../expressions/compiled-expression.ts';
import type {Declared} from '../expressions/environment.ts';
import {validateExpression, validateMatchConditions} from '../expressions/validate-expressions.ts';
import {isObject, listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicate, invalidValue, notSupported, required} from './field-errors.ts';
import {wrongDns1035Label, wrongQualifiedName, wrongSubdomain} from './name-rules.ts';
import {nameOf, objectIn, objectsIn, textIn} from './read-json.ts';
import {validateMatchResources} from './validate-match-resources.ts';

const FAILURE_POLICIES = ['Fail', 'Ignore'];
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const LINE_BREAK = /[\n\r]/;
const MAX_ANNOTATIONS = 20;
const MAX_ANNOTATION_BYTES = 5 * 1024;
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return ' +
    'var void while'
  ).split(' '),
);

/** The rules of a ValidatingAdmissionPolicy. */
export function validatePolicy(policy: JsonObject): FieldError[] {
  const spec = objectIn(policy, 'spec');
  const hasParams = isObject(spec['paramKind']);
  const errors: FieldError[] = [];
  const failurePolicy = textIn(spec, 'failurePolicy');
  if (!FAILURE_POLICIES.includes(failurePolicy)) {
    errors.push(notSupported('spec.failurePolicy', failurePolicy, FAILURE_POLICIES));
  }
  if (hasParams) errors.push(...paramKindErrors(objectIn(spec, 'paramKind'), 'spec.paramKind'));
  const constraints = spec['matchConstraints'];
  if (!isObject(constraints)) errors.push(required('spec.matchConstraints'));
  else {
    errors.push(...validateMatchResources(constraints, 'spec.matchConstraints'));
    if (listAt(constraints, 'resourceRules').length === 0) errors.push(required('spec.matchConstraints.resourceRules'));
  }
  const declared: Declared = {params: hasParams, authorizer: true};
  errors.push(...validateMatchConditions(spec, 'spec.matchConditions', declared));
  const variables = variableErrors(spec, declared);
  errors.push(...variables.errors);
  const composed = objectsIn(spec, 'variables').length === 0 ? declared : {...declared, variables: variables.types};
  return [...errors, ...outcomeErrors(policy, spec, composed)];
}

function paramKindErrors(kind: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const apiVersion = textIn(kind, 'apiVersion');
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  if (apiVersion === '') errors.push(required(`${field}.apiVersion`));
  else if (apiVersion.split('/').length > 2) {
    errors.push(invalidValue(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  } else if (version === undefined || version === '') {
    errors.push(invalidValue(`${field}.apiVersion`, apiVersion, 'version must be specified'));
  } else {
    const wrong = (value: string, texts: readonly string[]): void => {
      if (texts.length > 0) errors.push(invalidValue(`${field}.apiVersion`, value, texts.join(',')));
    };
    if (group !== undefined && group !== '') wrong(group, wrongSubdomain(group));
    wrong(version, wrongDns1035Label(version));
  }
  const name = textIn(kind, 'kind');
  if (name === '') errors.push(required(`${field}.kind`));
  else {
    const texts = wrongDns1035Label(name.toLowerCase());
    const why = `may have mixed case, but should otherwise match: ${texts.join(',')}`;
    if (texts.length > 0) errors.push(invalidValue(`${field}.kind`, name, why));
  }
  return errors;
}

/** Each variable is compiled with the types of those before it. */
function variableErrors(
  spec: JsonObject,
  declared: Declared,
): {readonly errors: readonly FieldError[]; readonly types: NonNullable<Declared['variables']>} {
  const errors: FieldError[] = [];
  let types: NonNullable<Declared['variables']> = {};
  for (const [at, variable] of objectsIn(spec, 'variables').entries()) {
    const field = `spec.variables[${at}]`;
    const name = textIn(variable, 'name');
    const expression = textIn(variable, 'expression');
    if (name.trim() === '') errors.push(required(`${field}.name`, 'name is not specified'));
    else if (!IDENTIFIER.test(name) || RESERVED.has(name)) {
      errors.push(invalidValue(`${field}.name`, name, 'must be a valid CEL identifier'));
    }
    if (expression.trim() === '') {
      errors.push(required(`${field}.expression`, 'expression is not specified'));
      continue;
    }
    const compiled = compileExpression(expression, {...declared, variables: types});
    if (compiled.ok) types = {...types, [name]: compiled.program.type};
    else errors.push(invalidValue(`${field}.expression`, expression, compiled.error));
  }
  return {errors, types};
}

function outcomeErrors(policy: JsonObject, spec: JsonObject, declared: Declared): FieldError[] {
  const validations = objectsIn(spec, 'validations');
  const annotations = objectsIn(spec, 'auditAnnotations');
  if (validations.length === 0 && annotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    return [required('spec.validations', why), required('spec.auditAnnotations', why)];
  }
  const errors = validations.flatMap((one, at) => validationErrors(one, `spec.validations[${at}]`, declared));
  if (annotations.length > MAX_ANNOTATIONS) {
    const why = `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`;
    errors.push(invalidValue('spec.auditAnnotations', annotations, why));
  }
  const seen = new Set<string>();
  for (const [at, annotation] of annotations.entries()) {
    const field = `spec.auditAnnotations[${at}]`;
    errors.push(...annotationErrors(annotation, {field, policy: nameOf(policy), declared}));
    const key = textIn(annotation, 'key');
    if (seen.has(key)) errors.push(duplicate(`${field}.key`, key));
    seen.add(key);
  }
  return errors;
}

function validationErrors(validation: JsonObject, field: string, declared: Declared): FieldError[] {
  const errors: FieldError[] = [];
  const expression = textIn(validation, 'expression');
  if (expression.trim() === '') errors.push(required(`${field}.expression`, 'expression is not specified'));
  else errors.push(...validateExpression(expression, `${field}.expression`, {declared, returns: [BOOL]}));
  const said = textIn(validation, 'messageExpression');
  if (said !== '' && said.trim() === '') {
    errors.push(invalidValue(`${field}.messageExpression`, said, 'must be non-empty if specified'));
  } else if (said !== '') {
    // Who may do what is no matter of a message.
    const {authorizer: _, ...rest} = declared;
    errors.push(...validateExpression(said, `${field}.messageExpression`, {declared: rest, returns: [STRING]}));
  }
  const message = textIn(validation, 'message');
  if (message !== '' && message.trim() === '') {
    errors.push(invalidValue(`${field}.message`, message, 'must be non-empty if specified'));
  } else if (LINE_BREAK.test(message.trim())) {
    errors.push(invalidValue(`${field}.message`, message, 'must not contain line breaks'));
  }
  const reason = validation['reason'];
  if (typeof reason === 'string' && !REASONS.includes(reason)) {
    errors.push(notSupported(`${field}.reason`, reason, REASONS));
  }
  return errors;
}

function annotationErrors(
  annotation: JsonObject,
  {field, policy, declared}: {readonly field: string; readonly policy: string; readonly declared: Declared},
): FieldError[] {
  const key = `${policy}/${textIn(annotation, 'key')}`;
  const errors = wrongQualifiedName(key).map((text) => invalidValue(`${field}.key`, key, text));
  const expression = textIn(annotation, 'valueExpression');
  const path = `${field}.valueExpression`;
  if (expression.trim() === '') errors.push(required(path, 'valueExpression is not specified'));
  else if (Buffer.byteLength(expression.trim()) > MAX_ANNOTATION_BYTES) {
    errors.push(required(path, `must not exceed ${MAX_ANNOTATION_BYTES} bytes in length`));
  } else {
    const compiled = compileExpression(expression.trim(), declared, [STRING, NULL]);
    if (!compiled.ok) errors.push(invalidValue(path, expression, compiled.error));
  }
  return errors;
}
