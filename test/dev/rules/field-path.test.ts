import {expect, test} from 'vitest';

import {shownFieldPath} from '../../../src/dev/rules/field-path.ts';
import type {Schema} from '../../../src/dev/schema/schema.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    'a': {type: 'object', properties: {b: {type: 'string'}}},
    'm': {type: 'object', additionalProperties: {type: 'object', properties: {b: {type: 'string'}}}},
    'with.dot': {type: 'string'},
    "it's": {type: 'string'},
    'l': {type: 'array', items: {type: 'string'}},
  },
};

test.each([
  ['.a', 'a'],
  ['.a.b', 'a.b'],
  ["['a']['b']", 'a.b'],
  ['.m.key', 'm[key]'],
  [".m['a key'].b", 'm[a key].b'],
  ["['with.dot']", 'with.dot'],
  [String.raw`['it\'s']`, "it's"],
  ['a', undefined],
  ['.', undefined],
  ['.zork', undefined],
  ['.a.b.c', undefined],
  ['.l[0]', undefined],
  ["['a'", undefined],
  [String.raw`['\q']`, undefined],
  ['.constructor', undefined],
])('%s is %s', (path, shown) => {
  expect(shownFieldPath(path, schema)).toBe(shown);
});
