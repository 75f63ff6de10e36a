import {isObject, jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {printValue} from '../schema/value-text.ts';

/** Lists of scalars: values are added at the end, each once, and others taken out. */
export function mergeValueList(
  before: readonly unknown[],
  change: {
    readonly added: readonly unknown[];
    readonly removed: readonly unknown[];
    readonly order: readonly unknown[] | undefined;
  },
): unknown[] {
  const isIn = (list: readonly unknown[], value: unknown): boolean => list.some((item) => jsonEquals(item, value));
  const merged = before.filter((value) => !isIn(change.removed, value));
  for (const value of change.added) if (!isIn(merged, value)) merged.push(value);
  return change.order === undefined ? merged : reorder(merged, change.order.map(printValue), printValue);
}

/**
 * Lists of objects with a merge key: items of equal key merge in place, new ones go to the end. An item `{$patch: replace}` makes the
 * patch the whole list, `{$patch: delete, <key>}` takes that item out.
 */
export function mergeKeyedList(
  before: readonly unknown[],
  patch: readonly unknown[],
  how: {
    readonly key: string;
    readonly order: readonly unknown[] | undefined;
    readonly mergeItem: (old: JsonObject, change: JsonObject) => JsonObject | undefined;
  },
): unknown[] {
  const keyOf = (item: unknown): string => printValue(isObject(item) ? item[how.key] : undefined);
  const isMarker = (item: unknown): boolean => isObject(item) && item['$patch'] === 'replace';
  const merged = patch.some(isMarker) ? [] : [...before];
  for (const change of patch) {
    if (!isObject(change) || isMarker(change)) continue;
    const place = merged.findIndex((item) => keyOf(item) === keyOf(change));
    const old = merged[place];
    const next = how.mergeItem(isObject(old) ? old : {}, change);
    if (next === undefined && place >= 0) merged.splice(place, 1);
    else if (next !== undefined && place >= 0) merged[place] = next;
    else if (next !== undefined) merged.push(next);
  }
  return how.order === undefined ? merged : reorder(merged, how.order.map(keyOf), keyOf);
}

/** Ordered items stand as told; an item nobody ordered stays behind the ordered one it followed. */
function reorder(items: readonly unknown[], order: readonly string[], keyOf: (item: unknown) => string): unknown[] {
  const ordered = items.filter((item) => order.includes(keyOf(item)));
  ordered.sort((a, b) => order.indexOf(keyOf(a)) - order.indexOf(keyOf(b)));
  const result = [...ordered];
  let anchor = -1;
  for (const item of items) {
    if (order.includes(keyOf(item))) {
      anchor = result.indexOf(item);
    } else {
      result.splice(anchor + 1, 0, item);
      anchor++;
    }
  }
  return result;
}
