import type {KubeObject} from '../api/meta.ts';

export interface ComparisonOptions {
  /**
   * Lists of map type (KEP-555) that several managers share, by dotted path, with their key fields, such as
   * `{'status.conditions': ['type']}`: each desired item must be there; items of others do not count. So an item of ours that we no longer desire is
   * not seen either: whoever drops items has to remember what it applied last.
   */
  readonly sharedLists?: Readonly<Record<string, readonly string[]>>;
  /**
   * Of shared lists, by the same path: which items can only be ours, by the value of their first key field. One of those that is no
   * longer desired is a difference. Not for a comparison that is repeated: what somebody else put there no apply takes away.
   */
  readonly ownItems?: Readonly<Record<string, 'all' | readonly string[]>>;
  /**
   * Maps that are ours from end to end, by dotted path, such as `spec`: a field in there that we no longer desire is a
   * difference. Without it, a dropped field is not seen.
   */
  readonly whole?: readonly string[];
  /** Paths inside of `whole` that belong to somebody else, such as `spec.ips`. */
  readonly foreign?: readonly string[];
}

/**
 * True where every field of `desired` has that value in `actual` already: then no apply is sent. A real API server would
 * write nothing either, but would call every webhook (apiserver.md §4.4).
 *
 * Maps are compared deeply, lists as a whole: send the server's defaults inside of lists (`protocol: TCP`), or they differ
 * for ever. A field that is undefined in `desired` says nothing.
 */
export function isUpToDate(actual: KubeObject | undefined, desired: KubeObject, o: ComparisonOptions = {}): boolean {
  return actual !== undefined && holds(actual, desired, {options: o, path: '', ours: false});
}

interface Place {
  readonly options: ComparisonOptions;
  readonly path: string;
  /** Inside of a map that is ours from end to end. */
  readonly ours: boolean;
}

function holds(actual: unknown, desired: unknown, at: Place): boolean {
  if (desired === undefined) return true;
  if (Array.isArray(desired)) return holdsList(actual, desired, at);
  if (!isMap(desired)) return actual === desired;
  if (!isMap(actual)) return false;
  if (at.ours && hasMore(actual, desired, at)) return false;
  return Object.entries(desired).every(([field, value]) => holds(actual[field], value, below(at, field)));
}

function holdsList(actual: unknown, desired: readonly unknown[], at: Place): boolean {
  const keys = at.options.sharedLists?.[at.path];
  // A list that others may have items in is the same to us whether it is empty or absent; one that is answered as null
  // (EndpointSlice) is empty.
  if (!Array.isArray(actual)) return (keys !== undefined || actual === null) && desired.length === 0;
  if (keys === undefined) return isSame(actual, desired);
  if (hasMoreItems(actual, desired, at)) return false;
  return desired.every((item) => {
    const found: unknown = actual.find(
      (other) => isMap(item) && isMap(other) && keys.every((k) => item[k] === other[k]),
    );
    return found !== undefined && holds(found, item, {options: {}, path: '', ours: false});
  });
}

function hasMoreItems(actual: readonly unknown[], desired: readonly unknown[], {options, path}: Place): boolean {
  const own = options.ownItems?.[path];
  const [key = ''] = options.sharedLists?.[path] ?? [];
  if (own === undefined) return false;
  const wanted = new Set(desired.map((item) => (isMap(item) ? item[key] : undefined)));
  return actual.some((item) => {
    const id = isMap(item) ? item[key] : undefined;
    return (own === 'all' || (typeof id === 'string' && own.includes(id))) && !wanted.has(id);
  });
}

function hasMore(actual: Readonly<Record<string, unknown>>, desired: Record<string, unknown>, at: Place): boolean {
  return Object.keys(actual).some(
    (field) => desired[field] === undefined && at.options.foreign?.includes(below(at, field).path) !== true,
  );
}

/** Deep equality of JSON; a field that is undefined is as good as absent. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  if (!isMap(a) || !isMap(b)) return a === b;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((field) => isSame(a[field], b[field]));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function below(at: Place, field: string): Place {
  const path = at.path === '' ? field : `${at.path}.${field}`;
  return {options: at.options, path, ours: at.ours || at.options.whole?.includes(path) === true};
}
