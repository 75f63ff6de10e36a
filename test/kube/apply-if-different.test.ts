import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {isUpToDate} from '../../src/kube/apply-if-different.ts';
import type {ComparisonOptions} from '../../src/kube/apply-if-different.ts';

function object(spec: unknown, more: object = {}): KubeObject {
  return {apiVersion: 'v1', kind: 'Service', metadata: {name: 'a'}, spec, ...more} as KubeObject;
}

describe('rules', () => {
  test.each<{name: string; actual: unknown; desired: unknown; options?: ComparisonOptions; expected: boolean}>([
    {name: 'the same', actual: {a: 1}, desired: {a: 1}, expected: true},
    {name: 'more in the cluster', actual: {a: 1, b: {c: 2}}, desired: {a: 1}, expected: true},
    {name: 'another value', actual: {a: 1}, desired: {a: '1'}, expected: false},
    {name: 'a missing field', actual: {}, desired: {a: 1}, expected: false},
    {name: 'a missing map', actual: {}, desired: {m: {a: 1}}, expected: false},
    {name: 'undefined says nothing', actual: {}, desired: {a: undefined}, expected: true},
    {name: 'a longer list', actual: {l: [1, 2]}, desired: {l: [1]}, expected: false},
    {name: 'a list in another order', actual: {l: [2, 1]}, desired: {l: [1, 2]}, expected: false},
    {
      name: 'an item with a default of the server',
      actual: {l: [{p: 1, q: 'TCP'}]},
      desired: {l: [{p: 1}]},
      expected: false,
    },
    {name: 'an empty list that is answered as null', actual: {l: null}, desired: {l: []}, expected: true},
    {name: 'an empty list where there is none', actual: {}, desired: {l: []}, expected: false},
    {
      name: 'a dropped field inside of what is ours',
      actual: {a: {x: 1, y: 2}},
      desired: {a: {x: 1}},
      options: {whole: ['spec']},
      expected: false,
    },
    {
      name: 'a field of somebody else inside of what is ours',
      actual: {a: 1, ips: ['10.0.0.1']},
      desired: {a: 1},
      options: {whole: ['spec'], foreign: ['spec.ips']},
      expected: true,
    },
    {
      name: 'items of others in a shared list',
      actual: {
        c: [
          {type: 'Theirs', status: 'True'},
          {type: 'Ours', status: 'True', x: 1},
        ],
      },
      desired: {c: [{type: 'Ours', status: 'True'}]},
      options: {sharedLists: {'spec.c': ['type']}},
      expected: true,
    },
    {
      name: 'our item in a shared list with another value',
      actual: {c: [{type: 'Ours', status: 'False'}]},
      desired: {c: [{type: 'Ours', status: 'True'}]},
      options: {sharedLists: {'spec.c': ['type']}},
      expected: false,
    },
    {
      name: 'another order of a shared list',
      actual: {c: [{type: 'Two'}, {type: 'One'}]},
      desired: {c: [{type: 'One'}, {type: 'Two'}]},
      options: {sharedLists: {'spec.c': ['type']}, ownItems: {'spec.c': 'all'}},
      expected: true,
    },
    {
      name: 'an item that can only be ours and is not desired any more',
      actual: {c: [{type: 'Ours'}, {type: 'OursToo'}]},
      desired: {c: [{type: 'Ours'}]},
      options: {sharedLists: {'spec.c': ['type']}, ownItems: {'spec.c': ['Ours', 'OursToo']}},
      expected: false,
    },
    {
      name: 'items of others beside our own ones',
      actual: {c: [{type: 'Theirs'}, {type: 'Ours'}]},
      desired: {c: [{type: 'Ours'}]},
      options: {sharedLists: {'spec.c': ['type']}, ownItems: {'spec.c': ['Ours', 'OursToo']}},
      expected: true,
    },
    {
      name: 'anything more in a list that is all ours',
      actual: {c: [{type: 'Ours'}, {type: 'Left'}]},
      desired: {c: [{type: 'Ours'}]},
      options: {sharedLists: {'spec.c': ['type']}, ownItems: {'spec.c': 'all'}},
      expected: false,
    },
  ])('$name: $expected', ({actual, desired, options, expected}) => {
    expect(isUpToDate(object(actual), object(desired), options)).toBe(expected);
  });

  test('an absent object is never up to date, another uid is another object', () => {
    expect(isUpToDate(undefined, object({}))).toBe(false);
    const withUid = (uid: string): KubeObject => object({}, {metadata: {name: 'a', uid}});
    expect([isUpToDate(withUid('1'), withUid('2')), isUpToDate(withUid('1'), withUid('1'))]).toEqual([false, true]);
  });
});

describe('properties', () => {
  const json = fc.jsonValue({maxDepth: 4}) as fc.Arbitrary<unknown>;

  test('an object is up to date with itself, after a round trip through JSON too', () => {
    fc.assert(
      fc.property(json, (spec) => {
        const one = object(spec);
        expect(isUpToDate(one, one, {whole: ['spec']})).toBe(true);
        expect(isUpToDate(JSON.parse(JSON.stringify(one)) as KubeObject, one, {whole: ['spec']})).toBe(true);
      }),
    );
  });

  test('what it calls up to date, a merge would not change', () => {
    const merge = (actual: unknown, desired: unknown): unknown =>
      isMap(actual) && isMap(desired)
        ? {...actual, ...Object.fromEntries(Object.entries(desired).map(([k, v]) => [k, merge(actual[k], v)]))}
        : desired;
    const isMap = (value: unknown): value is Record<string, unknown> =>
      typeof value === 'object' && value !== null && !Array.isArray(value);
    const small = fc.dictionary(
      fc.constantFrom('a', 'b'),
      fc.oneof(fc.constantFrom(1, 2), fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom(1, [1], {c: 1}))),
    );
    fc.assert(
      fc.property(small, small, (actual, desired) => {
        const changes = !equal(merge(actual, desired), actual);
        expect(isUpToDate(object(actual), object(desired))).toBe(!changes);
      }),
    );
  });
});

function equal(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
}
