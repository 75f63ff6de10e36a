import {isObject} from './json.ts';
import type {JsonObject} from './json.ts';
import {memberSchema} from './schema.ts';
import type {FieldError, Schema} from './schema.ts';
import {printValue} from './value-text.ts';

/** Duplicates in lists that a schema calls sets (equal items) or maps (equal keys), at every depth. */
export function checkListKeys(schema: Schema, value: unknown, path: string): FieldError[] {
  if (Array.isArray(value)) return checkList(schema, value, path);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const member = memberSchema(schema, name);
    return member === undefined ? [] : checkListKeys(member, item, path === '' ? name : `${path}.${name}`);
  });
}

function checkList(schema: Schema, list: readonly unknown[], path: string): FieldError[] {
  const identity = identityOf(schema);
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, item] of list.entries()) {
    const at = `${path}[${i}]`;
    if (schema['x-kubernetes-list-type'] === 'map' && !isObject(item)) {
      const why = 'must be an object for an array of list-type map';
      errors.push({type: 'Invalid', field: at, message: `Invalid value: ${printValue(item)}: ${why}`});
      continue;
    }
    const printed = identity === undefined ? undefined : printValue(identity(item));
    if (printed !== undefined && seen.has(printed)) {
      errors.push({type: 'Duplicate', field: at, message: `Duplicate value: ${printed}`});
    }
    if (printed !== undefined) seen.add(printed);
    if (schema.items !== undefined) errors.push(...checkListKeys(schema.items, item, at));
  }
  return errors;
}

/** What makes two items the same one; undefined for atomic lists, whose items have no identity. */
function identityOf(schema: Schema): ((item: unknown) => unknown) | undefined {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return (item) => item;
    case 'map':
      return (item) => keysOf(schema['x-kubernetes-list-map-keys'] ?? [], item);
    case 'atomic':
    case undefined:
      return undefined;
  }
}

function keysOf(keys: readonly string[], item: unknown): JsonObject {
  if (!isObject(item)) return {};
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]));
}
