import {isObject, setMember} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {anySchema} from '../schema/schema.ts';
import type {Schema} from '../schema/schema.ts';
import {childOf, isEmptySet} from './field-set.ts';
import type {FieldSet} from './field-set.ts';
import {fieldElement} from './path-element.ts';
import {itemElement, memberOf, shapeOf} from './shape.ts';

/**
 * The value without these fields. A container that loses everything goes with it.
 *
 * @returns undefined where nothing is left
 */
export function removeFields(schema: Schema, value: unknown, fields: FieldSet): unknown {
  if (isEmptySet(fields)) return value;
  const shape = shapeOf(schema, value);
  if (shape.kind === 'map' && isObject(value)) return removeMembers(shape.schema, value, fields);
  if (shape.kind === 'list' && Array.isArray(value)) return removeItems(shape.schema, value, fields);
  return value;
}

function removeMembers(map: Schema, value: JsonObject, fields: FieldSet): JsonObject | undefined {
  const kept: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const below = childOf(fields, fieldElement(name));
    if (below.member) continue;
    const left = removeFields(memberOf(map, name)?.schema ?? anySchema, item, below);
    if (left !== undefined) setMember(kept, name, left);
  }
  return orGone(kept, Object.keys(value).length, Object.keys(kept).length);
}

function removeItems(list: Schema, value: readonly unknown[], fields: FieldSet): unknown[] | undefined {
  const kept = value.flatMap((item) => {
    const found = itemElement(list, item);
    const below = 'element' in found ? childOf(fields, found.element) : undefined;
    if (below === undefined) return [item];
    if (below.member) return [];
    const left = removeFields(list.items ?? anySchema, item, below);
    return left === undefined ? [] : [left];
  });
  return orGone(kept, value.length, kept.length);
}

function orGone<T>(kept: T, before: number, after: number): T | undefined {
  return before > 0 && after === 0 ? undefined : kept;
}
