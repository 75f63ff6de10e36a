import {describe, vi} from 'vitest';
import {testConvergence} from './convergence/suite.ts';

/**
 * From any sequence of changes, crashes and faults the members converge to what the pure engine says for the final state, and no
 * import is taken away on the way whose export was there all the time (design §5). On light API servers, in virtual time.
 */
vi.mock('undici', async () => ({Agent: (await import('../tools/light/light-network.ts')).LightAgent}));

describe('convergence', () => {
  testConvergence('any sequence', {runs: 1_000, bulk: false});
});
