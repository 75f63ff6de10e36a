import {expect, test} from 'vitest';
import {shared} from '../../src/hub/shared-parts.ts';

test('parts that say the same are one object, others are not', () => {
  const one = shared({clusters: [{cluster: 'a'}]});
  expect(shared({clusters: [{cluster: 'a'}]})).toBe(one);
  expect(shared({clusters: [{cluster: 'b'}]})).not.toBe(one);
});

test('an order that differs is another part: lists and texts made of it would differ too', () => {
  expect(shared({x: 1, y: 2})).not.toBe(shared({y: 2, x: 1}));
});

test('however many there are, what is shared is what was given', () => {
  const first = shared({first: true});
  for (let i = 0; i < 30_000; i++) expect(shared({i})).toEqual({i});
  // Forgotten by now, and still right.
  expect(shared({first: true})).toEqual(first);
  expect(shared({first: true})).not.toBe(first);
});
