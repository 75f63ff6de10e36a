import {fileURLToPath} from 'node:url';

import {defineConfig} from 'vitest/config';

const real = process.env['ISTHMUS_BACKEND'] === 'real';
/** Real API servers are slower, above all where there are two cores for all of them. */
const slow = real ? {testTimeout: 60_000, hookTimeout: 120_000} : {};

/** Suites that no API server of the backend takes part in: about the embedded one itself, on light ones, on none at all. */
const backendless = [
  'test/dev/**',
  'test/hub/{convergence*,restart*,light-*}.integration.test.ts',
  'test/dns/resolvers/**',
];

/**
 * unit: pure code and in-process sockets, seconds in all.
 * integration: whole rooms against API servers, embedded or real ones by ISTHMUS_BACKEND (`*.integration.test.ts`).
 * e2e: separate OS processes, the real kubectl and dig.
 * real: against kube-apiservers of the testbed (docs/testbed.md).
 */
export default defineConfig({
  resolve: {
    alias: [
      {find: /^fast-check$/, replacement: fileURLToPath(new URL('test/tools/seeded-fast-check.ts', import.meta.url))},
    ],
  },
  test: {
    pool: 'forks',
    // The clusters of the pool are given to one suite at a time.
    maxWorkers: real ? 1 : 2,
    testTimeout: 20_000,
    // Hooks have no second try.
    hookTimeout: 120_000,
    // A shared CI machine stalls for seconds at a time. A test that needed another try is shown as `(retry x1)`, and is a flaw to mend.
    retry: process.env['CI'] === 'true' ? 2 : 0,
    // The default is one second: a machine that stands still for that long is no failure.
    expect: {poll: {timeout: 10_000}},
    projects: [
      {
        extends: true,
        test: {name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/**/*.integration.test.ts', 'test/e2e/**']},
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.integration.test.ts'],
          exclude: ['test/testbed/**', ...(real ? backendless : [])],
          globalSetup: ['test/testbed/pool/global-setup.ts'],
          ...slow,
        },
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
        test: {name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 120_000},
      },
    ],
  },
});
