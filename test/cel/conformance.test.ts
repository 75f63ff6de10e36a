import {describe, expect, test} from 'vitest';
import {getConformanceSuite} from '@bufbuild/cel-spec/testdata/tests.js';

import exceptions from './conformance-exceptions.json' with {type: 'json'};
import {runPublished, testsOf} from './conformance-run.ts';

const published = testsOf(getConformanceSuite());
const listed = new Set(Object.values(exceptions).flat());

describe('the published conformance data of the language', () => {
  test('is the whole set: 2344 tests, of which 1440 apply to a kube-apiserver', () => {
    expect(published.length).toBe(2344);
    expect(published.length - listed.size).toBe(1440);
  });

  test('every test passes that is not listed with a reason', () => {
    const failed = published
      .filter(({name}) => !listed.has(name))
      .map(({name, test: each}) => ({name, wrong: runPublished(each)}))
      .filter(({wrong}) => wrong !== undefined);
    expect(failed).toEqual([]);
  });

  test('no listed exception passes: it has to come off the list', () => {
    const passing = published.filter(({name, test: each}) => listed.has(name) && runPublished(each) === undefined);
    expect(passing.map(({name}) => name)).toEqual([]);
  });

  test('every listed exception is a test of the data', () => {
    const names = new Set(published.map(({name}) => name));
    expect([...listed].filter((name) => !names.has(name))).toEqual([]);
  });
});
