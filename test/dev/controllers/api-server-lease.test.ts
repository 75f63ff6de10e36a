import {describe, expect, test, vi} from 'vitest';
import {startApiServerLease} from '../../../src/dev/controllers/api-server-lease.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster, namespace} from './memory-cluster.ts';

const LEASES = {group: 'coordination.k8s.io', plural: 'leases'};

describe('the Lease of the API server', () => {
  test('is there as soon as it was started, is renewed, and no more after the end', () => {
    vi.useFakeTimers();
    try {
      const {api} = memoryCluster();
      api.create({group: '', plural: 'namespaces'}, namespace('kube-system'));
      let nowMs = Date.parse('2026-11-21T14:00:00.000Z');
      const stop = startApiServerLease(api, {name: 'cluster-1', address: '127.0.0.1:6443', nowMs: () => nowMs});
      const spec = (): JsonObject => api.list(LEASES, 'kube-system')[0]?.['spec'] as JsonObject;
      expect(api.list(LEASES, 'kube-system')).toMatchObject([
        {
          metadata: {
            name: expect.stringMatching(/^apiserver-[0-9a-v]{26}$/),
            labels: {'apiserver.kubernetes.io/identity': 'kube-apiserver'},
          },
          spec: {leaseDurationSeconds: 3600, renewTime: '2026-11-21T14:00:00.000000Z'},
        },
      ]);
      const {holderIdentity} = spec();
      nowMs += 600_000;
      vi.advanceTimersByTime(600_000);
      expect(spec()).toMatchObject({renewTime: '2026-11-21T14:10:00.000000Z', holderIdentity});
      stop();
      nowMs += 600_000;
      vi.advanceTimersByTime(600_000);
      expect(spec()).toMatchObject({renewTime: '2026-11-21T14:10:00.000000Z'});
    } finally {
      vi.useRealTimers();
    }
  });
});
