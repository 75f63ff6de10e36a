import {expect, test} from 'vitest';

import {hubMetrics} from '../../cli/metrics.ts';
import type {HubStatus, MemberStatus} from '../../src/hub/hub-status.ts';
import {initialStatus} from '../../src/kube/reflector-status.ts';

const opinion = {status: 'True', reason: 'Ready', message: ''} as const;

function aMember(cluster: string, tokenExpiresMs: number | undefined): MemberStatus {
  return {
    ...{cluster, tokenExpiresMs, reachable: true, synced: true, conditions: {reachable: opinion, synced: opinion}},
    ...{lastSuccessMs: undefined, lastError: undefined, version: undefined, writing: true, holdsLease: true},
    ...{
      exports: 0,
      heldBack: [],
      queueDepth: 0,
      failing: 0,
      leftAlone: 0,
      writes: 0,
      importedSlices: 0,
      reflectors: {},
    },
  };
}

async function metricsOf(members: readonly MemberStatus[]): Promise<readonly string[]> {
  const status: HubStatus = {
    ...{gathered: true, exportedNames: 0, policyLists: {}, clusterList: initialStatus(), sharedLists: {}},
    ...{replicas: undefined, epoch: 1, members, leaving: []},
    gateways: {reports: undefined, suspectsItself: false, withdrawn: []},
  };
  const text = await hubMetrics({status: () => status}, () => undefined)();
  return text.split('\n').filter((line) => line.startsWith('isthmus_hub_member_token_expiry'));
}

test('the moment a token expires is in seconds since the epoch; a token that says nothing has no sample, not 0', async () => {
  const seen = await metricsOf([aMember('cluster-1', 1_795_000_000_500), aMember('cluster-2', undefined)]);
  expect(seen).toEqual(['isthmus_hub_member_token_expiry_timestamp_seconds{cluster="cluster-1"} 1795000000.5']);
});

test('a hub whose tokens all say nothing has no sample at all', async () => {
  expect(await metricsOf([aMember('cluster-1', undefined)])).toEqual([]);
});
