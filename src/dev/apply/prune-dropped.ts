import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {Schema} from '../schema/schema.ts';
import {difference, intersection, union} from './field-set.ts';
import type {FieldSet} from './field-set.ts';
import {ownedFields, withNamedParents} from './owned-fields.ts';
import {removeFields} from './remove-fields.ts';

/**
 * Removes what an applier owned and no longer applies, unless somebody else owns it too.
 *
 * Done in three steps, because a removed field takes everything below it along: take away all that the applier had; put back what any
 * owner claims; put back what the applier never had.
 *
 * @param last - what the applier owned before this apply
 * @param owned - what all managers own now, the applier's new fields included
 */
export function pruneDropped(input: {
  readonly schema: Schema;
  readonly merged: JsonObject;
  readonly last: FieldSet;
  readonly owned: FieldSet;
}): JsonObject {
  const {schema, merged} = input;
  const fieldsOf = (value: JsonObject): FieldSet => withNamedParents(schema, ownedFields(schema, value));
  const without = (fields: FieldSet): JsonObject => {
    const left = removeFields(schema, merged, fields);
    return isObject(left) ? left : {};
  };
  const last = withNamedParents(schema, input.last);
  const all = fieldsOf(merged);
  const bare = fieldsOf(without(last));
  const claimed = without(difference(all, union(bare, withNamedParents(schema, input.owned))));
  return without(intersection(difference(all, fieldsOf(claimed)), last));
}
