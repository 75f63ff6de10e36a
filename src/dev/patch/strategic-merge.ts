import {isObject, jsonClone, setMember} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {withTypeAndMeta} from '../schema/object-meta.ts';
import {anySchema, memberSchema} from '../schema/schema.ts';
import type {Schema} from '../schema/schema.ts';
import {mergeKeyedList, mergeValueList} from './strategic-lists.ts';

/**
 * Strategic merge patch: as a JSON merge patch, but lists merge by the keys of the schema, and directives say what a merge cannot:
 *
 * - `$patch: replace|delete|merge` in an object, or as an item of a list
 * - `$deleteFromPrimitiveList/<field>`: values to take out of a merged list of scalars
 * - `$setElementOrder/<field>`: the order of a merged list
 * - `$retainKeys`: the only members an object keeps
 *
 * The target is not changed.
 */
export function applyStrategicMerge(target: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  return mergeObject(target, patch, withTypeAndMeta(schema)) ?? {};
}

/** @returns undefined where the patch deletes the object */
function mergeObject(target: JsonObject, patch: JsonObject, schema: Schema): JsonObject | undefined {
  if (patch['$patch'] === 'delete') return undefined;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  const result = retained(target, patch['$retainKeys']);
  for (const [name, value] of Object.entries(patch)) {
    if (isDirective(name)) continue;
    if (value === null) delete result[name];
    else mergeMember(result, {name, value, patch}, memberSchema(schema, name) ?? anySchema);
  }
  applyListDirectives(result, patch, schema);
  return result;
}

function mergeMember(
  result: JsonObject,
  change: {name: string; value: unknown; patch: JsonObject},
  schema: Schema,
): void {
  const {name, value, patch} = change;
  const before = Object.hasOwn(result, name) ? result[name] : undefined;
  if (isObject(value)) {
    const merged = mergeObject(isObject(before) ? before : {}, value, schema);
    if (merged === undefined) delete result[name];
    else setMember(result, name, merged);
  } else if (Array.isArray(value)) {
    setMember(
      result,
      name,
      mergeList(Array.isArray(before) ? before : [], value, {schema, order: patch[`$setElementOrder/${name}`]}),
    );
  } else {
    setMember(result, name, value);
  }
}

function mergeList(
  before: readonly unknown[],
  patch: readonly unknown[],
  how: {schema: Schema; order: unknown},
): unknown[] {
  const {schema} = how;
  if (!mergesLists(schema)) return patch.filter((item) => !isReplaceMarker(item)).map(cleaned);
  const key = schema['x-kubernetes-patch-merge-key'];
  const order = Array.isArray(how.order) ? how.order : undefined;
  if (key === undefined) return mergeValueList(before, {added: patch, removed: [], order});
  const mergeItem = (old: JsonObject, change: JsonObject): JsonObject | undefined =>
    mergeObject(old, change, schema.items ?? anySchema);
  return mergeKeyedList(before, patch, {key, order, mergeItem});
}

function mergesLists(schema: Schema): boolean {
  return schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') === true;
}

/** Directives beside a list that the patch does not bring itself: values to take out, or only a new order. */
function applyListDirectives(result: JsonObject, patch: JsonObject, schema: Schema): void {
  for (const [name, value] of Object.entries(patch)) {
    const [directive, field] = splitDirective(name);
    if (field === undefined || !Array.isArray(value)) continue;
    const before = Array.isArray(result[field]) ? result[field] : [];
    const order = patch[`$setElementOrder/${field}`];
    if (directive === '$deleteFromPrimitiveList') {
      setMember(
        result,
        field,
        mergeValueList(before, {added: [], removed: value, order: Array.isArray(order) ? order : undefined}),
      );
    } else if (directive === '$setElementOrder' && !Object.hasOwn(patch, field) && before.length > 0) {
      setMember(result, field, mergeList(before, [], {schema: memberSchema(schema, field) ?? anySchema, order: value}));
    }
  }
}

function retained(target: JsonObject, keys: unknown): JsonObject {
  const kept = Object.entries(target).filter(([name]) => !Array.isArray(keys) || keys.includes(name));
  return Object.fromEntries(kept);
}

function isDirective(name: string): boolean {
  return name === '$patch' || name === '$retainKeys' || splitDirective(name)[1] !== undefined;
}

function splitDirective(name: string): [string, string | undefined] {
  const found = /^(\$setElementOrder|\$deleteFromPrimitiveList)\/(.+)$/u.exec(name);
  return [found?.[1] ?? name, found?.[2]];
}

function isReplaceMarker(item: unknown): boolean {
  return isObject(item) && item['$patch'] === 'replace';
}

function withoutDirectives(patch: JsonObject): JsonObject {
  const kept = Object.entries(patch).filter(([name]) => !isDirective(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, cleaned(value)]));
}

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  return isObject(value) ? withoutDirectives(value) : jsonClone(value);
}
