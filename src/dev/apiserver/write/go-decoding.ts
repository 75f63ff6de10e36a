import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {Schema} from '../../schema/schema.ts';
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
  if (wrong.message.includes('must be of type byte')) return {object: read, error: base64Error(wrong.message)};
  const {struct, field, wanted} = goFieldAt(type, wrong.field);
  return {
    object: read,
    error: `json: cannot unmarshal ${goNameOfJson(found)} into Go struct field ${struct}.${field} of type ${wanted}`,
  };
}

/** Of `spec.containers[0].name`: the struct that has the field, the path without indices and keys of maps, the type of the value. */
function goFieldAt(type: ResourceType, path: string): {struct: string; field: string; wanted: string} {
  let schema: Schema | undefined = type.schema;
  let struct = type.kind;
  const fields: string[] = [];
  for (const step of path.replaceAll(/\[\d+\]/g, '.[]').split('.')) {
    const member: Schema | undefined = step === '[]' ? schema?.items : schema?.properties?.[step];
    if (member !== undefined && step !== '[]') {
      struct = schema?.goStruct ?? struct;
      fields.push(step);
    }
    schema = member ?? (typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined);
  }
  return {struct, field: fields.join('.'), wanted: goTypeOf(schema, fields.at(-1))};
}

function goTypeOf(schema: Schema | undefined, field?: string): string {
  if (field === 'uid') return 'types.UID';
  if (schema?.type === 'array') return `[]${goTypeOf(schema.items)}`;
  if (schema?.goStruct !== undefined) return `v1.${schema.goStruct}`;
  if (schema?.type === 'object') {
    const values = schema.additionalProperties;
    return `map[string]${typeof values === 'object' ? goTypeOf(values) : 'interface {}'}`;
  }
  if (schema?.type === 'integer') return schema.format ?? 'int64';
  return schema?.type === 'boolean' ? 'bool' : 'string';
}

/** @param message - with the value in it, in quotes */
function base64Error(message: string): string {
  const value = /^Invalid value: "([^"]*)"/.exec(message)?.[1] ?? '';
  const at = value.search(/[^A-Za-z0-9+/]/);
  return `illegal base64 data at input byte ${at < 0 ? value.length : at}`;
}

/** Go knows one kind of number, and calls lists arrays. */
function goNameOfJson(found: string): string {
  if (found === 'integer') return 'number';
  return found === 'boolean' ? 'bool' : found;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(kept.map(([name, child]) => [name, withoutNulls(child)]));
}
