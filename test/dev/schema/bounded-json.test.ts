import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {isDeeperThan, MAX_DEPTH, parseBoundedJson} from '../../../src/dev/schema/bounded-json.ts';

const nested = (levels: number): string => `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`;

describe('parseBoundedJson', () => {
  test('takes what nests as deep as it may', () => {
    expect(isDeeperThan(MAX_DEPTH - 1, parseBoundedJson(nested(MAX_DEPTH)))).toBe(true);
  });

  test('refuses one level more', () => {
    expect(() => parseBoundedJson(`[${nested(MAX_DEPTH)}]`)).toThrow('exceeded max depth');
  });

  test.each([
    {name: 'brackets in strings', text: JSON.stringify('['.repeat(1000))},
    {name: 'escaped quotes before brackets', text: JSON.stringify({a: `\\"${'{'.repeat(1000)}`})},
    {name: 'siblings', text: JSON.stringify(Array.from({length: 1000}, () => [{}]))},
  ])('$name do not count', ({text}) => {
    expect(parseBoundedJson(text)).toEqual(JSON.parse(text));
  });

  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({maxDepth: 8}), (text) => {
        expect(parseBoundedJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});
