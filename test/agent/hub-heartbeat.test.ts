import {expect, test} from 'vitest';

import {HEARTBEAT_EXPIRY_MS, HubHeartbeat} from '../../src/agent/hub-heartbeat.ts';
import type {Lease} from '../../src/api/kinds.ts';

function lease(renewTime: string): Lease {
  return {apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {name: 'isthmus-hub'}, spec: {renewTime}};
}

test('no Lease was ever seen: no hub has been here', () => {
  const heartbeat = new HubHeartbeat();
  heartbeat.observe(undefined, 0);
  expect(heartbeat.signal(1_000_000)).toEqual({state: 'Never'});
});

test('expiry counts from when a change was seen, whatever the hub believes the time to be (design §6)', () => {
  const heartbeat = new HubHeartbeat();
  heartbeat.observe(lease('2001-01-01T00:00:00.000000Z'), 1_000);
  expect(heartbeat.signal(1_000 + HEARTBEAT_EXPIRY_MS - 1).state).toBe('Alive');
  expect(heartbeat.signal(1_000 + HEARTBEAT_EXPIRY_MS).state).toBe('Expired');
});

test('a Lease that is read again without a new renewTime is no heartbeat', () => {
  const heartbeat = new HubHeartbeat();
  heartbeat.observe(lease('2026-01-01T00:00:00.000000Z'), 0);
  heartbeat.observe(lease('2026-01-01T00:00:00.000000Z'), HEARTBEAT_EXPIRY_MS);
  expect(heartbeat.signal(HEARTBEAT_EXPIRY_MS).state).toBe('Expired');
});

test('a deleted Lease does not shorten the life of the last heartbeat', () => {
  const heartbeat = new HubHeartbeat();
  heartbeat.observe(lease('2026-01-01T00:00:00.000000Z'), 0);
  heartbeat.observe(undefined, 10);
  expect(heartbeat.signal(HEARTBEAT_EXPIRY_MS - 1).state).toBe('Alive');
});

test('heartbeats that come back after they had expired begin anew: nothing is older than that (design §6)', () => {
  const heartbeat = new HubHeartbeat();
  heartbeat.observe(lease('2026-01-01T00:00:00.000000Z'), 0);
  heartbeat.observe(lease('2026-01-01T00:00:10.000000Z'), 10_000);
  expect(heartbeat.signal(10_000)).toEqual({state: 'Alive', observedMs: 10_000});
  const backMs = 10_000 + HEARTBEAT_EXPIRY_MS;
  heartbeat.observe(lease('2026-01-01T00:01:00.000000Z'), backMs);
  heartbeat.observe(lease('2026-01-01T00:01:10.000000Z'), backMs + 10_000);
  expect(heartbeat.signal(backMs + 10_000)).toEqual({state: 'Alive', observedMs: backMs + 10_000, sinceMs: backMs});
});

test('a Lease that was there at start is no heartbeat before it has changed: it may be of a hub that is gone', () => {
  const heartbeat = new HubHeartbeat();
  heartbeat.observe(lease('2026-01-01T00:00:00.000000Z'), 0);
  expect(heartbeat.signal(1)).toEqual({state: 'Alive', observedMs: 0, unconfirmed: true});
  heartbeat.observe(lease('2026-01-01T00:00:10.000000Z'), 10_000);
  expect(heartbeat.signal(10_000)).toEqual({state: 'Alive', observedMs: 10_000});
});
