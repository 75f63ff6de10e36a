import {printValue} from '../schema/value-text.ts';
import type {JsonObject} from '../schema/json.ts';

/** Path elements as FieldsV1 writes them (reference: apiserver §4.1). */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** An item of a list of map type. Keys are sorted by name. */
export function keyElement(keys: JsonObject): string {
  return `k:${printValue(keys)}`;
}

/** An item of a list of set type. */
export function valueElement(value: unknown): string {
  return `v:${printValue(value)}`;
}

/** The name in a field element; undefined for the other sorts of element. */
export function fieldNameOf(element: string): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/** A path as conflicts show it: `.spec.items[name="a"].value`, `.spec.tags[="x"]`. */
export function describePath(path: readonly string[]): string {
  return path.map(describeElement).join('');
}

export function describeElement(element: string): string {
  const rest = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${rest}`;
    case 'k:': {
      const keys = Object.entries(JSON.parse(rest) as JsonObject);
      return `[${keys.map(([name, value]) => `${name}=${printValue(value)}`).join(',')}]`;
    }
    case 'v:':
      return `[=${rest}]`;
    default:
      return `[${rest}]`;
  }
}
