import {pino} from 'pino';
import {expect, test} from 'vitest';

import {configMaps} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {Reflector} from '../../src/kube/reflector.ts';
import {eventually} from '../tools/eventually.ts';

const refused = new KubeError('ISTHMUS_KUBE_STATUS', 'User "u" cannot list resource "configmaps"', {
  status: 403,
  reason: 'Forbidden',
});

/** Lists that are refused so many times, then are empty; watches that stay open. */
function reflect(refusals: number): {reflector: Reflector<object>; stop: AbortController} {
  let left = refusals;
  const stop = new AbortController();
  const client: Pick<KubeClient, 'pages' | 'watch'> = {
    async *pages() {
      await Promise.resolve();
      if (left-- > 0) throw refused;
      yield {items: [], resourceVersion: '1'};
    },
    async *watch(_resource, o) {
      o.onOpen?.();
      await new Promise((ended) => o.signal?.addEventListener('abort', ended, {once: true}));
      yield* [];
    },
  };
  const reflector = new Reflector<object>({
    ...{client, resource: configMaps, keep: (raw) => raw, logger: pino({level: 'silent'})},
    ...{backoff: {minMs: 1, maxMs: 2}},
  });
  reflector.start(stop.signal);
  return {reflector, stop};
}

test('a few 403s, as of an API server that has just started, are not said', async () => {
  const {reflector, stop} = reflect(4);
  const said: unknown[] = [];
  await eventually('the list', () => {
    said.push(reflector.status().forbidden);
    return reflector.status().synced;
  });
  expect(new Set(said)).toEqual(new Set([undefined]));
  stop.abort();
});

test('403s in a row are said in the words of the API server, are not an empty list, and end with the first answer', async () => {
  const {reflector, stop} = reflect(2_000);
  const forbidden = await eventually('it to be said', () => reflector.status().forbidden);
  expect(forbidden).toContain('cannot list resource "configmaps"');
  expect(reflector.status().synced).toBe(false);
  stop.abort();
  const healed = reflect(8);
  await eventually('the list', () => healed.reflector.status().synced);
  expect(healed.reflector.status().forbidden).toBeUndefined();
  healed.stop.abort();
});
