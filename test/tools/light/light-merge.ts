import {isDeepStrictEqual} from 'node:util';

/** Plain JSON maps; what a write carries and what is stored. */
export type Fields = Readonly<Record<string, unknown>>;

/** Lists whose items have keys (KEP-555), by dotted path. All other lists are replaced whole, `finalizers` is a set. */
const KEYED: Readonly<Record<string, string>> = {'status.conditions': 'type', 'status.clusters': 'cluster'};
const SETS: ReadonlySet<string> = new Set(['metadata.finalizers']);

export interface Applied {
  /** What this manager applied the last time; undefined: nothing yet. */
  readonly before: Fields | undefined;
  /** What it applies now. */
  readonly now: Fields;
  /** What all others applied last. */
  readonly others: readonly Fields[];
}

/**
 * Server-side apply by force (KEP-555): fields of `now` are set, fields that were in `before` and are not any more go, unless
 * another manager applied them too. Ownership by writes that are no applies is left out.
 */
export function mergeApplied(live: Fields, applied: Applied): Fields {
  return mergeFields(live, applied, '');
}

function mergeFields(live: Fields, {before = {}, now, others}: Applied, path: string): Fields {
  const merged: Record<string, unknown> = {...live};
  for (const field of Object.keys(before)) {
    if (field in now || !(field in merged) || others.some((other) => field in other)) continue;
    const rest = without(merged[field], before[field]);
    if (rest === undefined) delete merged[field];
    else merged[field] = rest;
  }
  for (const [field, value] of Object.entries(now)) {
    const at = {before: before[field], now: value, others: others.map((other) => other[field])};
    merged[field] = mergeValue(merged[field], at, path === '' ? field : `${path}.${field}`);
  }
  return merged;
}

interface AppliedValue {
  readonly before: unknown;
  readonly now: unknown;
  readonly others: readonly unknown[];
}

function mergeValue(live: unknown, {before, now, others}: AppliedValue, path: string): unknown {
  if (Array.isArray(now)) {
    const key = KEYED[path];
    if (key !== undefined) return mergeKeyed(asItems(live), {before: asItems(before), now: asItems(now), others}, key);
    if (SETS.has(path))
      return [...new Set([...asTexts(live).filter((each) => !asTexts(before).includes(each)), ...now])];
    return now;
  }
  if (!isFields(now)) return now;
  const maps = {before: isFields(before) ? before : {}, now, others: others.filter(isFields)};
  return mergeFields(isFields(live) ? live : {}, maps, path);
}

interface KeyedItems {
  readonly before: readonly Fields[];
  readonly now: readonly Fields[];
  readonly others: readonly unknown[];
}

function mergeKeyed(live: readonly Fields[], {before, now, others}: KeyedItems, key: string): readonly Fields[] {
  const has = (items: readonly Fields[], id: unknown): boolean => items.some((item) => item[key] === id);
  const kept = live.filter(({[key]: id}) => {
    const isDropped = has(before, id) && !has(now, id);
    return !isDropped || others.some((other) => has(asItems(other), id));
  });
  const updated = kept.map((item) => {
    const wanted = now.find((each) => each[key] === item[key]);
    return wanted === undefined ? item : {...item, ...wanted};
  });
  return [...updated, ...now.filter((item) => !has(kept, item[key]))];
}

/** What is left of a value when all leaves that were applied are taken out; undefined: nothing. */
function without(live: unknown, before: unknown): unknown {
  if (!isFields(live) || !isFields(before)) return undefined;
  const rest = Object.entries(live).flatMap(([field, value]) => {
    const left = field in before ? without(value, before[field]) : value;
    return left === undefined ? [] : [[field, left]];
  });
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** RFC 7396. */
export function mergePatch(live: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged: Record<string, unknown> = isFields(live) ? {...live} : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}

/** True where a write changes nothing but what every write changes. */
export function saysTheSame(a: Fields, b: Fields): boolean {
  return isDeepStrictEqual(a, b);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asItems(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function asTexts(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
