import {notSupported} from '../../builtin/field-errors.ts';
import type {FieldError} from '../../schema/schema.ts';
import {badRequest, invalidOptions, serverError} from '../api-error.ts';

export interface ListOptions {
  readonly limit: number | undefined;
  readonly continueToken: string | undefined;
  readonly resourceVersion: number | undefined;
  readonly match: 'Exact' | 'NotOlderThan' | undefined;
}

export interface WatchOptions {
  readonly resourceVersion: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly bookmarks: boolean;
}

const NEEDS_VERSION = 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided';

/** @throws ApiError 400 or 422, worded as apiserver.md §3 and apiserver-errors.md §2.3 tell */
export function parseListOptions(query: URLSearchParams): ListOptions {
  const limit = parseCount(query, 'limit');
  const errors: FieldError[] = [];
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  if (match !== '' && version === '') errors.push(forbiddenField('resourceVersionMatch', NEEDS_VERSION));
  if (query.get('sendInitialEvents') !== null) {
    errors.push(forbiddenField('sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list'));
  }
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  const continueToken = query.get('continue') ?? '';
  return {
    limit: limit > 0 ? limit : undefined,
    continueToken: continueToken === '' ? undefined : continueToken,
    resourceVersion: version === '' ? undefined : parseVersion(version, badVersionOfList),
    match: match === 'Exact' || match === 'NotOlderThan' ? match : undefined,
  };
}

/**
 * The options of a watch. WatchList (`sendInitialEvents`) is refused as a server without that feature does, and clients fall back
 * to list and watch (apiserver.md §3.3).
 *
 * @throws ApiError 422, 400, or 500 for a version that is no number
 */
export function parseWatchOptions(query: URLSearchParams): WatchOptions {
  const errors: FieldError[] = [];
  const match = query.get('resourceVersionMatch') ?? '';
  if (query.get('sendInitialEvents') !== null) {
    const why = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
    errors.push(forbiddenField('sendInitialEvents', `Forbidden: ${why}`));
  } else if (match !== '') {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    errors.push(forbiddenField('resourceVersionMatch', `Forbidden: ${why}`));
    if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
  }
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  const version = query.get('resourceVersion') ?? '';
  const timeoutSeconds = parseCount(query, 'timeoutSeconds');
  return {
    resourceVersion: version === '' ? undefined : parseVersion(version, (why) => serverError(why)),
    timeoutMs: timeoutSeconds > 0 ? timeoutSeconds * 1000 : undefined,
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
  };
}

export function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}

function forbiddenField(field: string, message: string): FieldError {
  return {type: 'Forbidden', field, message};
}

function parseCount(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (text === '') return 0;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

function parseVersion(text: string, refuse: (why: string) => Error): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw refuse(`resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
}

function badVersionOfList(why: string): Error {
  return badRequest(`invalid resource version: ${why}`);
}
