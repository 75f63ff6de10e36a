import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {Correlation} from '../../../src/dev/schema/correlation.ts';
import type {Schema} from '../../../src/dev/schema/schema.ts';

const item: Schema = {type: 'object', properties: {name: {type: 'string'}, port: {type: 'integer'}}};
const byName: Schema = {
  'type': 'array',
  'items': item,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
};
const schema: Schema = {
  type: 'object',
  properties: {
    ports: byName,
    atoms: {type: 'array', items: item},
    labels: {type: 'object', additionalProperties: {type: 'string'}},
    any: {'type': 'object', 'x-kubernetes-preserve-unknown-fields': true},
  },
};
const of = (value: unknown, old: unknown): Correlation => new Correlation(value, old, schema);

describe('what correlates', () => {
  test('items by their keys, wherever they stand', () => {
    const ports = of({ports: [{name: 'b', port: 1}]}, {ports: [{name: 'a'}, {name: 'b', port: 2}]}).member('ports');
    expect(ports?.item(0)).toMatchObject({value: {name: 'b', port: 1}, old: {name: 'b', port: 2}});
    expect(ports?.item(0)?.member('name')?.isUnchanged).toBe(true);
    expect(ports?.item(0)?.isUnchanged).toBe(false);
  });

  test.each([
    [
      'an item that is new',
      of({ports: [{name: 'c'}]}, {ports: [{name: 'a'}]})
        .member('ports')
        ?.item(0),
    ],
    [
      'an item without its key',
      of({ports: [{port: 1}]}, {ports: [{port: 1}]})
        .member('ports')
        ?.item(0),
    ],
    [
      'an item of an atomic list',
      of({atoms: [{name: 'a'}]}, {atoms: [{name: 'a'}]})
        .member('atoms')
        ?.item(0),
    ],
    [
      'an item behind the end',
      of({ports: []}, {ports: [{name: 'a'}]})
        .member('ports')
        ?.item(0),
    ],
    ['a member that is new', of({labels: {a: 'b'}}, {}).member('labels')],
    ['a member that is gone', of({}, {labels: {a: 'b'}}).member('labels')],
    ['a member that nobody declared', of({zork: 1}, {zork: 1}).member('zork')],
  ])('not %s', (_, found) => {
    expect(found).toBeUndefined();
  });
});

describe('what is unchanged', () => {
  test.each([
    ['a map', {labels: {a: 'b'}}, {labels: {a: 'b'}}, true],
    ['a map with another value', {labels: {a: 'b'}}, {labels: {a: 'c'}}, false],
    [
      'items with keys in another order',
      {ports: [{name: 'a'}, {name: 'b'}]},
      {ports: [{name: 'b'}, {name: 'a'}]},
      true,
    ],
    ['one item more', {ports: [{name: 'a'}]}, {ports: [{name: 'a'}, {name: 'b'}]}, false],
    ['atomic items in another order', {atoms: [{name: 'a'}, {name: 'b'}]}, {atoms: [{name: 'b'}, {name: 'a'}]}, false],
    // Nothing is known of what is below, so nothing is said to be the same.
    ['undeclared members', {zork: 1}, {zork: 1}, false],
  ])('%s', (_, value, old, isUnchanged) => {
    expect(of(value, old).isUnchanged).toBe(isUnchanged);
  });

  test('whatever is declared and equal', () => {
    const name = fc.string();
    const port = fc.record({name, port: fc.integer()});
    const object = fc.record({
      ports: fc.uniqueArray(port, {selector: (one) => one.name}),
      atoms: fc.array(port),
      labels: fc.dictionary(name, name),
    });
    fc.assert(fc.property(object, (value) => of(value, structuredClone(value)).isUnchanged));
  });
});
