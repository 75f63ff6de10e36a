import {describe, expect, test} from 'vitest';
import {jsonEquals} from '../../../src/dev/schema/json.ts';

describe('jsonEquals', () => {
  test('does not mind the order of keys, and tells null from missing', () => {
    expect(jsonEquals({a: 1, b: [{c: 2}]}, {b: [{c: 2}], a: 1})).toBe(true);
    expect(jsonEquals({a: null}, {})).toBe(false);
    expect(jsonEquals([1, 2], [2, 1])).toBe(false);
    expect(jsonEquals([], {})).toBe(false);
  });
});
