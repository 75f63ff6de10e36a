import {required} from '../../builtin/field-errors.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {FieldError, Schema} from '../../schema/schema.ts';
import {validate} from '../../schema/validate.ts';

/** Deep enough for any real schema; a deeper one is refused by nobody and simply not looked at further. */
const MAX_DEPTH = 64;

/**
 * A structural schema says the type of every field, unless it takes anything or an int-or-string, and its defaults fit their types
 * (apiserver.md §8).
 */
export function structuralErrors(schema: JsonObject, path: string, depth = 0): FieldError[] {
  if (depth > MAX_DEPTH) return [];
  const errors = childrenOf(schema, path).flatMap(([at, child]) => structuralErrors(child, at, depth + 1));
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true;
  if (typeof schema['type'] !== 'string' && !open) {
    errors.push(required(`${path}.type`, 'must not be empty for specified object fields'));
  }
  if (schema['default'] !== undefined) errors.push(...defaultErrors(schema, path));
  return errors;
}

function defaultErrors(schema: JsonObject, path: string): FieldError[] {
  return validate(schema as Schema, schema['default']).map((error) => ({
    ...error,
    field: `${path}.default${error.field}`,
  }));
}

function childrenOf(schema: JsonObject, path: string): readonly (readonly [string, JsonObject])[] {
  const {properties, items, additionalProperties} = schema;
  const children: (readonly [string, unknown])[] = isObject(properties)
    ? Object.entries(properties).map(([name, child]) => [`${path}.properties[${name}]`, child] as const)
    : [];
  children.push([`${path}.items`, items], [`${path}.additionalProperties`, additionalProperties]);
  return children.filter((child): child is readonly [string, JsonObject] => isObject(child[1]));
}
