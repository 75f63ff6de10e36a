import {metaOf, withMeta} from '../apiserver/object-meta.ts';
import {invalidValue} from '../builtin/field-errors.ts';
import {objectIn, textIn, textsIn} from '../builtin/read-json.ts';
import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {selectorErrors} from './selector-attributes.ts';

/** The rules of a SubjectAccessReview, in the order of a kube-apiserver. */
export function subjectErrors(review: JsonObject): readonly FieldError[] {
  return [...specErrors(review, true), ...metadataErrors(review, 'must be empty')];
}

export function selfErrors(review: JsonObject): readonly FieldError[] {
  return [...specErrors(review, false), ...metadataErrors(review, 'must be empty')];
}

export function localErrors(review: JsonObject): readonly FieldError[] {
  const {namespace = ''} = metaOf(review);
  const spec = objectIn(review, 'spec');
  const {resourceAttributes: asked, nonResourceAttributes: path} = spec;
  const errors = [
    ...specErrors(review, true),
    ...metadataErrors(review, 'must be empty except for namespace', withMeta(review, {namespace: undefined})),
  ];
  if (isObject(asked) && textIn(asked, 'namespace') !== namespace) {
    const field = 'spec.resourceAttributes.namespace';
    errors.push(invalidValue(field, textIn(asked, 'namespace'), 'must match metadata.namespace'));
  }
  if (isObject(path)) {
    errors.push(invalidValue('spec.nonResourceAttributes', goPath(path), 'disallowed on this kind of request'));
  }
  return errors;
}

function specErrors(review: JsonObject, withSubject: boolean): readonly FieldError[] {
  const spec = objectIn(review, 'spec');
  const {resourceAttributes: asked, nonResourceAttributes: path} = spec;
  const errors: FieldError[] = [];
  if (isObject(asked) && isObject(path)) {
    const why = 'cannot be specified in combination with resourceAttributes';
    errors.push(invalidValue('spec.nonResourceAttributes', goPath(path), why));
  }
  if (!isObject(asked) && !isObject(path)) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(invalidValue('spec.resourceAttributes', null, why));
  }
  if (withSubject && textIn(spec, 'user') === '' && textsIn(spec, 'groups').length === 0) {
    errors.push(invalidValue('spec.user', '', 'at least one of user or group must be specified'));
  }
  return isObject(asked) ? [...errors, ...selectorErrors(asked, 'spec.resourceAttributes')] : errors;
}

/** The value is printed as the Go structure it was read into. */
function goPath(path: JsonObject): JsonObject {
  return {Path: textIn(path, 'path'), Verb: textIn(path, 'verb')};
}

function metadataErrors(review: JsonObject, why: string, judged: JsonObject = review): readonly FieldError[] {
  const {managedFields: _managers, ...meta} = metaOf(judged);
  const empty = Object.values(meta).every((value) => value === undefined || value === '');
  return empty ? [] : [invalidValue('metadata', metaOf(review), why)];
}
