import {validateMetadata} from '../../builtin/validate-metadata.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {FieldError} from '../../schema/schema.ts';
import {validate, validateField, validateUpdate} from '../../schema/validate.ts';
import {checkRules} from '../../rules/check-rules.ts';
import {ruleTree} from '../../rules/rule-tree.ts';
import {invalid} from '../api-error.ts';
import {metaOf} from '../object-meta.ts';
import type {ResourceType} from '../resource-type.ts';
import {strategyContext} from './write-call.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

/**
 * Everything that is checked of a whole object: the rules of metadata, the schema, the kind's own.
 *
 * @throws ApiError 422 with a cause for each error
 */
export function checkValid(
  context: WriteContext,
  call: WriteCall,
  object: JsonObject,
  old: JsonObject | undefined,
): void {
  const {type} = call;
  const errors: FieldError[] = [...validateMetadata(object, old, metadataRules(type))];
  if (type.custom) {
    errors.push(...schemaErrors(call, object, old));
    errors.push(...ruleErrors(call, {object, old}, errors));
  }
  // The rules of the kind read fields as their types, so they wait until those are right.
  if (errors.length === 0)
    errors.push(...(type.strategy.validate?.(object, old, strategyContext(context, call)) ?? []));
  if (errors.length > 0) throw invalid(type, metaOf(object).name ?? '', errors);
}

function schemaErrors({type, subresource}: WriteCall, object: JsonObject, old: JsonObject | undefined): FieldError[] {
  if (subresource !== 'status') {
    return old === undefined ? validate(type.schema, object) : validateUpdate(type.schema, object, old);
  }
  const {status} = object;
  return status === undefined ? [] : validateField(type.schema, 'status', {value: status, old: old?.['status']});
}

/** Rules may rely on a valid object: they run on no other, and the server says so. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set([
  'NotSupported',
  'Required',
  'TooLong',
  'TooMany',
  'TypeInvalid',
]);
const NOT_CHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

function ruleErrors(
  {type, warn}: WriteCall,
  write: {readonly object: JsonObject; readonly old: JsonObject | undefined},
  errors: readonly FieldError[],
): FieldError[] {
  const tree = ruleTree(type.schema);
  if (tree === undefined) return [];
  if (!errors.some((error) => BLOCKING.has(error.type))) return checkRules(tree, write, warn);
  return [{type: 'Invalid', field: '<nil>', message: `Invalid value: null: ${NOT_CHECKED}`}];
}

/** Definitions are served by the same machinery as custom kinds and share its laxer rule for finalizers: theirs has no slash. */
function metadataRules(type: ResourceType): ResourceType {
  return type.group === 'apiextensions.k8s.io' ? {...type, custom: true} : type;
}
