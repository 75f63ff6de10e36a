import {describe, expect, test} from 'vitest';
import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import {decodeContinue, encodeContinue} from '../../../src/dev/apiserver/read/continue-token.ts';
import {parseListOptions, parseWatchOptions} from '../../../src/dev/apiserver/read/list-options.ts';
import {listPage} from '../../../src/dev/apiserver/read/list.ts';
import type {ListPage} from '../../../src/dev/apiserver/read/list.ts';
import {parseSelection} from '../../../src/dev/apiserver/read/selection.ts';
import {ObjectStorage} from '../../../src/dev/apiserver/storage/object-storage.ts';
import {VersionConversion} from '../../../src/dev/apiserver/version-conversion.ts';
import {widget, widgetType} from './support/widget-type.ts';

const type = widgetType();

function cluster(names: readonly string[]) {
  const storage = new ObjectStorage(100);
  storage.table(type.storageKey);
  for (const name of names) storage.put(type.storageKey, widget(name, {labels: {name}}));
  const conversion = new VersionConversion();
  const list = (query: string, namespace: string = 'default'): ListPage => {
    const params = new URLSearchParams(query);
    return listPage(
      {storage, conversion},
      parseSelection(type, namespace === 'all' ? undefined : namespace, params),
      parseListOptions(params),
    );
  };
  return {storage, list};
}

function namesOf(page: ListPage): string[] {
  return page.items.map((item) => (item['metadata'] as {name: string}).name);
}

/** The ApiError that a call ends with. */
function refusal(call: () => unknown): ApiError {
  try {
    call();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a list in pages', () => {
  test('shows every object once, in key order, at the version of its first page', () => {
    const {storage, list} = cluster(['d', 'b', 'a', 'e', 'c']);
    const first = list('limit=2');
    expect(namesOf(first)).toEqual(['a', 'b']);
    expect(first.remaining).toBe(3);
    storage.put(type.storageKey, widget('bb'));
    storage.remove(type.storageKey, 'default/d');
    const second = list(`limit=2&continue=${first.continueToken}`);
    const third = list(`limit=2&continue=${second.continueToken}`);
    expect([namesOf(second), namesOf(third)]).toEqual([['c', 'd'], ['e']]);
    expect([second.revision, third.revision]).toEqual([first.revision, first.revision]);
    expect(third.continueToken).toBeUndefined();
  });

  test('the token of a real server is read and written byte by byte', () => {
    const token = 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTI0Niwic3RhcnQiOiIvcGcyXHUwMDAwIn0';
    expect(decodeContinue(token)).toEqual({revision: 1246, start: 'pg2\u0000'});
    expect(encodeContinue({revision: 1246, start: 'pg2\u0000'})).toBe(token);
    expect(encodeContinue({revision: undefined, start: 'c\u0000'})).toBe(
      'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiY1x1MDAwMCJ9',
    );
  });

  test('a token of a forgotten version is a 410 with a token to go on inconsistently', () => {
    const {storage, list} = cluster(['a', 'b', 'c']);
    const first = list('limit=1');
    storage.put(type.storageKey, widget('bb'));
    storage.forgetAllHistory();
    const gone = refusal(() => list(`limit=1&continue=${first.continueToken}`));
    expect(gone.code).toBe(410);
    expect(gone.status.reason).toBe('Expired');
    const next = list(`limit=5&continue=${gone.status.metadata.continue}`);
    expect(namesOf(next)).toEqual(['b', 'bb', 'c']);
    expect(next.revision).toBe(storage.revision);
  });

  test('with a selector no remaining count is told', () => {
    const {list} = cluster(['a', 'b', 'c']);
    const page = list('limit=1&labelSelector=name!=x');
    expect(page.remaining).toBeUndefined();
    expect(page.continueToken).toBeDefined();
  });

  test('resourceVersion=0 ignores the limit', () => {
    const {list} = cluster(['a', 'b', 'c']);
    expect(namesOf(list('limit=1&resourceVersion=0'))).toEqual(['a', 'b', 'c']);
  });

  test('pages over all namespaces go on in the right namespace', () => {
    const {storage, list} = cluster(['b']);
    storage.put(type.storageKey, widget('a', {namespace: 'zz'}));
    storage.put(type.storageKey, widget('a', {namespace: 'aa'}));
    const first = list('limit=2', 'all');
    const second = list(`limit=2&continue=${first.continueToken}`, 'all');
    const places = [first, second].map(({items}) =>
      items.map((item) => (item['metadata'] as {namespace: string}).namespace),
    );
    expect(places).toEqual([['aa', 'default'], ['zz']]);
  });
});

describe('which version a list shows', () => {
  test.each([
    {name: 'N with a limit is exactly N', query: (n: number) => `resourceVersion=${n}&limit=9`, shown: ['a']},
    {name: 'N alone is not older than N', query: (n: number) => `resourceVersion=${n}`, shown: ['a', 'b']},
    {
      name: 'Exact is exactly N',
      query: (n: number) => `resourceVersion=${n}&resourceVersionMatch=Exact`,
      shown: ['a'],
    },
    {
      name: 'NotOlderThan is newer',
      query: (n: number) => `resourceVersion=${n}&resourceVersionMatch=NotOlderThan&limit=9`,
      shown: ['a', 'b'],
    },
  ])('$name', ({query, shown}) => {
    const {storage, list} = cluster(['a']);
    const then = storage.revision;
    storage.put(type.storageKey, widget('b'));
    expect(namesOf(list(query(then)))).toEqual(shown);
  });

  test('an exact version that is forgotten is a 410, one in the future a 504', () => {
    const {storage, list} = cluster(['a']);
    const then = storage.revision;
    storage.put(type.storageKey, widget('b'));
    storage.forgetAllHistory();
    expect(refusal(() => list(`resourceVersion=${then}&resourceVersionMatch=Exact`)).status).toMatchObject({
      code: 410,
      message: 'The resourceVersion for the provided list is too old.',
    });
    expect(refusal(() => list('resourceVersion=99999999')).status).toMatchObject({
      code: 504,
      message: `Timeout: Too large resource version: 99999999, current: ${storage.revision}`,
    });
  });
});

describe('options that cannot be', () => {
  const options = 'ListOptions.meta.k8s.io "" is invalid: ';
  test.each([
    ['limit=abc', 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
    [
      'resourceVersion=abc',
      400,
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    [
      'resourceVersionMatch=Exact',
      422,
      `${options}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`,
    ],
    [
      'resourceVersion=1&sendInitialEvents=true',
      422,
      `${options}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`,
    ],
  ])('list: %s', (query, code, message) => {
    expect(refusal(() => parseListOptions(new URLSearchParams(query))).status).toMatchObject({code, message});
  });

  test.each([
    [
      'resourceVersion=abc',
      500,
      'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    [
      'sendInitialEvents=true',
      422,
      `${options}resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`,
    ],
  ])('watch: %s', (query, code, message) => {
    expect(refusal(() => parseWatchOptions(new URLSearchParams(query))).status).toMatchObject({code, message});
  });
});
