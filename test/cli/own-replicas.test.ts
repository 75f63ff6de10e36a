import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {ownReplicas} from '../../cli/takeover/own-replicas.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {statusError} from '../../src/kube/status-error.ts';

/** Which replicas a hub is known to have, by the Leases in its own cluster (design §3). */

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'performance']});
});
afterEach(() => {
  vi.useRealTimers();
});

/** @param list - the Leases at a time, milliseconds since the beginning: who holds them, and since when */
async function replicasOf(
  list: (atMs: number) => readonly (readonly [string, string])[],
): Promise<{found: readonly string[]; tookMs: number}> {
  const begunMs = performance.now();
  const asked = async (): Promise<object> => {
    const all = list(performance.now() - begunMs);
    return {items: all.map(([holderIdentity, renewTime]) => ({spec: {holderIdentity, renewTime}}))};
  };
  const client = {list: asked} as unknown as KubeClient;
  const {signal} = new AbortController();
  let tookMs = NaN;
  const run = ownReplicas({client, namespace: 'isthmus-system'}, {watchMs: 40_000, signal}).finally(() => {
    tookMs = performance.now() - begunMs;
  });
  await Promise.all([vi.advanceTimersByTimeAsync(60_000), run]);
  return {found: [...(await run)].sort(), tookMs};
}

const renewals = (atMs: number, everyMs: number): string => String(Math.floor(atMs / everyMs));

test('who renews is one, and nobody waits longer than for all of them', async () => {
  const {found, tookMs} = await replicasOf((atMs) => [
    ['a', renewals(atMs, 10_000)],
    ['b', renewals(atMs, 9_000)],
  ]);
  expect(found).toEqual(['a', 'b']);
  expect(tookMs).toBeLessThanOrEqual(10_000);
});

test('who does not renew for all of the time is none: it died, or came with a snapshot', async () => {
  const {found, tookMs} = await replicasOf((atMs) => [
    ['a', renewals(atMs, 10_000)],
    ['stale', 'x'],
    ['', renewals(atMs, 5_000)],
  ]);
  expect(found).toEqual(['a']);
  expect(tookMs).toBe(40_000);
});

test('where there is none nothing is waited for', async () => {
  expect(await replicasOf(() => [])).toEqual({found: [], tookMs: 0});
});

test('where they may not be listed nobody is taken for one; other failures are told', async () => {
  const fail = (code: number) => (): never => {
    throw statusError({code, message: 'no'}, {request: 'GET'});
  };
  expect(await replicasOf(fail(403))).toMatchObject({found: []});
  await expect(replicasOf(fail(500))).rejects.toThrow('no');
});
