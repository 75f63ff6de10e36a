import {isObject, setMember} from './json.ts';
import type {JsonObject} from './json.ts';
import {withTypeAndMeta} from './object-meta.ts';
import {anySchema, memberSchema} from './schema.ts';
import type {Schema} from './schema.ts';

/**
 * What the API server keeps of a decoded body: declared fields only (CRD "preserveUnknownFields: false"), without the nulls of fields that
 * are neither nullable nor defaulted. Built-in kinds also lose empty lists and maps, as Go's `omitempty` does.
 *
 * @returns a copy, and the paths of the unknown fields as a warning names them (`spec.ports[0].bar`), sorted
 */
export function prune(schema: Schema, object: JsonObject): {object: JsonObject; unknown: string[]} {
  const walk: Walk = {unknown: [], dropEmpty: schema.goType === true};
  const pruned = pruneObject(withTypeAndMeta(schema), object, '', walk);
  return {object: pruned, unknown: walk.unknown.sort()};
}

interface Walk {
  readonly unknown: string[];
  readonly dropEmpty: boolean;
}

function pruneValue(schema: Schema, value: unknown, path: string, walk: Walk): unknown {
  if (Array.isArray(value)) {
    const items = schema.items ?? (isOpen(schema) ? anySchema : undefined);
    return items === undefined ? value : value.map((item, i) => pruneValue(items, item, `${path}[${i}]`, walk));
  }
  if (!isObject(value)) return value;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  return pruneObject(isEmbedded ? withTypeAndMeta(schema) : schema, value, path, walk);
}

function pruneObject(schema: Schema, object: JsonObject, path: string, walk: Walk): JsonObject {
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    const at = path === '' ? name : `${path}.${name}`;
    const member = memberSchema(schema, name);
    if (member === undefined) {
      if (isOpen(schema)) setMember(kept, name, value);
      else walk.unknown.push(at);
    } else if (!vanishes(member, value)) {
      const pruned = pruneValue(member, value, at, walk);
      const isRequired = schema.required?.includes(name) === true;
      if (!(walk.dropEmpty && !isRequired && isOmitted(member, pruned))) setMember(kept, name, pruned);
    }
  }
  return kept;
}

function isOpen(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

function vanishes(schema: Schema, value: unknown): boolean {
  return value === null && schema.nullable !== true && schema.default === undefined && schema !== anySchema;
}

/** Go's `omitempty` leaves out empty lists and maps; a pointer to an empty struct (`emptyDir: {}`) stays. */
function isOmitted(schema: Schema, value: unknown): boolean {
  if (schema.nullable === true) return false;
  // An empty list where none belongs is a value of another type.
  if (Array.isArray(value)) return value.length === 0 && schema.type === 'array';
  return schema.additionalProperties !== undefined && isObject(value) && Object.keys(value).length === 0;
}
