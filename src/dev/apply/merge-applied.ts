import {isObject, setMember} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {anySchema} from '../schema/schema.ts';
import type {Schema} from '../schema/schema.ts';
import {entriesOf, isEmptyValue, itemsOf, shapeOf} from './shape.ts';
import type {Item} from './shape.ts';

/** The stored value with the applied one laid over it. Nothing is removed: see prune-dropped.ts. */
export function mergeApplied(schema: Schema, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  if (live === undefined) return applied;
  const shape = shapeOf(schema, isEmptyValue(applied) ? live : applied);
  if (shape.kind === 'leaf' || (isEmptyValue(live) && isEmptyValue(applied))) return applied;
  return shape.kind === 'map' ? mergeMaps(shape.schema, live, applied) : mergeLists(shape.schema, live, applied);
}

function mergeMaps(map: Schema, live: unknown, applied: unknown): JsonObject {
  const result: JsonObject = isObject(live) ? {...live} : {};
  for (const {name, value, member} of entriesOf(map, applied)) {
    const before = Object.hasOwn(result, name) ? result[name] : undefined;
    setMember(result, name, mergeApplied(member.schema, before, value));
  }
  return result;
}

/**
 * Items of both stand in the applied order; an item that only the stored list has stays before the shared item it stood before.
 * Both orders cannot be kept where they contradict each other: then the applied one wins.
 */
function mergeLists(list: Schema, live: unknown, applied: unknown): unknown[] {
  const items = list.items ?? anySchema;
  const stored = itemsOf(list, live);
  const wanted = itemsOf(list, applied);
  const storedAt = new Map(stored.map((item) => [item.element, item.value]));
  const wantedElements = new Set(wanted.map((item) => item.element));
  const result: unknown[] = [];
  let next = 0;
  const emit = (item: Item): void => {
    result.push(mergeApplied(items, storedAt.get(item.element), item.value));
    next++;
  };
  for (const item of stored) {
    if (!wantedElements.has(item.element)) {
      result.push(item.value);
      continue;
    }
    const ahead = wanted.slice(next).find((candidate) => storedAt.has(candidate.element));
    if (ahead?.element !== item.element) continue;
    const until = wanted.indexOf(ahead);
    for (const candidate of wanted.slice(next, until + 1)) emit(candidate);
  }
  for (const candidate of wanted.slice(next)) emit(candidate);
  return result;
}
