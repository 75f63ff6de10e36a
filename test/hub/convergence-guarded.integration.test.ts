import {describe, expect, test, vi} from 'vitest';
import {FOUND} from './convergence/found.ts';
import {runSequence} from './convergence/sequence.ts';
import {testConvergence} from './convergence/suite.ts';

/** As `convergence`, with so many exports in one member that a list of them that came back empty is held back (design §5). */
vi.mock('undici', async () => ({Agent: (await import('../tools/light/light-network.ts')).LightAgent}));

describe('convergence', () => {
  test.each(FOUND)('$name', async (sequence) => {
    expect(await runSequence(sequence)).toBeGreaterThan(0);
  });

  testConvergence('lists of exports that come back empty too', {runs: 1_000, bulk: true});
});
