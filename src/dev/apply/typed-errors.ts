import {isObject} from '../schema/json.ts';
import {anySchema} from '../schema/schema.ts';
import type {Schema} from '../schema/schema.ts';
import {describeElement, fieldElement} from './path-element.ts';
import {isMapSchema, isUntyped, itemElement, memberOf, shapeOf} from './shape.ts';

/**
 * What makes an applied object impossible to merge: undeclared fields, wrong types, list items without or with the same keys. A real API
 * server answers these with 500, whatever `fieldValidation` says.
 *
 * @returns one text an error (`.spec.foo: field not declared in schema`)
 */
export function typedErrors(schema: Schema, value: unknown, path = ''): string[] {
  if (value === null) return [];
  const shape = shapeOf(schema, value);
  if (shape.kind === 'map') return mapErrors(shape.schema, value, path);
  if (shape.kind === 'list') return keyedListErrors(shape.schema, value, path);
  if (isUntyped(schema)) return [];
  if (schema.type === 'array') return atomicListErrors(schema, value, path);
  return isMapSchema(schema) ? mapErrors(schema, value, path) : scalarErrors(schema, value, path);
}

function mapErrors(schema: Schema, value: unknown, path: string): string[] {
  if (!isObject(value)) return [`${path}: expected map, got ${goText(value)}`];
  const errors: string[] = [];
  for (const [name, item] of Object.entries(value)) {
    const at = path + describeElement(fieldElement(name));
    const member = memberOf(schema, name);
    if (member === undefined) return [...errors, `${at}: field not declared in schema`];
    errors.push(...typedErrors(member.schema, item, at));
  }
  return errors;
}

function keyedListErrors(schema: Schema, value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return [`${path}: expected list, got ${goText(value)}`];
  const errors: string[] = [];
  const seen = new Set<string>();
  for (const [i, item] of value.entries()) {
    const found = itemElement(schema, item);
    if ('problem' in found) return [...errors, `${path}: element ${i}: ${found.problem}`];
    const shown = describeElement(found.element);
    if (seen.has(found.element)) errors.push(`${path}: duplicate entries for key ${shown}`);
    seen.add(found.element);
    errors.push(...typedErrors(schema.items ?? anySchema, item, path + shown));
  }
  return errors;
}

function atomicListErrors(schema: Schema, value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return [`${path}: expected list, got ${goText(value)}`];
  return value.flatMap((item: unknown, i) => typedErrors(schema.items ?? anySchema, item, `${path}[${i}]`));
}

function scalarErrors(schema: Schema, value: unknown, path: string): string[] {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return typeof value === 'object' ? [`${path}: expected any scalar, got ${goText(value)}`] : [];
  }
  switch (schema.type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? [] : [`${path}: expected numeric (int or float), got ${goType(value)}`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: expected boolean, got ${goText(value)}`];
    case 'string':
      return typeof value === 'string'
        ? []
        : [`${path}: expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`];
    case 'array':
    case 'object':
    case undefined:
      return [];
    default:
      return schema.type;
  }
}

/** The server prints values as its own language does (`%T`, `%v`, `%#v`). */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function goText(value: unknown): string {
  return `&{${goPlain(value)}}`;
}

function goPlain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goPlain).join(' ')}]`;
  if (!isObject(value)) return value === null ? '<nil>' : typeof value === 'string' ? value : JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `map[${names.map((name) => `${name}:${goPlain(value[name])}`).join(' ')}]`;
}

function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isObject(value)) return value === null ? 'interface {}(nil)' : JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `map[string]interface {}{${names.map((name) => `${JSON.stringify(name)}:${goSyntax(value[name])}`).join(', ')}}`;
}
