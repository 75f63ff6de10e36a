import {isObject, listAt, objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';

/*
 * Reading objects whose shape nobody has promised, with Go's zero values: what is missing or of another type reads as empty.
 * What is wrong about it is said by the schema check, not here.
 */

const EMPTY: JsonObject = Object.freeze({});

export function objectIn(object: JsonObject, key: string): JsonObject {
  return objectAt(object, key) ?? EMPTY;
}

/** The objects of the list below `key`; other items are left out. */
export function objectsIn(object: JsonObject, key: string): readonly JsonObject[] {
  return listAt(object, key).filter(isObject);
}

export function textsIn(object: JsonObject, key: string): readonly string[] {
  return listAt(object, key).filter((item) => typeof item === 'string');
}

export function textIn(object: JsonObject, key: string): string {
  return stringAt(object, key) ?? '';
}

export function numberIn(object: JsonObject, key: string): number | undefined {
  const value = object[key];
  return typeof value === 'number' ? value : undefined;
}

/** The string values of the map below `key`, labels for example. */
export function textMapIn(object: JsonObject, key: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(objectIn(object, key))) {
    if (typeof value === 'string') found[name] = value;
  }
  return found;
}

export function metadataOf(object: JsonObject): JsonObject {
  return objectIn(object, 'metadata');
}

export function nameOf(object: JsonObject): string {
  return textIn(metadataOf(object), 'name');
}

export function namespaceOf(object: JsonObject): string {
  return textIn(metadataOf(object), 'namespace');
}

export function uidOf(object: JsonObject): string {
  return textIn(metadataOf(object), 'uid');
}

export function labelsOf(object: JsonObject): Readonly<Record<string, string>> {
  return textMapIn(metadataOf(object), 'labels');
}

export function isTerminating(object: JsonObject): boolean {
  return textIn(metadataOf(object), 'deletionTimestamp') !== '';
}

/** A copy without the members that are undefined: what is not there must not be printed as `null`. */
export function defined(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
