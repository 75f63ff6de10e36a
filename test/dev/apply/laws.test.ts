import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {difference, equalSets, intersection, isEmptySet, setOf, union} from '../../../src/dev/apply/field-set.ts';
import type {FieldSet} from '../../../src/dev/apply/field-set.ts';
import {decodeFieldsV1, encodeFieldsV1} from '../../../src/dev/apply/fields-v1.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {widget} from './example-kinds.ts';
import {startStory} from './story.ts';

const word = fc.constantFrom('a', 'b', 'c');

/** A spec that fits the widget, of which most parts may be missing. */
function specs(names: fc.Arbitrary<string>): fc.Arbitrary<JsonObject> {
  const unique = {maxLength: 2, selector: (item: {readonly name: string}): string => item.name};
  return fc.record(
    {
      atoms: fc.array(word, {maxLength: 2}),
      items: fc.uniqueArray(fc.record({name: names, value: word}, {requiredKeys: ['name']}), unique),
      opts: fc.dictionary(names, word, {maxKeys: 2}),
      tags: fc.uniqueArray(names, {maxLength: 1}),
      min: fc.integer({min: 0, max: 3}),
      any: fc.dictionary(names, fc.jsonValue({maxDepth: 1}), {maxKeys: 2}),
    },
    {requiredKeys: []},
  );
}

const anySpec = specs(word);
const m1 = {manager: 'm1', force: true};
const m2 = {manager: 'm2', force: true};

describe('server-side apply', () => {
  test('twice is once', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (first, spec) => {
        const story = startStory(widget);
        story.apply(m1, {spec: first});
        story.apply(m2, {spec});
        const [object, owners] = [story.object(), story.owners()];
        expect(story.apply(m2, {spec})).toBe('unchanged');
        expect([story.object(), story.owners()]).toEqual([object, owners]);
      }),
    );
  });

  test('of two managers with fields of their own does not depend on who comes first', () => {
    // The label sees to it that each owns something: an object without any owner would belong to before-first-apply.
    const own = (prefix: string): fc.Arbitrary<JsonObject> => {
      const spec = specs(word.map((name) => prefix + name));
      return spec.map(({items, opts, tags}) => ({
        metadata: {labels: {[prefix]: '1'}},
        spec: {items: items ?? [], opts: opts ?? {}, tags: tags ?? []},
      }));
    };
    const sorted = (object: JsonObject): JsonObject => {
      const spec = (object['spec'] ?? {}) as Record<string, unknown>;
      const lists = Object.entries(spec).map(([key, value]) => [
        key,
        Array.isArray(value) ? value.map((v) => JSON.stringify(v)).sort() : value,
      ]);
      return Object.fromEntries(lists) as JsonObject;
    };
    fc.assert(
      fc.property(own('x'), own('y'), (a, b) => {
        const [one, other] = [startStory(widget), startStory(widget)];
        one.apply({manager: 'm1'}, a);
        one.apply({manager: 'm2'}, b);
        other.apply({manager: 'm2'}, b);
        other.apply({manager: 'm1'}, a);
        expect(sorted(one.object())).toEqual(sorted(other.object()));
        expect(one.owners()).toEqual(other.owners());
      }),
    );
  });

  test('of nothing gives up everything, and removes what nobody else owns', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        const story = startStory(widget);
        story.apply(m1, {spec: {...a, min: 1}});
        const {min: _min, ...rest} = b;
        story.apply({manager: 'm2'}, {spec: rest});
        story.apply(m1, {});
        expect(story.owners()).not.toHaveProperty(['m1 Apply']);
        expect(story.object()).not.toHaveProperty(['spec', 'min']);
      }),
    );
  });

  test('leaves every applied value in the object when forced', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        const story = startStory(widget);
        story.apply(m1, {spec: a});
        story.apply(m2, {spec: b});
        const spec = (story.object()['spec'] ?? {}) as JsonObject;
        for (const [key, value] of Object.entries(b)) {
          if (key === 'atoms' || key === 'min') expect(spec[key]).toEqual(value);
          if (key === 'opts') expect(spec[key]).toMatchObject(value as object);
          if (key === 'tags') expect(spec[key] ?? []).toEqual(expect.arrayContaining(value as unknown[]));
        }
      }),
    );
  });
});

const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"a"}', 'v:"x"'), {minLength: 1, maxLength: 3});
const sets: fc.Arbitrary<FieldSet> = fc.array(path, {maxLength: 6}).map((paths) => setOf(...paths));

describe('field sets', () => {
  test('read back as they were written', () => {
    fc.assert(fc.property(sets, (set) => equalSets(decodeFieldsV1(encodeFieldsV1(set)) ?? setOf(['none']), set)));
  });

  test('are cut into the part in another set and the part outside', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        expect(equalSets(union(difference(a, b), intersection(a, b)), a)).toBe(true);
        expect(isEmptySet(intersection(difference(a, b), b))).toBe(true);
        expect(equalSets(union(a, b), union(b, a))).toBe(true);
        expect(equalSets(union(a, a), a)).toBe(true);
      }),
    );
  });

  test.each([
    {name: 'no object', fields: 'x'},
    {name: 'an element without a sort', fields: {spec: {}}},
    {name: 'a key that is no JSON', fields: {'k:{': {}}},
    {name: 'a member that is no object', fields: {'f:spec': 1}},
  ])('$name is not read as a set', ({fields}) => {
    expect(decodeFieldsV1(fields)).toBeUndefined();
  });
});
