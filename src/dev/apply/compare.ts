import {jsonEquals} from '../schema/json.ts';
import {anySchema} from '../schema/schema.ts';
import type {Schema} from '../schema/schema.ts';
import {buildSet, emptySet, isEmptySet, leafSet} from './field-set.ts';
import type {FieldSet} from './field-set.ts';
import {entriesOf, isEmptyValue, itemsOf, shapeOf} from './shape.ts';

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** The leaves that differ. Objects and lists that come or go as a whole count as well, with everything in them. */
export function compare(schema: Schema, before: unknown, after: unknown): Comparison {
  const shape = shapeOf(schema, after ?? before);
  if (shape.kind === 'leaf' || (isEmptyValue(before) && isEmptyValue(after))) return compareLeaf(before, after);
  const inner = new Map<string, Comparison>();
  const parts = shape.kind === 'map' ? zipMaps(shape.schema, before, after) : zipLists(shape.schema, before, after);
  for (const [element, part] of parts) inner.set(element, compare(part.schema, part.before, part.after));
  const collect = (pick: (comparison: Comparison) => FieldSet, isItself: boolean): FieldSet =>
    buildSet(
      isItself,
      [...inner].map(([element, comparison]) => [element, pick(comparison)] as const),
    );
  return {
    added: collect((comparison) => comparison.added, before === undefined),
    modified: collect((comparison) => comparison.modified, false),
    removed: collect((comparison) => comparison.removed, after === undefined),
  };
}

export function isSame(comparison: Comparison): boolean {
  return isEmptySet(comparison.added) && isEmptySet(comparison.modified) && isEmptySet(comparison.removed);
}

function compareLeaf(before: unknown, after: unknown): Comparison {
  const nothing: Comparison = {added: emptySet, modified: emptySet, removed: emptySet};
  if (before === undefined) return after === undefined ? nothing : {...nothing, added: leafSet};
  if (after === undefined) return {...nothing, removed: leafSet};
  return jsonEquals(before, after) ? nothing : {...nothing, modified: leafSet};
}

interface Part {
  readonly schema: Schema;
  readonly before: unknown;
  readonly after: unknown;
}

function zipMaps(map: Schema, before: unknown, after: unknown): Map<string, Part> {
  const parts = new Map<string, Part>();
  for (const {element, value, member} of entriesOf(map, before))
    parts.set(element, {schema: member.schema, before: value, after: undefined});
  for (const {element, value, member} of entriesOf(map, after)) {
    parts.set(element, {schema: member.schema, before: parts.get(element)?.before, after: value});
  }
  return parts;
}

function zipLists(list: Schema, before: unknown, after: unknown): Map<string, Part> {
  const schema = list.items ?? anySchema;
  const parts = new Map<string, Part>();
  for (const {element, value} of itemsOf(list, before)) parts.set(element, {schema, before: value, after: undefined});
  for (const {element, value} of itemsOf(list, after))
    parts.set(element, {schema, before: parts.get(element)?.before, after: value});
  return parts;
}
