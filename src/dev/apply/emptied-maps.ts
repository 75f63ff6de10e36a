import {isObject, setMember} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {Schema} from '../schema/schema.ts';
import {isEmptyValue, memberOf, shapeOf} from './shape.ts';

/**
 * A map that lost its last member to an apply that names it (`labels: {}`) is null, not empty and not gone: kube-apiserver takes the
 * members away one by one and has nothing left to put there. Validation then refuses it (a null is no object); kinds that are decoded
 * into Go structs read it as absent.
 *
 * @param o.applied - what the applier sent
 * @param o.merged - with that laid over the stored value, nothing removed yet
 */
export function withEmptiedMaps(
  schema: Schema,
  pruned: JsonObject,
  o: {readonly applied: JsonObject; readonly merged: JsonObject},
): JsonObject {
  const result = {...pruned};
  for (const [name, applied] of Object.entries(o.applied)) {
    const [merged, left] = [o.merged[name], pruned[name]];
    const member = memberOf(schema, name)?.schema;
    if (member === undefined || !isObject(applied) || !isObject(merged)) continue;
    const shape = shapeOf(member, merged);
    if (shape.kind !== 'map') continue;
    if (left === undefined && isEmptyValue(applied) && !isEmptyValue(merged)) setMember(result, name, null);
    if (isObject(left)) setMember(result, name, withEmptiedMaps(shape.schema, left, {applied, merged}));
  }
  return result;
}
