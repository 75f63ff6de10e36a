import {CelList, CelMap, Fault, isMapKey, OptionalValue, Uint, valueTypeName} from './values.ts';
import type {CelValue, EntryMap, Result} from './values.ts';

/** The content of an optional; undefined for none. */
export function contentOf(value: CelValue): Result | undefined {
  return value instanceof OptionalValue
    ? value.value
    : new Fault(`cannot initialize optional entry from non-optional value`);
}

export function insert(map: EntryMap, key: CelValue, value: CelValue): Fault | undefined {
  if (!isMapKey(key)) return new Fault(`unsupported key type: ${valueTypeName(key)}`);
  if (map.add(key, value)) return undefined;
  return new Fault(`Failed with repeated key`);
}

/**
 * `value.field`; of an optional the field of its content, as an optional. What has no members (null, a text) lacks this one, as in cel-go:
 * `has(oldObject.spec)` is false where there is no old object.
 */
export function fieldOf(value: CelValue, field: string): Result {
  if (value instanceof OptionalValue) return optionalFieldOf(value, field);
  if (value instanceof CelMap) {
    const found = value.get(field);
    if (found !== undefined) return found;
  }
  return new Fault(`no such key: ${field}`);
}

export function optionalFieldOf(value: CelValue, field: string): Result {
  const content = value instanceof OptionalValue ? value.value : value;
  if (content === undefined) return OptionalValue.none;
  if (!(content instanceof CelMap)) return OptionalValue.none;
  const found = content.get(field);
  if (found instanceof Fault) return found;
  return found === undefined ? OptionalValue.none : new OptionalValue(found);
}

export function has(value: Result, field: string): Result {
  if (value instanceof Fault) return value;
  if (value instanceof OptionalValue) return value.value === undefined ? false : has(value.value, field);
  return value instanceof CelMap && value.get(field) !== undefined;
}

function keyShown(key: CelValue): string {
  if (key instanceof Uint) return key.value.toString();
  return typeof key === 'object' ? valueTypeName(key) : String(key);
}

/** A list index as a number. Undefined: no integral number. */
function listIndex(key: CelValue): number | undefined {
  if (typeof key === 'bigint') return Number(key);
  if (key instanceof Uint) return Number(key.value);
  return typeof key === 'number' && Number.isInteger(key) ? key : undefined;
}

/** Undefined: nothing is there. */
function lookUp(container: CelValue, key: CelValue): Result | undefined {
  if (container instanceof CelMap) {
    return isMapKey(key) || typeof key === 'number'
      ? container.get(key)
      : new Fault(`unsupported key type: ${valueTypeName(key)}`);
  }
  if (!(container instanceof CelList)) return undefined;
  const index = listIndex(key);
  if (index === undefined) return new Fault(`unsupported index type '${valueTypeName(key)}' in list`);
  return index >= 0 && index < container.size ? container.at(index) : undefined;
}

/** `container[key]`; of an optional the entry of its content, as an optional. */
export function indexed(container: CelValue, key: CelValue): Result {
  if (container instanceof OptionalValue) return optionalIndexed(container, key);
  const found = lookUp(container, key);
  if (found !== undefined) return found;
  return new Fault(`${container instanceof CelList ? 'index out of bounds' : 'no such key'}: ${keyShown(key)}`);
}

/** `container[?key]` */
export function optionalIndexed(container: CelValue, key: CelValue): Result {
  const content = container instanceof OptionalValue ? container.value : container;
  if (content === undefined) return OptionalValue.none;
  const found = lookUp(content, key);
  if (found instanceof Fault) return found;
  return found === undefined ? OptionalValue.none : new OptionalValue(found);
}
