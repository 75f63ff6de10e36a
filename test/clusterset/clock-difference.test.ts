import {expect, test} from 'vitest';

import {compareClocks} from '../../src/clusterset/clock-difference.ts';

const at = (aheadMs: number): {aheadMs: number; errorMs: number} => ({aheadMs, errorMs: 500});

test.each([
  ['the same', at(0), at(0), 'Close'],
  ['just within two seconds', at(2_000), at(0), 'Close'],
  ['over two seconds ahead', at(2_001), at(0), 'Apart'],
  ['over two seconds behind', at(-500), at(1_600), 'Apart'],
  ['both wrong by the same', at(90_000), at(90_000), 'Close'],
  ['one says nothing', undefined, at(0), 'Unknown'],
])('%s', (_, a, b, verdict) => {
  expect(compareClocks(a, b).verdict).toBe(verdict);
});

test('the difference is that of the first to the second, with the doubt of both', () => {
  expect(compareClocks(at(-3_000), at(1_000))).toEqual({verdict: 'Apart', differenceMs: -4_000, errorMs: 1_000});
});
