import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import {drainedParts, drainShareAt} from '../../src/clusterset/drain.ts';
import {drainObstacles, lostRoutes} from '../../src/clusterset/drain-obstacles.ts';
import type {DrainedService} from '../../src/clusterset/drain-obstacles.ts';
import {route} from '../../src/clusterset/route.ts';
import {apportion, drainedTiers, MAX_TIER_WEIGHT} from '../../src/clusterset/tier-weights.ts';
import type {WeightedCluster} from '../../src/clusterset/tier-weights.ts';
import type {ClusterView, ImportView, View} from '../../src/clusterset/view.ts';
import {routeInputs} from './arbitraries.ts';
import {aCluster, anImport, anImportPolicy, aTrafficPolicy, aView, HTTP} from './fixtures.ts';

const of = (cluster: string, weight: number, drained = 0): WeightedCluster => ({cluster, weight, drained});

function show(tiers: readonly (readonly WeightedCluster[])[]): readonly (readonly string[])[] {
  return tiers.map((tier) => tier.map(({cluster, weight}) => `${cluster}:${weight}`));
}

describe('weights under a drain', () => {
  const cases = [
    {
      name: 'nobody drains: the weights of the policy',
      tiers: [[of('a', 20), of('b', 30)], [of('c', 70)]],
      shown: [['a:20', 'b:30'], ['c:70']],
    },
    {
      name: 'half of a goes to the others of its tier in their proportions',
      tiers: [[of('a', 100, 500), of('b', 100), of('c', 200)]],
      shown: [['a:1', 'b:2', 'c:4']],
    },
    {
      name: 'a tier that drains as a whole gives it to the next, which joins it meanwhile',
      tiers: [[of('a', 100, 250)], [of('b', 100), of('c', 100)], [of('d', 1)]],
      shown: [['a:6', 'b:1', 'c:1'], ['d:1']],
    },
    {
      name: 'two draining tiers in a row',
      tiers: [[of('a', 1, 500)], [of('b', 1, 500)], [of('c', 1)]],
      shown: [['a:2', 'b:1', 'c:1']],
    },
    {
      name: 'the last tier has nobody to give it to',
      tiers: [[of('a', 7)], [of('b', 100, 900), of('c', 100, 900)]],
      shown: [['a:7'], ['b:1', 'c:1']].map((tier, at) => (at === 0 ? ['a:1'] : tier)),
    },
  ];
  test.each(cases)('$name', ({tiers, shown}) => {
    expect(show(drainedTiers(tiers))).toEqual(shown);
  });

  const cluster = fc.record({weight: fc.integer({min: 1, max: 1_000_000}), drained: fc.integer({min: 0, max: 999})});
  const tier = fc.array(cluster, {minLength: 1, maxLength: 4});
  const named = fc
    .array(tier, {minLength: 1, maxLength: 3})
    .map((tiers) => tiers.map((each, t) => each.map((one, c) => ({...one, cluster: `${t}-${c}`}))));

  test('exactly: the first tier keeps what is not drained of each cluster, and the sum is the whole', () => {
    fc.assert(
      fc.property(named, (tiers) => {
        const [first = []] = drainedTiers(tiers);
        const [before = []] = tiers;
        const total = first.reduce((sum, {weight}) => sum + BigInt(weight), 0n);
        const isSpilling = tiers.length > 1 && before.every(({drained}) => drained > 0);
        const kept = (at: WeightedCluster) => BigInt(at.weight) * BigInt(1_000 - at.drained);
        // The exact whole: all of the tier where it spills over, else what is left of it.
        const whole = before.reduce((sum, at) => sum + (isSpilling ? BigInt(at.weight) * 1_000n : kept(at)), 0n);
        for (const at of before) {
          const weight = first.find(({cluster: id}) => id === at.cluster)?.weight ?? 0;
          // weight/total = kept/whole, up to the rounding that only sums beyond 32 bits need.
          const off = BigInt(weight) * whole - kept(at) * total;
          expect((off < 0n ? -off : off) <= (total * 8n > BigInt(MAX_TIER_WEIGHT) ? whole * 8n : 0n)).toBe(true);
        }
        expect(total).toBeLessThanOrEqual(BigInt(MAX_TIER_WEIGHT));
      }),
    );
  });

  test('whoever is in stays in, with a weight above 0, and in one tier', () => {
    fc.assert(
      fc.property(named, (tiers) => {
        const after = drainedTiers(tiers).flat();
        expect(after.map(({cluster: id}) => id).toSorted()).toEqual(
          tiers
            .flat()
            .map(({cluster: id}) => id)
            .toSorted(),
        );
        for (const {weight} of after) expect(Number.isInteger(weight) && weight > 0).toBe(true);
      }),
    );
  });
});

describe('apportion: whole parts of a total', () => {
  test.each([
    {weights: [1, 1, 1], total: 100, parts: [34, 33, 33]},
    {weights: [20, 30], total: 100, parts: [40, 60]},
    {weights: [0, 5], total: 3, parts: [0, 3]},
    {weights: [0], total: 100, parts: [0]},
  ])('$weights of $total', ({weights, total, parts}) => {
    expect(apportion(weights, total)).toEqual(parts);
  });

  test('the sum is the total exactly, and no part is off by one', () => {
    const weights = fc.array(fc.integer({min: 0, max: 1_000_000}), {minLength: 1}).filter((all) => all.some(Boolean));
    fc.assert(
      fc.property(weights, fc.integer({min: 0, max: 1_000_000}), (all, total) => {
        const parts = apportion(all, total);
        const sum = all.reduce((a, b) => a + b, 0);
        expect(parts.reduce((a, b) => a + b, 0)).toBe(total);
        for (const [at, part] of parts.entries()) {
          expect(Math.abs(part - ((all[at] ?? 0) * total) / sum)).toBeLessThan(1);
        }
      }),
    );
  });
});

describe('how much is drained', () => {
  const imported = anImport(['cluster-1']);
  test.each([
    {name: 'nothing', over: {}, parts: 0},
    {name: 'drain: true is all', over: {drain: true, drainShare: 0.1}, parts: 1_000},
    {name: 'a ramp', over: {drainShare: 0.25}, parts: 250},
    {name: 'more than all is all', over: {drainShare: 7}, parts: 1_000},
    {name: 'less than nothing is nothing', over: {drainShare: -1}, parts: 0},
    {name: 'what is no number drains nothing', over: {drainShare: Number.NaN}, parts: 0},
  ])('$name', ({over, parts}) => {
    expect(drainedParts(aCluster('cluster-1', over), imported)).toBe(parts);
  });

  test('a service may opt out', () => {
    const optedOut = anImport(['cluster-1'], {ignoreDrain: ['cluster-1']});
    expect(drainedParts(aCluster('cluster-1', {drain: true}), optedOut)).toBe(0);
    expect(drainedParts(aCluster('cluster-3', {drain: true}), optedOut)).toBe(1_000);
    expect(drainedParts(undefined, optedOut)).toBe(0);
  });

  test('in a route: half of c1 goes to the others, all of it leaves it out, an opted-out service keeps it', () => {
    const policy = aTrafficPolicy({
      lbType: 'ActiveActive',
      targets: ['cluster-1', 'cluster-3'].map((clusterKey) => ({clusterKey})),
    });
    const routed = (drainShare: number, over = {}) => {
      const clusters = [aCluster('cluster-1', {drainShare}), aCluster('cluster-2'), aCluster('cluster-3')];
      const {tiers} = route({import: anImport(['cluster-1', 'cluster-3'], over), view: aView({clusters}), policy});
      return tiers.map((tier) => tier.map(({cluster, weight, drained}) => `${cluster}:${weight}/${drained}`));
    };
    expect(routed(0)).toEqual([['cluster-1:100/0', 'cluster-3:100/0']]);
    expect(routed(0.5)).toEqual([['cluster-1:1/500', 'cluster-3:2/0']]);
    expect(routed(1)).toEqual([['cluster-3:100/0']]);
    expect(routed(1, {ignoreDrain: ['cluster-1']})).toEqual([['cluster-1:100/0', 'cluster-3:100/0']]);
  });

  test('a ramp is linear, keeps to its ends, and turning back starts where it is', () => {
    const down = {fromShare: 0, toShare: 1, startedAtMs: 1_000, overMs: 600_000};
    expect(drainShareAt(down, 0)).toBe(0);
    expect(drainShareAt(down, 301_000)).toBe(0.5);
    expect(drainShareAt(down, 10_000_000)).toBe(1);
    expect(drainShareAt({...down, overMs: 0}, 1_000)).toBe(1);
    const back = {fromShare: drainShareAt(down, 301_000), toShare: 0, startedAtMs: 301_000, overMs: 100_000};
    expect(drainShareAt(back, 351_000)).toBe(0.25);
  });
});

describe('what stops a drain (refused unless forced)', () => {
  const service: DrainedService = {
    namespace: 'bar',
    name: 'foo',
    clusters: ['cluster-1', 'cluster-2', 'cluster-3'],
    readyClusters: ['cluster-1', 'cluster-2'],
    consumed: true,
  };
  const usable = (cluster: string) => cluster !== 'cluster-3';
  test.each<{name: string; over: Partial<DrainedService>; reason: string | undefined}>([
    {name: 'a ready survivor: nothing', over: {}, reason: undefined},
    {name: 'nobody else exports it', over: {clusters: ['cluster-1']}, reason: 'NoOtherExporter'},
    {
      name: 'the only other one can not be used',
      over: {clusters: ['cluster-1', 'cluster-3']},
      reason: 'NoOtherExporter',
    },
    {name: 'the survivors are not ready', over: {readyClusters: ['cluster-1']}, reason: 'NoReadySurvivor'},
    {
      name: 'a ready one that can not be used does not count',
      over: {readyClusters: ['cluster-3']},
      reason: 'NoReadySurvivor',
    },
    {name: 'readiness that is not known is none', over: {readyClusters: undefined}, reason: 'ReadinessUnknown'},
    {name: 'nobody consumes it', over: {consumed: false, clusters: ['cluster-1']}, reason: undefined},
    {
      name: 'whether anybody does is not known',
      over: {consumed: undefined, clusters: ['cluster-1']},
      reason: 'NoOtherExporter',
    },
    {
      name: 'it opted out, so it is not drained',
      over: {ignoreDrain: ['cluster-1'], clusters: ['cluster-1']},
      reason: undefined,
    },
    {name: 'the cluster does not export it', over: {clusters: ['cluster-2']}, reason: undefined},
  ])('$name', ({over, reason}) => {
    const found = drainObstacles('cluster-1', [{...service, ...over}], usable);
    expect(found[0]?.reason).toBe(reason);
    for (const {message} of found) expect(message).toContain('Service bar/foo');
  });
});

describe('who would be left without a route (cluster-2 asks, cluster-1 is to be drained)', () => {
  interface Row {
    readonly name: string;
    readonly exporters?: readonly string[];
    readonly over?: Partial<ImportView>;
    readonly view?: Parameters<typeof aView>[0];
    readonly policy?: GlobalTrafficPolicy['spec'];
    /** Of each obstacle; none: nothing stands in the way. */
    readonly lost: readonly string[];
  }
  const at = (id: string, over: Partial<ClusterView> = {}) => aCluster(id, over);
  const flat = ['cluster-1', 'cluster-2', 'cluster-3'].map((id) => at(id, {network: 'flat'}));
  const c1 = {clusterKey: 'default/default/default/cluster-1'};
  const rows: readonly Row[] = [
    {name: 'another exporter takes over', lost: []},
    {
      name: 'Locality names it alone',
      policy: {lbType: 'Locality', targets: [c1]},
      lost: ['TCP/80: cluster-3 is left out because the policy foo (Locality) sends nothing to it (NotInPolicy)'],
    },
    {
      name: 'FailOver names it alone, and there is nothing at home',
      policy: {lbType: 'FailOver', targets: [c1]},
      lost: ['TCP/80: cluster-3 is left out because the policy foo (FailOver) sends nothing to it (NotInPolicy)'],
    },
    {
      name: 'FailOver names it alone, and there is something at home',
      exporters: ['cluster-1', 'cluster-2'],
      policy: {lbType: 'FailOver', targets: [c1]},
      lost: [],
    },
    {
      name: 'the others have weight 0',
      policy: {lbType: 'ActiveActive', targets: [c1, {clusterKey: 'cluster-3', weight: 0}]},
      lost: ['TCP/80: cluster-3 is left out because its weight in the policy is 0 (WeightZero)'],
    },
    {
      name: 'one port of two that nobody else serves',
      over: {ports: [HTTP, {name: 'alt', port: 81, protocol: 'TCP'}], portClusters: {'TCP/81': ['cluster-1']}},
      lost: ['TCP/81: cluster-3 is left out because it does not serve TCP/81; cluster-1 does (PortNotServed)'],
    },
    {
      name: 'a port that somebody serves who has no ready endpoint',
      exporters: ['cluster-1', 'cluster-2', 'cluster-3'],
      over: {portClusters: {'TCP/80': ['cluster-1', 'cluster-3']}, readyClusters: ['cluster-1', 'cluster-2']},
      lost: [
        'TCP/80: cluster-2 is left out because it does not serve TCP/80; cluster-1, cluster-3 does (PortNotServed); cluster-3 is left out because it has no ready endpoint of the service (NoReadyEndpoint)',
      ],
    },
    {
      name: 'headless, and the other one is in another network',
      over: {type: 'Headless', sliceClusters: ['cluster-1', 'cluster-3']},
      view: {clusters: [...flat.slice(0, 2), at('cluster-3')]},
      lost: ['NotSameNetwork'],
    },
    {
      name: 'headless, and the other one is in the same network',
      over: {type: 'Headless', sliceClusters: ['cluster-1', 'cluster-3']},
      view: {clusters: flat},
      lost: [],
    },
    {
      name: 'headless without ports is asked about as a whole',
      over: {type: 'Headless', ports: [], sliceClusters: ['cluster-1']},
      view: {clusters: flat},
      lost: ['any port: cluster-3 is left out because'],
    },
    {
      name: 'an ImportPolicy lets nothing in from the other one',
      view: {
        importPolicies: [
          anImportPolicy('border', {rules: [{name: 'not-c3', action: 'Deny', sourceClusters: ['cluster-3']}]}),
        ],
      },
      lost: ['(ImportPolicy)'],
    },
    {
      name: 'the gateway of the other one is dead',
      view: {clusters: [at('cluster-1'), at('cluster-2'), at('cluster-3', {gatewayHealth: 'Dead'})]},
      lost: ['(GatewayDead)'],
    },
    {
      name: 'the other one is drained as well',
      view: {clusters: [at('cluster-1'), at('cluster-2'), at('cluster-3', {drain: true})]},
      lost: ['(Drained)'],
    },
    {name: 'nobody else exports it', exporters: ['cluster-1'], lost: ['no other cluster exports it']},
    {
      name: 'there was no route before either, so nothing is lost',
      policy: {lbType: 'Locality', targets: [{clusterKey: 'cluster-2'}]},
      lost: [],
    },
    {
      name: 'it opted out of drains',
      exporters: ['cluster-1'],
      over: {ignoreDrain: ['cluster-1']},
      lost: [],
    },
    {name: 'it does not export the service', exporters: ['cluster-3'], lost: []},
    {
      name: 'it is drained already, so nothing is lost',
      exporters: ['cluster-1'],
      view: {clusters: [at('cluster-1', {drain: true}), at('cluster-2')]},
      lost: [],
    },
  ];
  test.each(rows)('$name', ({exporters = ['cluster-1', 'cluster-3'], over = {}, view = {}, policy, lost}) => {
    const trafficPolicies = new Map(policy === undefined ? [] : [['bar/foo', aTrafficPolicy(policy)]]);
    const found = lostRoutes('cluster-1', anImport(exporters, over), aView({...view, trafficPolicies}));
    expect(found.map(({message}) => message)).toEqual(lost.map((text) => expect.stringContaining(text)));
    for (const {reason, message} of found) {
      expect(reason).toBe('NoRoute');
      expect(message).toMatch(/^Service bar\/foo would have no route for /);
    }
  });

  test('nothing is lost exactly where every port that has a route has one after the drain too', () => {
    fc.assert(
      fc.property(routeInputs, fc.constantFrom('a', 'b', 'c'), ({import: imported, view, policy, port}, cluster) => {
        const trafficPolicies = new Map(policy === undefined ? [] : [['bar/foo', policy]]);
        const now = {...view, trafficPolicies};
        const known = now.clusters.get(cluster);
        const then = {
          ...now,
          clusters: new Map([
            ...now.clusters,
            ...(known === undefined ? [] : [[cluster, {...known, drain: true}] as const]),
          ]),
        };
        const hasRoute = (at: View): boolean => route({import: imported, view: at, port}).tiers.length > 0;
        const isLost = lostRoutes(cluster, imported, now).length > 0;
        expect(isLost).toBe(imported.clusters.includes(cluster) && hasRoute(now) && !hasRoute(then));
      }),
    );
  });
});
