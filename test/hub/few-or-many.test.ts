import fc from 'fast-check';
import {expect, test} from 'vitest';
import {FewOrMany} from '../../src/hub/few-or-many.ts';

test('it is a map, with few entries and with many', () => {
  const change = fc.tuple(fc.integer({min: 0, max: 15}), fc.option(fc.integer(), {nil: undefined}));
  fc.assert(
    fc.property(fc.array(change, {maxLength: 60}), (changes) => {
      const objects = new FewOrMany<number>();
      const expected = new Map<string, number>();
      for (const [number, value] of changes) {
        const key = `slice-${number}`;
        objects.set(key, value);
        if (value === undefined) expected.delete(key);
        else expected.set(key, value);
        expect([objects.size, objects.values()]).toEqual([expected.size, [...expected.values()]]);
      }
    }),
  );
});
