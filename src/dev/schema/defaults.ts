import {isObject, jsonClone, setMember} from './json.ts';
import type {JsonObject} from './json.ts';
import {memberSchema} from './schema.ts';
import type {Schema} from './schema.ts';

/**
 * Fills in the schema's defaults, at every depth, and inside what a default brought along. A null counts as missing where the field is
 * not nullable.
 *
 * @returns a copy; a second pass over it changes nothing
 */
export function applyDefaults(schema: Schema, object: JsonObject): JsonObject {
  return defaultObject(schema, object);
}

function defaultValue(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = schema.items;
    return items === undefined
      ? value
      : value.map((item) => defaultValue(items, isMissing(items, item) ? initial(items) : item));
  }
  return isObject(value) ? defaultObject(schema, value) : value;
}

function defaultObject(schema: Schema, object: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    const member = memberSchema(schema, name);
    if (member === undefined) setMember(result, name, value);
    else setMember(result, name, defaultValue(member, isMissing(member, value) ? initial(member) : value));
  }
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (member.default !== undefined && !Object.hasOwn(result, name)) {
      setMember(result, name, defaultValue(member, initial(member)));
    }
  }
  return result;
}

function isMissing(schema: Schema, value: unknown): boolean {
  return value === null && schema.default !== undefined && schema.nullable !== true;
}

function initial(schema: Schema): unknown {
  return jsonClone(schema.default);
}
