import {defineConfig} from 'vitest/config';

/**
 * unit: pure code and in-process sockets, seconds in all.
 * integration: whole rooms against embedded API servers (`*.integration.test.ts`).
 * e2e: separate OS processes, the real kubectl and dig.
 * real: against kube-apiservers of the testbed (docs/testbed.md).
 */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/**/*.integration.test.ts', 'test/e2e/**']},
      },
      {
        extends: true,
        test: {name: 'integration', include: ['test/**/*.integration.test.ts'], exclude: ['test/testbed/**']},
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/testbed/**/*.integration.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000},
      },
    ],
  },
});
