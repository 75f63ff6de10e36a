import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {validate} from '../../schema/validate.ts';
import type {ResourceType} from '../resource-type.ts';
import {decodeTimes} from './go-times.ts';

/**
 * Built-in kinds are decoded into Go structs, not checked against a schema: a null is the field's absence, a value of another type
 * cannot be read at all, and what is required is said by the kind's own rules.
 */
export function decodeAsGo(type: ResourceType, object: JsonObject): {object: JsonObject; error: string | undefined} {
  const times = decodeTimes(type.schema, withoutNulls(object));
  const read = times.value as JsonObject;
  if (times.error !== undefined) return {object: read, error: times.error};
  const wrong = validate(type.schema, read).find((error) => error.type === 'TypeInvalid');
  if (wrong === undefined) return {object: read, error: undefined};
  const found = /^Invalid value: "?([a-z]+)/.exec(wrong.message)?.[1] ?? 'value';
  const wanted = /must be of type (\w+)/.exec(wrong.message)?.[1] ?? 'another type';
  const field = wrong.field.replaceAll(/\[[^\]]*\]/g, '');
  return {
    object: read,
    error: `json: cannot unmarshal ${found} into Go struct field ${type.kind}.${field} of type ${wanted}`,
  };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(kept.map(([name, child]) => [name, withoutNulls(child)]));
}
