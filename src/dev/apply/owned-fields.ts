import {isObject} from '../schema/json.ts';
import {anySchema} from '../schema/schema.ts';
import type {Schema} from '../schema/schema.ts';
import {buildSet, leafSet, union} from './field-set.ts';
import type {FieldSet} from './field-set.ts';
import {fieldNameOf} from './path-element.ts';
import {entriesOf, itemsOf, memberOf, shapeOf} from './shape.ts';
import type {Member} from './shape.ts';

/**
 * The fields that somebody who applies this value owns: its leaves, its list items, its map entries; of a declared object only what is in
 * it, or itself where it is empty.
 */
export function ownedFields(schema: Schema, value: unknown): FieldSet {
  const shape = shapeOf(schema, value);
  switch (shape.kind) {
    case 'leaf':
      return leafSet;
    case 'list': {
      const items = shape.schema.items ?? anySchema;
      const owned = new Map<string, FieldSet>();
      for (const {element, value: item} of itemsOf(shape.schema, value)) {
        owned.set(element, union(owned.get(element) ?? leafSet, ownedFields(items, item)));
      }
      return buildSet(false, owned);
    }
    case 'map':
      return buildSet(
        false,
        entriesOf(shape.schema, value).map(({element, value: item, member}) => {
          const inner = ownedFields(member.schema, item);
          return [element, isBare(item) || !member.isNamed ? withItself(inner) : inner];
        }),
      );
  }
}

function isBare(value: unknown): boolean {
  return value === null || (isObject(value) && Object.keys(value).length === 0);
}

export function withItself(set: FieldSet): FieldSet {
  return union(set, leafSet);
}

/** The same set, and in it every declared field on the way to its paths: what owning `spec.opts.k` means when `spec.opts` is removed. */
export function withNamedParents(schema: Schema, set: FieldSet): FieldSet {
  const children = [...set.children].map(([element, child]) => {
    const {schema: inner, isNamed} = step(schema, element);
    const deeper = withNamedParents(inner, child);
    return [element, isNamed && child.children.size > 0 ? withItself(deeper) : deeper] as const;
  });
  return buildSet(set.member, children);
}

/** The schema below a path element. */
function step(schema: Schema, element: string): Member {
  const name = fieldNameOf(element);
  const unknown: Member = {schema: anySchema, isNamed: false};
  if (name === undefined) return {schema: schema.items ?? anySchema, isNamed: false};
  const shape = shapeOf(schema, {});
  return shape.kind === 'map' ? (memberOf(shape.schema, name) ?? unknown) : unknown;
}
