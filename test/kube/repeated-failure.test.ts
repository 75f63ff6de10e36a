import {pino} from 'pino';
import {expect, test} from 'vitest';

import {configMaps} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {Reflector} from '../../src/kube/reflector.ts';
import {RepeatedFailure} from '../../src/kube/repeated-failure.ts';
import {transportError} from '../../src/kube/status-error.ts';
import {eventually} from '../tools/eventually.ts';

const away = new Error('connect ECONNREFUSED');

test('the same words are told the first, second, fourth, eighth time and so on', () => {
  const failing = new RepeatedFailure();
  const told = Array.from({length: 1000}, (_, i) => (failing.levelOf(away) === 'warn' ? i + 1 : 0)).filter(Boolean);
  expect(told).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
});

test('other words are told at once, and so are the same ones after it went well', () => {
  const failing = new RepeatedFailure();
  const levels = Array.from({length: 3}, () => failing.levelOf(away));
  expect(levels).toEqual(['warn', 'warn', 'debug']);
  expect(failing.levelOf(new Error('Unauthorized'))).toBe('warn');
  expect(failing.levelOf(away)).toBe('warn');
  failing.levelOf(away);
  expect(failing.levelOf(away)).toBe('debug');
  failing.end();
  expect(failing.levelOf(away)).toBe('warn');
});

test('an API server that is away does not fill the log of a reflector', async () => {
  const lines: string[] = [];
  let lists = 0;
  const client: Pick<KubeClient, 'pages' | 'watch'> = {
    async *pages() {
      await Promise.resolve();
      lists++;
      yield* [];
      throw transportError(away, 'GET /api/v1/configmaps');
    },
    async *watch() {
      await Promise.resolve();
      yield* [];
    },
  };
  const stop = new AbortController();
  const reflector = new Reflector<object>({
    ...{client, resource: configMaps, keep: (raw) => raw, backoff: {minMs: 2, maxMs: 2}, random: () => 0.5},
    logger: pino({level: 'info'}, {write: (line: string) => void lines.push(line)}),
  });
  reflector.start(stop.signal);
  await eventually('a hundred lists', () => lists >= 100);
  stop.abort();
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThanOrEqual(8);
});
