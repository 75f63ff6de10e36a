import fc from 'fast-check';
import {expect, test} from 'vitest';
import {Recent} from '../../src/kube/recent.ts';

test('the last so many are there, and what is older than twice as many is not', () => {
  fc.assert(
    fc.property(fc.integer({min: 1, max: 20}), fc.integer({min: 1, max: 200}), (size, count) => {
      const recent = new Recent<number>(size);
      for (let i = 0; i < count; i++) recent.set(`key ${i}`, i);
      if (count > 2 * size) expect(recent.get('key 0')).toBeUndefined();
      // The newest first: whatever is asked for becomes newer than the rest.
      for (let i = count - 1; i >= Math.max(0, count - size); i--) expect(recent.get(`key ${i}`)).toBe(i);
    }),
  );
});

test('what is asked for again and again stays, whatever else comes', () => {
  const recent = new Recent<string>(4);
  recent.set('steady', 'here');
  for (let i = 0; i < 100; i++) {
    recent.set(`passing ${i}`, '');
    expect(recent.get('steady')).toBe('here');
  }
  expect(recent.get('passing 0')).toBeUndefined();
});
