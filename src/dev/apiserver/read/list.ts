import type {JsonObject} from '../../schema/json.ts';
import {badRequest, expired, tooLargeVersion} from '../api-error.ts';
import type {ObjectStorage} from '../storage/object-storage.ts';
import type {VersionConversion} from '../version-conversion.ts';
import {decodeContinue, encodeContinue} from './continue-token.ts';
import type {ListOptions} from './list-options.ts';
import type {Selection} from './selection.ts';

export interface ListPage {
  readonly items: readonly JsonObject[];
  readonly revision: number;
  readonly continueToken: string | undefined;
  readonly remaining: number | undefined;
}

export interface ListSource {
  readonly storage: ObjectStorage;
  readonly conversion: VersionConversion;
}

const PAGE_TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue ' +
  'parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided ' +
  'token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was ' +
  'returned and now may show up in the list.';
const LIST_TOO_OLD = 'The resourceVersion for the provided list is too old.';

/**
 * One page, by the rules of apiserver.md §3.1. All pages of a list show the state at the first page's version.
 *
 * @throws ApiError 410 where that version is forgotten, 504 where it lies in the future, 400 for a bad token
 */
export function listPage(source: ListSource, selection: Selection, options: ListOptions): ListPage {
  const {storage} = source;
  const start = startOf(options, storage.revision);
  const namespacePrefix = selection.namespace === undefined ? '' : `${selection.namespace}/`;
  const entries = entriesAt(source, selection, start);
  const from = `${namespacePrefix}${start.from}`;
  const matching: JsonObject[] = [];
  const limit = start.limit;
  let isMore = false;
  for (const [key, stored] of entries) {
    if (key < from || !key.startsWith(namespacePrefix)) continue;
    // A full page goes on where anything follows, selected or not: nobody looks at it before the next page is asked for.
    isMore ||= matching.length === limit && !selection.isOne;
    const shown = source.conversion.show(stored, selection.type);
    if (selection.matches(shown)) matching.push(shown);
  }
  if (limit === undefined || (matching.length <= limit && !isMore)) {
    return {items: matching, revision: start.revision, continueToken: undefined, remaining: undefined};
  }
  const items = matching.slice(0, limit);
  const next = `${pagedKey(items.at(-1) as JsonObject, selection)}\u0000`;
  return {
    items,
    revision: start.revision,
    continueToken: encodeContinue({revision: start.revision, start: next}),
    remaining: selection.everything ? matching.length - limit : undefined,
  };
}

interface Start {
  readonly revision: number;
  readonly from: string;
  readonly limit: number | undefined;
  /** What the 410 says where the version is gone. */
  readonly whenTooOld: () => Error;
}

function startOf(options: ListOptions, current: number): Start {
  const {resourceVersion, match, limit} = options;
  if (options.continueToken !== undefined) {
    if (resourceVersion !== undefined && resourceVersion !== 0) {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const token = decodeContinue(options.continueToken);
    const goOn = encodeContinue({revision: undefined, start: token.start});
    const whenTooOld = (): Error => expired(PAGE_TOO_OLD, goOn);
    return {revision: token.revision ?? current, from: token.start, limit, whenTooOld};
  }
  const whenTooOld = (): Error => expired(LIST_TOO_OLD);
  if (resourceVersion === undefined) return {revision: current, from: '', limit, whenTooOld};
  if (resourceVersion > current) throw tooLargeVersion(resourceVersion, current);
  // 0 is served from the cache, which does not page.
  if (resourceVersion === 0) return {revision: current, from: '', limit: undefined, whenTooOld};
  const exact = match === 'Exact' || (match === undefined && limit !== undefined);
  return {revision: exact ? resourceVersion : current, from: '', limit, whenTooOld};
}

function entriesAt(source: ListSource, selection: Selection, start: Start): readonly (readonly [string, JsonObject])[] {
  const table = source.storage.table(selection.type.storageKey);
  const entries = start.revision === source.storage.revision ? table.entries() : table.entriesAt(start.revision);
  if (entries === undefined) throw start.whenTooOld();
  return entries;
}

function pagedKey(last: JsonObject, selection: Selection): string {
  const meta = last['metadata'] as {name: string; namespace?: string};
  return selection.namespace === undefined && meta.namespace !== undefined
    ? `${meta.namespace}/${meta.name}`
    : meta.name;
}
