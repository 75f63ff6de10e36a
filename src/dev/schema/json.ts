/** A JSON object as the API server keeps it: nothing is known about it before a schema was asked. */
export interface JsonObject {
  [key: string]: unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member as an object, or undefined where it is missing or something else. */
export function objectAt(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = object?.[key];
  return isObject(value) ? value : undefined;
}

/** The member as a string, or undefined where it is missing or something else. */
export function stringAt(object: JsonObject | undefined, key: string): string | undefined {
  const value = object?.[key];
  return typeof value === 'string' ? value : undefined;
}

/** The member as a list, or an empty one where it is missing or something else. */
export function listAt(object: JsonObject | undefined, key: string): readonly unknown[] {
  const value = object?.[key];
  return Array.isArray(value) ? value : [];
}

/** Deep equality of JSON values; the order of keys does not matter, the order of lists does. */
export function jsonEquals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => jsonEquals(item, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && jsonEquals(a[key], b[key]))
  );
}

/** A deep copy that shares nothing with its source. */
export function jsonClone<T>(value: T): T {
  return structuredClone(value);
}

/**
 * Sets a member, also one called `__proto__`: a plain assignment would change the prototype instead, and the field
 * would be lost between the request and the store.
 */
export function setMember(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, {value, enumerable: true, configurable: true, writable: true});
  } else {
    object[key] = value;
  }
}
