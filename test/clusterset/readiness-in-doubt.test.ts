import {describe, expect, test} from 'vitest';

import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import type {Route} from '../../src/clusterset/decision.ts';
import {explainRoute, formatTrace} from '../../src/clusterset/explain.ts';
import {route} from '../../src/clusterset/route.ts';
import {isStalenessDue, STALENESS_BOUND_MS} from '../../src/clusterset/staleness.ts';
import type {ClusterView, View} from '../../src/clusterset/view.ts';
import {aCluster, anImport, aTrafficPolicy, aView} from './fixtures.ts';

/** Absent, unknown and deleted are three things (design §6): what was told of readiness is unknown once it is too old. */

const everywhere = ['cluster-1', 'cluster-2', 'cluster-3'];
const c1 = {clusterKey: 'default/default/default/cluster-1'};

/** `cluster:weight`, tiers apart; the own cluster is cluster-2. */
function show({tiers}: Route): readonly (readonly string[])[] {
  return tiers.map((tier) => tier.map(({cluster, weight, local}) => `${local ? 'local' : cluster}:${weight}`));
}

describe('a word about readiness that is older than the staleness bound leaves nobody out, and puts nobody before who is ready', () => {
  const NOW_MS = 3_600_000;
  const longAgoMs = NOW_MS - STALENESS_BOUND_MS - 1;
  const lately = NOW_MS - STALENESS_BOUND_MS;
  const lost = (observedMs: number): Pick<View, 'hub' | 'atMs'> => ({
    hub: {state: 'Expired', observedMs},
    atMs: NOW_MS,
  });
  const unreachable = (sinceMs: number, over: Partial<ClusterView> = {}): Parameters<typeof aView>[0] => ({
    atMs: NOW_MS,
    clusters: [
      aCluster('cluster-1', {api: {state: 'Unreachable', sinceMs}, ...over}),
      aCluster('cluster-2'),
      aCluster('cluster-3'),
    ],
  });
  interface Row {
    readonly name: string;
    readonly parts: Parameters<typeof aView>[0];
    readonly ready: readonly string[];
    readonly policy?: GlobalTrafficPolicy['spec'];
    readonly tiers: readonly (readonly string[])[];
    readonly notReady: readonly string[];
  }
  const rows: readonly Row[] = [
    {
      name: 'the hub is lost for less: as it said',
      ...{parts: lost(lately), ready: ['cluster-3'], tiers: [['cluster-3:100']], notReady: ['cluster-1', 'cluster-2']},
    },
    {
      name: 'the hub is lost for longer: after who was ready, in their own order, the own cluster too',
      ...{parts: lost(longAgoMs), ready: ['cluster-3'], tiers: [['cluster-3:100'], ['local:100'], ['cluster-1:100']]},
      notReady: [],
    },
    {
      name: 'the hub is lost for longer, and nobody was ready: as if nothing were known',
      ...{parts: lost(longAgoMs), ready: [], tiers: [['local:100'], ['cluster-1:100', 'cluster-3:100']], notReady: []},
    },
    {
      name: 'the one target of a policy',
      ...{parts: lost(longAgoMs), ready: ['cluster-2'], tiers: [['cluster-1:100']], notReady: []},
      policy: {lbType: 'Locality', targets: [c1]},
    },
    {
      name: 'no hub was ever seen: nothing is known to be old',
      ...{parts: {hub: {state: 'Never'}, atMs: NOW_MS}, ready: ['cluster-2'], tiers: [['local:100']]},
      notReady: ['cluster-1', 'cluster-3'],
    },
    {
      name: 'its API server alone is lost for longer, its gateway answers',
      ...{parts: unreachable(longAgoMs), ready: ['cluster-2'], tiers: [['local:100'], ['cluster-1:100']]},
      notReady: ['cluster-3'],
    },
    {
      name: 'its API server alone is lost for less',
      ...{
        parts: unreachable(lately),
        ready: ['cluster-2'],
        tiers: [['local:100']],
        notReady: ['cluster-1', 'cluster-3'],
      },
    },
    {
      name: 'nobody here sees its gateway: the hub may have withdrawn it, which it says in the same way',
      parts: unreachable(longAgoMs, {gatewayHealth: 'Unknown'}),
      ...{ready: ['cluster-2'], tiers: [['local:100']], notReady: ['cluster-1', 'cluster-3']},
    },
  ];
  test.each(rows)('$name', ({parts, ready, policy, tiers, notReady}) => {
    const trafficPolicy = policy === undefined ? {} : {policy: aTrafficPolicy(policy)};
    const input = {import: anImport(everywhere, {readyClusters: ready}), view: aView(parts), ...trafficPolicy};
    const decided = route(input);
    expect(show(decided)).toEqual(tiers);
    const left = decided.leftOut.filter(({reason}) => reason === 'NoReadyEndpoint').map(({cluster}) => cluster);
    expect(left).toEqual(notReady);
    const doubted = decided.tiers.flat().filter(({readinessInDoubt}) => readinessInDoubt === true);
    expect(doubted.map(({cluster}) => cluster).every((cluster) => !ready.includes(cluster))).toBe(true);
    const trace = formatTrace(explainRoute(input));
    expect(trace.match(/no ready endpoint was told too long ago/g) ?? []).toHaveLength(doubted.length);
  });

  test('a gateway that is dead by the own probes is left out all the same', () => {
    const clusters = [aCluster('cluster-1', {gatewayHealth: 'Dead'}), aCluster('cluster-2')];
    const view = aView({...lost(longAgoMs), clusters});
    const decided = route({import: anImport(['cluster-1'], {readyClusters: []}), view});
    expect(decided.leftOut.map(({reason}) => reason)).toEqual(['GatewayDead']);
  });

  test('time alone makes a new view due when the hub has been silent for that long', () => {
    const view = aView({hub: {state: 'Expired', observedMs: 0}, atMs: 60_000});
    expect(isStalenessDue(view, STALENESS_BOUND_MS)).toBe(false);
    expect(isStalenessDue(view, STALENESS_BOUND_MS + 1)).toBe(true);
    expect(isStalenessDue({...view, atMs: STALENESS_BOUND_MS + 1}, STALENESS_BOUND_MS + 2)).toBe(false);
  });
});
