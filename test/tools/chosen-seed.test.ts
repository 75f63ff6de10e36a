import fc from 'fast-check';
import {describe, expect, test, vi} from 'vitest';

import {chosenSeed} from './chosen-seed.ts';
import {PROPERTY_SEED} from './seeded-fast-check.ts';

describe('the seed of a test that makes up what it does', () => {
  test.each([
    {name: 'what the variable says', env: {CI: 'true', MY_SEED: '7'}, seed: 7},
    {name: 'a fixed one in CI', env: {CI: 'true'}, seed: 3},
  ])('is $name', ({env, seed}) => {
    expect(chosenSeed('MY_SEED', 3, env)).toBe(seed);
  });

  test.each([{env: {}}, {env: {CI: 'false'}}, {env: {CI: 'true', ISTHMUS_LONG: '1'}}])(
    'is another one each time with $env',
    ({env}) => {
      vi.useFakeTimers({now: 1_234_567});
      expect(chosenSeed('MY_SEED', 3, env)).toBe(1_234_567);
      vi.useRealTimers();
    },
  );
});

/** As a test file has it in such a run: two samples of one arbitrary. */
async function samplesWith(ci: string): Promise<readonly (readonly number[])[]> {
  vi.stubEnv('CI', ci);
  vi.stubEnv('ISTHMUS_LONG', '');
  vi.resetModules();
  fc.resetConfigureGlobal();
  try {
    await import('fast-check');
    return [fc.sample(fc.nat(), 10), fc.sample(fc.nat(), 10)];
  } finally {
    vi.unstubAllEnvs();
  }
}

test('properties that name no seed try the same in every CI run, and something else in others', async () => {
  const [one, two] = await samplesWith('true');
  expect(one).toEqual(two);
  expect(one).toEqual(fc.sample(fc.nat(), {numRuns: 10, seed: PROPERTY_SEED}));
  const [three, four] = await samplesWith('false');
  expect(three).not.toEqual(four);
});
