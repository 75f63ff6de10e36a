import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {withTypeAndMeta} from '../schema/object-meta.ts';
import {anySchema} from '../schema/schema.ts';
import type {Schema} from '../schema/schema.ts';
import {fieldElement, keyElement, valueElement} from './path-element.ts';

/** How a value of a schema is owned and merged (KEP-555, "topology of lists, maps and structs"). */
export type Shape =
  /** Scalars and everything atomic: owned and replaced as a whole. */
  | {readonly kind: 'leaf'}
  | {readonly kind: 'map'; readonly schema: Schema}
  | {readonly kind: 'list'; readonly schema: Schema};

const leaf: Shape = {kind: 'leaf'};

/** @param value - decides where the schema leaves the type open: unknown objects are granular, unknown lists atomic */
export function shapeOf(schema: Schema, value: unknown): Shape {
  if (isUntyped(schema)) return isObject(value) ? {kind: 'map', schema: anySchema} : leaf;
  if (schema.type === 'array') {
    const listType = schema['x-kubernetes-list-type'];
    return listType === 'set' || listType === 'map' ? {kind: 'list', schema} : leaf;
  }
  if (!isMapSchema(schema) || schema['x-kubernetes-map-type'] === 'atomic') return leaf;
  return {kind: 'map', schema: schema['x-kubernetes-embedded-resource'] === true ? withTypeAndMeta(schema) : schema};
}

export function isMapSchema(schema: Schema): boolean {
  return schema.type === 'object' || schema.properties !== undefined || schema.additionalProperties !== undefined;
}

/** Nothing is said about what may be in it: an object without declared members counts as such, too. */
export function isUntyped(schema: Schema): boolean {
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return false;
  if (schema['x-kubernetes-embedded-resource'] === true) return false;
  return schema.type === 'object' || (schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true);
}

export interface Member {
  readonly schema: Schema;
  /** Declared by name, and not one entry of a map: such a field is never owned for itself alone. */
  readonly isNamed: boolean;
}

/** @returns undefined where the schema declares no such member */
export function memberOf(schema: Schema, name: string): Member | undefined {
  const declared = schema.properties;
  if (declared !== undefined && Object.hasOwn(declared, name))
    return {schema: declared[name] ?? anySchema, isNamed: true};
  if (typeof schema.additionalProperties === 'object') return {schema: schema.additionalProperties, isNamed: false};
  const isOpen = schema.additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return isOpen ? {schema: anySchema, isNamed: false} : undefined;
}

/** The path element of a list's item. A text says why it has none. */
export function itemElement(list: Schema, item: unknown): {readonly element: string} | {readonly problem: string} {
  return list['x-kubernetes-list-type'] === 'set' ? setElement(item) : mapElement(list, item);
}

function setElement(item: unknown): {element: string} | {problem: string} {
  if (item === null) return {problem: "associative list without keys has an element that's an explicit null"};
  if (Array.isArray(item)) return {problem: 'not supported: associative list with lists as elements'};
  if (isObject(item)) return {problem: "associative list without keys has an element that's a map type"};
  return {element: valueElement(item)};
}

function mapElement(list: Schema, item: unknown): {element: string} | {problem: string} {
  if (item === null) return {problem: 'associative list with keys may not have a null element'};
  if (!isObject(item)) return {problem: 'associative list with keys may not have non-map elements'};
  const names = list['x-kubernetes-list-map-keys'] ?? [];
  const keys: JsonObject = {};
  for (const name of names) {
    // A defaulted key belongs to the item's identity, though whoever leaves it out does not own it.
    const value = Object.hasOwn(item, name) ? item[name] : list.items?.properties?.[name]?.default;
    if (value !== undefined) keys[name] = value;
  }
  if (Object.keys(keys).length > 0) return {element: keyElement(keys)};
  const listed = names.map((name) => JSON.stringify(name)).join(' ');
  return {
    problem: `associative list with keys has an element that omits all key fields [${listed}] (and doesn't have default values for any key fields)`,
  };
}

export interface Item {
  readonly element: string;
  readonly value: unknown;
}

/** A list's items with their path elements; those that have none are left out (stored objects may hold such). */
export function itemsOf(list: Schema, value: unknown): readonly Item[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const found = itemElement(list, item);
    return 'element' in found ? [{element: found.element, value: item}] : [];
  });
}

export interface Entry {
  readonly name: string;
  readonly element: string;
  readonly value: unknown;
  readonly member: Member;
}

/** An object's members with their path elements. What the schema does not declare is left out. */
export function entriesOf(map: Schema, value: unknown): readonly Entry[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const member = memberOf(map, name);
    return member === undefined ? [] : [{name, element: fieldElement(name), value: item, member}];
  });
}

export function isEmptyValue(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}
