import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import type {Route} from '../../src/clusterset/decision.ts';
import {DEFAULT_ROUTING, route} from '../../src/clusterset/route.ts';
import {isReadinessOutdated} from '../../src/clusterset/staleness.ts';
import type {ClusterView, ImportView} from '../../src/clusterset/view.ts';
import {routeInputs} from './arbitraries.ts';
import {aCluster, anImport, anImportPolicy, aTrafficPolicy, aView} from './fixtures.ts';

/** `cluster:weight`, tiers apart; the own cluster is cluster-2. */
function show({tiers}: Route): readonly (readonly string[])[] {
  return tiers.map((tier) => tier.map(({cluster, weight, local}) => `${local ? 'local' : cluster}:${weight}`));
}

function reasons({leftOut}: Route): Record<string, string> {
  return Object.fromEntries(leftOut.map(({cluster, reason}) => [cluster, reason]));
}

type Spec = GlobalTrafficPolicy['spec'];
const away = ['cluster-1', 'cluster-3'];
const everywhere = ['cluster-1', 'cluster-2', 'cluster-3'];
const c1 = {clusterKey: 'default/default/default/cluster-1'};
const c3 = {clusterKey: 'default/default/default/cluster-3'};

interface Vector {
  readonly name: string;
  readonly spec?: Spec;
  readonly clusters: readonly string[];
  readonly dead?: readonly string[];
  readonly tiers: readonly (readonly string[])[];
  readonly leftOut: Record<string, string>;
}

const vectors: readonly Vector[] = [
  {
    name: 'V1 none, L=0: every healthy exporter',
    clusters: away,
    tiers: [['cluster-1:100', 'cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V1 Locality, L=0: unreachable as in FSM',
    spec: {lbType: 'Locality'},
    clusters: away,
    tiers: [],
    leftOut: {'cluster-1': 'NotInPolicy', 'cluster-2': 'NotExporting', 'cluster-3': 'NotInPolicy'},
  },
  {
    name: 'V2 none, L>0: local only, the others stand by',
    clusters: everywhere,
    tiers: [['local:100'], ['cluster-1:100', 'cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V2 Locality, L>0: local only',
    spec: {lbType: 'Locality'},
    clusters: everywhere,
    tiers: [['local:100']],
    leftOut: {'cluster-1': 'NotInPolicy', 'cluster-3': 'NotInPolicy'},
  },
  {
    name: 'V3 Locality [c1], L=0: all to c1',
    spec: {lbType: 'Locality', targets: [c1]},
    clusters: away,
    tiers: [['cluster-1:100']],
    leftOut: {'cluster-3': 'NotInPolicy'},
  },
  {
    name: 'V3 Locality [c1], L>0: all to c1',
    spec: {lbType: 'Locality', targets: [c1]},
    clusters: everywhere,
    tiers: [['cluster-1:100']],
    leftOut: {'cluster-2': 'NotInPolicy', 'cluster-3': 'NotInPolicy'},
  },
  {
    name: 'V4 FailOver [c1,c3], L=0: the targets share a tier and alternate',
    spec: {lbType: 'FailOver', targets: [c1, c3]},
    clusters: away,
    tiers: [['cluster-1:100', 'cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V4 FailOver with priority: c1 first, c3 only when c1 is unhealthy',
    spec: {
      lbType: 'FailOver',
      targets: [
        {...c3, priority: 1},
        {...c1, priority: 0},
      ],
    },
    clusters: away,
    tiers: [['cluster-1:100'], ['cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V5 FailOver [c1,c3], L>0: local, the others stand by',
    spec: {lbType: 'FailOver', targets: [c1, c3]},
    clusters: everywhere,
    tiers: [['local:100'], ['cluster-1:100', 'cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V5 FailOver with priority, L>0: local, then tier by tier',
    spec: {
      lbType: 'FailOver',
      targets: [
        {...c1, priority: 0},
        {...c3, priority: 1},
      ],
    },
    clusters: everywhere,
    tiers: [['local:100'], ['cluster-1:100'], ['cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V6 FailOver [c1], L=0, c1 down: c3 is not listed, so never used',
    spec: {lbType: 'FailOver', targets: [c1]},
    clusters: away,
    dead: ['cluster-1'],
    tiers: [],
    leftOut: {'cluster-1': 'GatewayDead', 'cluster-3': 'NotInPolicy'},
  },
  {
    name: 'V7 ActiveActive [], L=0: all exporters',
    spec: {lbType: 'ActiveActive'},
    clusters: away,
    tiers: [['cluster-1:100', 'cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V8 ActiveActive [], L>0: equal shares',
    spec: {lbType: 'ActiveActive', targets: []},
    clusters: everywhere,
    tiers: [['cluster-1:100', 'local:100', 'cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V9 ActiveActive [c1,c3] without weights, L>0: equal shares',
    spec: {lbType: 'ActiveActive', targets: [c1, c3]},
    clusters: everywhere,
    tiers: [['cluster-1:100', 'local:100', 'cluster-3:100']],
    leftOut: {},
  },
  {
    name: 'V10 ActiveActive [c1], L>0: local and c1, c3 excluded',
    spec: {lbType: 'ActiveActive', targets: [c1]},
    clusters: everywhere,
    tiers: [['cluster-1:100', 'local:100']],
    leftOut: {'cluster-3': 'NotInPolicy'},
  },
  {
    name: 'V11 ActiveActive [c1:0,c3:50], L=0: c1 drained',
    spec: {
      lbType: 'ActiveActive',
      targets: [
        {...c1, weight: 0},
        {...c3, weight: 50},
      ],
    },
    clusters: away,
    tiers: [['cluster-3:50']],
    leftOut: {'cluster-1': 'WeightZero'},
  },
  {
    name: 'V12 ActiveActive [c9 unknown], L=0: nobody, and everybody has a reason',
    spec: {lbType: 'ActiveActive', targets: [{clusterKey: 'default/default/default/cluster-9'}]},
    clusters: away,
    tiers: [],
    leftOut: {'cluster-1': 'NotInPolicy', 'cluster-3': 'NotInPolicy', 'cluster-9': 'UnknownCluster'},
  },
];

describe('FSM routing vectors, column "Intended" (reference: FSM §2.6)', () => {
  test.each(vectors)('$name', ({spec, clusters, dead = [], tiers, leftOut}) => {
    const members = everywhere.map((id) => aCluster(id, dead.includes(id) ? {gatewayHealth: 'Dead' as const} : {}));
    const decided = route({
      import: anImport(clusters),
      view: aView({clusters: members}),
      ...(spec === undefined ? {} : {policy: aTrafficPolicy(spec)}),
    });
    expect(show(decided)).toEqual(tiers);
    expect(reasons(decided)).toEqual(leftOut);
  });
});

describe('what a policy can say beyond FSM', () => {
  const shown = (spec: Spec, clusters: readonly string[] = everywhere) =>
    show(route({import: anImport(clusters), view: aView(), policy: aTrafficPolicy(spec)}));
  const own = {clusterKey: 'cluster-2'};

  const cases = [
    {
      name: 'the own cluster is weighted by its own key',
      spec: {lbType: 'ActiveActive', targets: [{...own, weight: 10}, c1]},
      tiers: [['cluster-1:100', 'local:10']],
    },
    {
      name: 'FailOver: the own cluster comes first also where it is listed',
      spec: {lbType: 'FailOver', targets: [{...own, weight: 5}, c1]},
      tiers: [['local:5'], ['cluster-1:100']],
    },
    {
      name: 'FailOver: unless a priority says where it stands',
      spec: {
        lbType: 'FailOver',
        targets: [
          {...own, priority: 1},
          {...c1, priority: 0},
        ],
      },
      tiers: [['cluster-1:100'], ['local:100']],
    },
    {
      name: 'weights and failover combine: shares within a tier',
      spec: {
        lbType: 'FailOver',
        targets: [
          {...own, priority: 0, weight: 1},
          {...c1, priority: 1, weight: 30},
          {...c3, priority: 1, weight: 70},
        ],
      },
      tiers: [['local:1'], ['cluster-1:30', 'cluster-3:70']],
    },
    {
      name: 'ActiveActive with priorities: an own cluster that is not listed joins the first tier',
      spec: {
        lbType: 'ActiveActive',
        targets: [
          {...c1, priority: 1},
          {...c3, priority: 2},
        ],
      },
      tiers: [['cluster-1:100', 'local:100'], ['cluster-3:100']],
    },
    {name: 'a policy without a spec is Locality', spec: undefined, tiers: [['local:100']]},
    {name: 'FailOver to nobody, should it get in: the own cluster', spec: {lbType: 'FailOver'}, tiers: [['local:100']]},
    {
      name: 'a cluster named twice, should it get in: the first counts',
      spec: {lbType: 'ActiveActive', targets: [{...c1, weight: 3}, {...c1, weight: 4}, own]},
      tiers: [['cluster-1:3', 'local:100']],
    },
    {
      name: 'Locality with two targets, should it get in: the first counts',
      spec: {lbType: 'Locality', targets: [c3, c1]},
      tiers: [['cluster-3:100']],
    },
    {
      name: 'Locality with the own cluster as its target',
      spec: {lbType: 'Locality', targets: [own]},
      tiers: [['local:100']],
    },
    {name: 'a type that nobody knows, should it get in: nobody', spec: {lbType: 'Random' as 'Locality'}, tiers: []},
  ] as const;
  test.each(cases)('$name', ({spec, tiers}) => {
    expect(shown(spec)).toEqual(tiers);
  });
});

describe('a policy is found by the name of the import', () => {
  const bound = aView({trafficPolicies: new Map([['bar/foo', aTrafficPolicy({lbType: 'ActiveActive'})]])});

  test('the bound policy decides and is named', () => {
    expect(route({import: anImport(everywhere), view: bound}).policy).toEqual({
      kind: 'GlobalTrafficPolicy',
      name: 'foo',
      lbType: 'ActiveActive',
      from: 'Member',
    });
  });

  test('the policy of another import does not, the default does, and is named', () => {
    const decided = route({import: anImport(everywhere, {name: 'other'}), view: bound});
    expect(decided.policy).toEqual({kind: 'default', name: DEFAULT_ROUTING, lbType: DEFAULT_ROUTING, from: 'Hub'});
  });

  test('a policy without lbType is shown as the Locality that it means', () => {
    const decided = route({import: anImport([]), view: aView(), policy: aTrafficPolicy({})});
    expect(decided.policy.lbType).toBe('Locality');
  });
});

interface HealthCase {
  readonly name: string;
  readonly cluster?: Partial<ClusterView>;
  readonly import?: Partial<ImportView>;
  readonly reason: string | undefined;
}

describe('who is left out, and why', () => {
  const cases: readonly HealthCase[] = [
    {name: 'healthy: nobody', reason: undefined},
    {name: 'a drained cluster', cluster: {drain: true}, reason: 'Drained'},
    {name: 'a dead gateway', cluster: {gatewayHealth: 'Dead'}, reason: 'GatewayDead'},
    {
      name: 'a gateway that nothing has probed yet leaves nobody out',
      cluster: {gatewayHealth: 'Unknown'},
      reason: undefined,
    },
    {name: 'no gateway', cluster: {gateway: undefined}, reason: 'NoGateway'},
    {name: 'no ready endpoint', import: {readyClusters: ['cluster-2']}, reason: 'NoReadyEndpoint'},
    {name: 'a readiness that is not known leaves nobody out', import: {readyClusters: undefined}, reason: undefined},
    {name: 'a port that it does not serve', import: {portClusters: {'TCP/80': ['cluster-2']}}, reason: 'PortNotServed'},
    {name: 'another port that it does not serve', import: {portClusters: {'TCP/81': ['cluster-2']}}, reason: undefined},
    {
      name: 'an API server that the hub does not reach moves no traffic (design §6)',
      cluster: {api: {state: 'Unreachable', sinceMs: 0}},
      reason: undefined,
    },
  ];
  test.each(cases)('$name', ({cluster = {}, import: over = {}, reason}) => {
    const view = aView({clusters: [aCluster('cluster-1', cluster), aCluster('cluster-2')]});
    const input = {import: anImport(['cluster-1', 'cluster-2'], over), view, port: {port: 80}};
    expect(reasons(route(input))['cluster-1']).toBe(reason);
  });

  test('an exporter that is no member any more has no gateway to go to', () => {
    const view = aView({clusters: [aCluster('cluster-2')]});
    expect(reasons(route({import: anImport(away), view}))).toEqual({
      'cluster-1': 'UnknownCluster',
      'cluster-3': 'UnknownCluster',
    });
  });

  test('the own cluster needs no gateway, not even a record of itself, but can be drained', () => {
    const own = (over: Partial<ClusterView>) => [
      aCluster('cluster-2', {gateway: undefined, gatewayHealth: 'Dead', ...over}),
    ];
    const imported = anImport(['cluster-2']);
    expect(show(route({import: imported, view: aView({clusters: own({})})}))).toEqual([['local:100']]);
    expect(show(route({import: imported, view: aView({clusters: []})}))).toEqual([['local:100']]);
    expect(reasons(route({import: imported, view: aView({clusters: own({drain: true})})}))).toEqual({
      'cluster-2': 'Drained',
    });
  });

  test('the own cluster is known, also before the hub has told of it', () => {
    const decided = route({
      import: anImport([]),
      view: aView({clusters: []}),
      policy: aTrafficPolicy({lbType: 'Locality'}),
    });
    expect(reasons(decided)).toEqual({'cluster-2': 'NotExporting'});
  });

  test('who exports it to others only is left out for that, whether a policy names it or not', () => {
    const imported = anImport(['cluster-1'], {notTargeted: ['cluster-3']});
    const clusters = [aCluster('cluster-1'), aCluster('cluster-2'), aCluster('cluster-3')];
    const policy = aTrafficPolicy({
      lbType: 'FailOver',
      targets: [{clusterKey: 'cluster-1'}, {clusterKey: 'cluster-3'}],
    });
    for (const of of [{}, {policy}]) {
      const decided = route({import: imported, view: aView({clusters}), ...of});
      expect(reasons(decided)['cluster-3']).toBe('NotTargeted');
      expect(decided.tiers.flat().map(({cluster}) => cluster)).not.toContain('cluster-3');
    }
  });

  test('in order of cluster id, whatever order the policy has', () => {
    const policy = aTrafficPolicy({
      lbType: 'ActiveActive',
      targets: [c3, {...c1, weight: 0}, {clusterKey: 'cluster-0'}],
    });
    const decided = route({import: anImport(everywhere), view: aView(), policy});
    expect(decided.leftOut.map(({cluster}) => cluster)).toEqual(['cluster-0', 'cluster-1']);
    expect(show(decided)).toEqual([['local:100', 'cluster-3:100']]);
  });

  test('what an ImportPolicy does not accept, for whatever consumer', () => {
    const rules = [{name: 'not-c1', action: 'Deny' as const, sourceClusters: ['cluster-1']}];
    const view = aView({importPolicies: [anImportPolicy('border', {rules})]});
    const decided = route({import: anImport(everywhere), view});
    expect(reasons(decided)).toEqual({'cluster-1': 'ImportPolicy'});
    expect(decided.leftOut[0]?.message).toContain('ImportPolicy border, rule not-c1');
  });

  test('an ImportPolicy may select by namespace labels and by exported labels', () => {
    const labels = {matchLabels: {team: 'pay'}};
    const by = (selector: 'namespaceSelector' | 'serviceSelector', parts: Parameters<typeof aView>[0], over = {}) => {
      const rules = [{name: 'a', action: 'Deny' as const, sourceClusters: ['x', 'cluster-1'], [selector]: labels}];
      const view = aView({...parts, importPolicies: [anImportPolicy('border', {rules})]});
      return reasons(route({import: anImport(everywhere, over), view}));
    };
    expect(by('namespaceSelector', {namespaceLabels: {bar: {team: 'pay'}}})).toEqual({'cluster-1': 'ImportPolicy'});
    expect(by('namespaceSelector', {})).toEqual({});
    expect(by('serviceSelector', {}, {labels: {team: 'pay'}})).toEqual({'cluster-1': 'ImportPolicy'});
    expect(by('serviceSelector', {})).toEqual({});
  });

  test('an ImportPolicy that only warns or audits keeps nobody out', () => {
    for (const enforcement of ['Warn', 'Audit'] as const) {
      const policy = anImportPolicy('border', {enforcement, rules: [{name: 'a', action: 'Deny'}]});
      expect(reasons(route({import: anImport(everywhere), view: aView({importPolicies: [policy]})}))).toEqual({});
    }
  });

  test('what remains keeps its proportions when one is left out', () => {
    const targets = [
      {...c1, weight: 20},
      {...c3, weight: 30},
      {clusterKey: 'cluster-2', weight: 50},
    ];
    const policy = aTrafficPolicy({lbType: 'ActiveActive', targets});
    const imported = anImport(everywhere, {readyClusters: ['cluster-2', 'cluster-3']});
    expect(show(route({import: imported, view: aView(), policy}))).toEqual([['local:50', 'cluster-3:30']]);
  });
});

describe('preferClosest splits a tier by distance, and never takes anybody out (after KEP-5939)', () => {
  const at = (id: string, region: string, zone: string) => aCluster(id, {region, zone});
  const clusters = [
    at('cluster-1', 'eu', 'b'),
    at('cluster-2', 'eu', 'a'),
    at('cluster-3', 'us', 'a'),
    at('cluster-4', 'eu', 'a'),
  ];
  const imported = anImport(clusters.map(({id}) => id));
  const shown = (preferClosest: 'None' | 'Zone' | 'Region', known = clusters) =>
    show(
      route({
        import: imported,
        view: aView({clusters: known}),
        policy: aTrafficPolicy({lbType: 'ActiveActive', preferClosest}),
      }),
    );

  const cases = [
    {name: 'None', prefer: 'None', tiers: [['cluster-1:100', 'local:100', 'cluster-3:100', 'cluster-4:100']]},
    {name: 'Region', prefer: 'Region', tiers: [['cluster-1:100', 'local:100', 'cluster-4:100'], ['cluster-3:100']]},
    {
      name: 'Zone, and a zone of the same name elsewhere is another one',
      prefer: 'Zone',
      tiers: [['local:100', 'cluster-4:100'], ['cluster-1:100'], ['cluster-3:100']],
    },
  ] as const;
  test.each(cases)('$name', ({prefer, tiers}) => {
    expect(shown(prefer)).toEqual(tiers);
  });

  test('without the own place nothing is split', () => {
    expect(shown('Zone', clusters.slice(2))).toEqual([['local:100', 'cluster-3:100', 'cluster-4:100']]);
  });
});

describe('for all imports, policies and states', () => {
  const routed = (decided: Route) => decided.tiers.flat().map(({cluster}) => cluster);

  test('no cluster gets traffic that does not export the service, serve the port and have ready endpoints, as far as that is known', () => {
    fc.assert(
      fc.property(routeInputs, (input) => {
        const {clusters, readyClusters, portClusters} = input.import;
        for (const {cluster, reach} of route(input).tiers.flat()) {
          expect(clusters).toContain(cluster);
          if (!isReadinessOutdated(cluster, input.view)) expect(readyClusters ?? clusters).toContain(cluster);
          expect(portClusters['TCP/80'] ?? clusters).toContain(cluster);
          const at = input.view.clusters.get(cluster);
          if (input.import.ignoreDrain?.includes(cluster) !== true) {
            expect(at?.drain ?? false).toBe(false);
            expect(at?.drainShare ?? 0).toBeLessThan(1);
          }
          if (reach === 'Gateway') expect(at?.gateway).toBeDefined();
        }
      }),
    );
  });

  test('every exporter and every target is either routed or left out with a reason, exactly once', () => {
    fc.assert(
      fc.property(routeInputs, (input) => {
        const decided = route(input);
        const all = [...routed(decided), ...decided.leftOut.map(({cluster}) => cluster)];
        expect(new Set(all).size).toBe(all.length);
        expect(all).toEqual(expect.arrayContaining([...input.import.clusters]));
        for (const {message} of decided.leftOut) expect(message).not.toBe('');
      }),
    );
  });

  test('weights are above 0, and no tier is empty', () => {
    fc.assert(
      fc.property(routeInputs, (input) => {
        for (const tier of route(input).tiers) {
          expect(tier.length).toBeGreaterThan(0);
          for (const {weight} of tier) expect(weight).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('the weight of nobody changes when the health of another does', () => {
    fc.assert(
      fc.property(routeInputs, (input) => {
        const healthy = aView({
          clusterId: 'a',
          clusters: ['a', 'b', 'c', 'd', 'e'].map((id) => aCluster(id)),
        });
        const {import: imported} = input;
        const ideal = route({
          ...input,
          view: healthy,
          import: {...imported, readyClusters: undefined, portClusters: {}},
        });
        const weights = new Map(ideal.tiers.flat().map(({cluster, weight}) => [cluster, weight]));
        const {tiers} = route(input);
        // A drain under way is meant to change weights; how, is held in drain.test.ts.
        if (tiers.flat().some(({drained}) => drained > 0)) return;
        for (const {cluster, weight} of tiers.flat()) expect(weight).toBe(weights.get(cluster));
      }),
    );
  });
});
