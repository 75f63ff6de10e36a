import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {applyMergePatch} from '../../../src/dev/patch/merge-patch.ts';
import {isObject} from '../../../src/dev/schema/json.ts';

describe('JSON merge patch (RFC 7386)', () => {
  test.each([
    {name: 'replaces a member', target: {a: 'b'}, patch: {a: 'c'}, result: {a: 'c'}},
    {name: 'adds a member', target: {a: 'b'}, patch: {b: 'c'}, result: {a: 'b', b: 'c'}},
    {name: 'removes a member with null', target: {a: 'b', b: 'c'}, patch: {a: null}, result: {b: 'c'}},
    {name: 'replaces lists as a whole', target: {a: [{b: 'c'}]}, patch: {a: [1]}, result: {a: [1]}},
    {name: 'merges objects', target: {a: {b: 'c', d: 1}}, patch: {a: {b: 'd', c: null}}, result: {a: {b: 'd', d: 1}}},
    {name: 'keeps nulls in lists', target: {}, patch: {a: [null]}, result: {a: [null]}},
    {name: 'drops nulls of new objects', target: {}, patch: {a: {bb: {ccc: null}}}, result: {a: {bb: {}}}},
    {name: 'replaces a scalar by an object', target: {a: 1}, patch: {a: {b: 1}}, result: {a: {b: 1}}},
    {name: 'is the result where it is no object', target: {a: 1}, patch: ['c'], result: ['c']},
    {name: 'makes an object of what is none', target: [1], patch: {a: 'b', c: null}, result: {a: 'b'}},
  ])('$name', ({target, patch, result}) => {
    expect(applyMergePatch(target, patch)).toEqual(result);
  });

  const json = fc.jsonValue();

  test('twice is once', () => {
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const once = applyMergePatch(target, patch);
        expect(applyMergePatch(once, patch)).toEqual(once);
      }),
    );
  });

  test('an empty patch changes no object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (target) => {
        expect(applyMergePatch(target, {})).toEqual(target);
      }),
    );
  });

  test('leaves no member with the patch’s null, and keeps what the patch does not name', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), json),
        fc.dictionary(fc.string(), fc.constantFrom(null, 1)),
        (target, patch) => {
          const result = applyMergePatch(target, patch);
          if (!isObject(result)) throw new Error('no object');
          for (const name of Object.keys(patch)) expect(Object.hasOwn(result, name)).toBe(patch[name] !== null);
          for (const name of Object.keys(target))
            if (!Object.hasOwn(patch, name)) expect(result[name]).toEqual(target[name]);
        },
      ),
    );
  });
});
