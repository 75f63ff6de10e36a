import {parseBoundedJson} from '../schema/bounded-json.ts';
import {isObject, setMember} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {buildSet, emptySet, isEmptySet, leafSet} from './field-set.ts';
import type {FieldSet} from './field-set.ts';

/**
 * Reads a `fieldsV1`. `.` means the thing itself; an empty object is a member without members below.
 *
 * @returns undefined where it is none: an API server then treats all managed fields of the object as absent
 */
export function decodeFieldsV1(fields: unknown): FieldSet | undefined {
  if (!isObject(fields)) return undefined;
  const set = decodeNode(fields);
  if (set === undefined) return undefined;
  return set === leafSet ? emptySet : set;
}

function decodeNode(node: JsonObject): FieldSet | undefined {
  const names = Object.keys(node);
  if (names.length === 0) return leafSet;
  const children: [string, FieldSet][] = [];
  for (const name of names) {
    if (name === '.') continue;
    const child = node[name];
    const set = isElement(name) && isObject(child) ? decodeNode(child) : undefined;
    if (set === undefined) return undefined;
    children.push([name, set]);
  }
  return buildSet(Object.hasOwn(node, '.'), children);
}

function isElement(name: string): boolean {
  if (name.startsWith('f:')) return true;
  if (!/^[kvi]:/u.test(name)) return false;
  try {
    parseBoundedJson(name.slice(2));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Writes a set as `fieldsV1`, keys sorted. */
export function encodeFieldsV1(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  if (set.member && set.children.size > 0) fields['.'] = {};
  for (const [element, child] of [...set.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isEmptySet(child)) setMember(fields, element, encodeFieldsV1(child));
  }
  return fields;
}
