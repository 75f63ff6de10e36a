import {forbiddenField, notSupported} from '../../builtin/field-errors.ts';
import type {FieldError} from '../../schema/schema.ts';
import {badRequest, invalidOptions, serverError} from '../api-error.ts';
import {isTrue} from '../query-values.ts';

export interface ListOptions {
  readonly limit: number | undefined;
  readonly continueToken: string | undefined;
  readonly resourceVersion: number | undefined;
  readonly match: 'Exact' | 'NotOlderThan' | undefined;
}

export interface WatchOptions {
  readonly resourceVersion: number | undefined;
  /** Everything there is comes first, as ADDED; a client that takes bookmarks is told where that ends. */
  readonly initialEvents: boolean;
  readonly timeoutMs: number | undefined;
  readonly bookmarks: boolean;
}

/** @throws ApiError 400 or 422, worded as apiserver.md §3 and apiserver-errors.md §2.3 tell */
export function parseListOptions(query: URLSearchParams): ListOptions {
  const limit = parseCount(query, 'limit');
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  const errors = matchErrorsOfList(match, version, query);
  if (query.get('sendInitialEvents') !== null) {
    errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
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

function matchErrorsOfList(match: string, version: string, query: URLSearchParams): FieldError[] {
  if (match === '') return [];
  const errors: FieldError[] = [];
  if (version === '') {
    errors.push(forbiddenMatch('resourceVersionMatch is forbidden unless resourceVersion is provided'));
  }
  errors.push(...matchErrorsOfPage(query));
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    errors.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
  }
  if (match === 'Exact' && version === '0') {
    errors.push(forbiddenMatch('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return errors;
}

/**
 * The options of a watch. One from no version, or from 0, is an old way to ask for what WatchList (`sendInitialEvents`) gives, and is
 * answered the same (apiserver.md §3.3).
 *
 * @throws ApiError 422, 400, or 500 for a version that is no number
 */
export function parseWatchOptions(query: URLSearchParams): WatchOptions {
  const match = query.get('resourceVersionMatch') ?? '';
  const asked = query.get('sendInitialEvents');
  const errors = matchErrorsOfWatch(match, asked !== null, query);
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  const version = query.get('resourceVersion') ?? '';
  const timeoutSeconds = parseCount(query, 'timeoutSeconds');
  return {
    resourceVersion: version === '' ? undefined : parseVersion(version, (why) => serverError(why)),
    initialEvents: asked === null ? version === '' || version === '0' : isTrue(asked),
    timeoutMs: timeoutSeconds > 0 ? timeoutSeconds * 1000 : undefined,
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
  };
}

function matchErrorsOfWatch(match: string, initialEvents: boolean, query: URLSearchParams): FieldError[] {
  const errors: FieldError[] = [];
  if (initialEvents && match !== 'NotOlderThan') {
    errors.push(forbiddenMatch('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match === '') return errors;
  if (!initialEvents) {
    errors.push(forbiddenMatch('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  }
  if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
  return [...errors, ...matchErrorsOfPage(query)];
}

function matchErrorsOfPage(query: URLSearchParams): FieldError[] {
  if ((query.get('continue') ?? '') === '') return [];
  return [forbiddenMatch('resourceVersionMatch is forbidden when continue is provided')];
}

function forbiddenMatch(why: string): FieldError {
  return forbiddenField('resourceVersionMatch', why);
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
