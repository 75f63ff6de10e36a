import {validateMetadata} from '../../builtin/validate-metadata.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {FieldError} from '../../schema/schema.ts';
import {validate} from '../../schema/validate.ts';
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
  if (type.custom) errors.push(...validate(type.schema, object));
  // The rules of the kind read fields as their types, so they wait until those are right.
  if (errors.length === 0)
    errors.push(...(type.strategy.validate?.(object, old, strategyContext(context, call)) ?? []));
  if (errors.length > 0) throw invalid(type, metaOf(object).name ?? '', errors);
}

/** Definitions are served by the same machinery as custom kinds and share its laxer rule for finalizers: theirs has no slash. */
function metadataRules(type: ResourceType): ResourceType {
  return type.group === 'apiextensions.k8s.io' ? {...type, custom: true} : type;
}
