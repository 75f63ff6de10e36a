import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {explainRoute} from '../../src/clusterset/explain.ts';
import {route} from '../../src/clusterset/route.ts';
import {STALENESS_BOUND_MS} from '../../src/clusterset/staleness.ts';
import {MAX_TIER_WEIGHT} from '../../src/clusterset/tier-weights.ts';
import type {ClusterView, ImportView, SliceView} from '../../src/clusterset/view.ts';
import {routeInputs} from './arbitraries.ts';
import {aCluster, anImport, aTrafficPolicy, aView} from './fixtures.ts';

const slice = (sourceCluster: string): SliceView => ({sourceCluster, addressType: 'IPv4', endpoints: [], ports: []});
const UDP = {port: 53, protocol: 'UDP' as const};

interface Case {
  readonly name: string;
  readonly own?: string;
  readonly other?: Partial<ClusterView>;
  readonly import?: Partial<ImportView>;
  readonly port?: typeof UDP;
  /** How cluster-1 is reached, or why it isn't. */
  readonly found: string;
}

describe('how a cluster is reached (design §7, §9: one network by pod addresses, others by gateway)', () => {
  const cases: readonly Case[] = [
    {name: 'without networks by gateway', found: 'Gateway'},
    {name: 'another network: by gateway', own: 'a', other: {network: 'b'}, found: 'Gateway'},
    {name: 'no network of its own is nobody else’s', import: {sliceClusters: ['cluster-1']}, found: 'Gateway'},
    {
      name: 'one network and imported slices: directly',
      own: 'a',
      other: {network: 'a'},
      import: {sliceClusters: ['cluster-1']},
      found: 'Direct',
    },
    {
      name: 'slices of a headless import say it too',
      own: 'a',
      other: {network: 'a'},
      import: {type: 'Headless', slices: [slice('cluster-1')]},
      found: 'Direct',
    },
    {
      name: 'directly needs no gateway',
      own: 'a',
      other: {network: 'a', gateway: undefined},
      import: {sliceClusters: ['cluster-1']},
      found: 'Direct',
    },
    {
      name: 'one network without imported slices: by gateway, like others (design §3)',
      own: 'a',
      other: {network: 'a'},
      import: {sliceClusters: []},
      found: 'Gateway',
    },
    {
      name: 'a dead gateway is not routed to, in one network too (design §6)',
      own: 'a',
      other: {network: 'a', gatewayHealth: 'Dead'},
      import: {sliceClusters: ['cluster-1']},
      found: 'GatewayDead',
    },
    {name: 'no gateway, no network', other: {gateway: undefined}, found: 'NoGateway'},
    {name: 'UDP of another network is carried by nobody', port: UDP, found: 'NotSameNetwork'},
    {
      name: 'UDP of the same network without slices',
      own: 'a',
      other: {network: 'a'},
      port: UDP,
      import: {sliceClusters: []},
      found: 'SlicesNotImported',
    },
    {
      name: 'UDP of the same network, where no address of its pods may be used (design §10)',
      own: 'a',
      other: {network: 'a'},
      port: UDP,
      import: {
        sliceClusters: [],
        refusedAddresses: [{cluster: 'cluster-1', reason: 'ServiceRange', count: 1, some: ['10.96.0.1']}],
      },
      found: 'AddressesRefused',
    },
    {
      name: 'UDP of the same network',
      own: 'a',
      other: {network: 'a'},
      port: UDP,
      import: {sliceClusters: ['cluster-1']},
      found: 'Direct',
    },
    {name: 'a headless service of another network', import: {type: 'Headless'}, found: 'NotSameNetwork'},
  ];
  test.each(cases)('$name', ({own, other = {}, import: over = {}, port, found}) => {
    const clusters = [aCluster('cluster-1', other), aCluster('cluster-2', {network: own})];
    const input = {import: anImport(['cluster-1', 'cluster-2'], over), view: aView({clusters}), ...(port && {port})};
    const {tiers, leftOut} = route(input);
    const routed = tiers.flat().find(({cluster}) => cluster === 'cluster-1');
    expect(routed?.reach ?? leftOut.find(({cluster}) => cluster === 'cluster-1')?.reason).toBe(found);
    expect(tiers.flat().find(({cluster}) => cluster === 'cluster-2')?.reach).toBe('Local');
  });
});

describe('staleness in a route (design §6)', () => {
  const at = (id: string, sinceMs: number | undefined, over: Partial<ClusterView> = {}) =>
    aCluster(id, sinceMs === undefined ? over : {api: {state: 'Unreachable', sinceMs}, ...over});
  const longAgo = 1_000;
  const nowMs = longAgo + STALENESS_BOUND_MS + 10_000;
  const decided = (clusters: readonly ClusterView[], parts: Parameters<typeof aView>[0] = {}) =>
    route({import: anImport(['cluster-1', 'cluster-3']), view: aView({...parts, clusters}), nowMs});
  const shown = (found: ReturnType<typeof route>) =>
    found.tiers.map((tier) => tier.map(({cluster, source}) => `${cluster} ${source}`));

  test('stale ones are served like others, and marked', () => {
    const found = decided([at('cluster-1', longAgo), at('cluster-3', undefined)]);
    expect(shown(found)).toEqual([['cluster-1 Stale', 'cluster-3 Live']]);
    expect(found.stale).toBe(false);
  });

  test('everything is stale: it is said', () => {
    const found = decided([at('cluster-1', longAgo), at('cluster-3', longAgo + 1)]);
    expect(shown(found)).toEqual([['cluster-1 Stale', 'cluster-3 Stale']]);
    expect(found.stale).toBe(true);
    expect(
      explainRoute({import: anImport(['cluster-1']), view: aView({clusters: [at('cluster-1', longAgo)]}), nowMs}).at(
        -1,
      ),
    ).toMatchObject({step: 'route', verdict: 'Stale'});
  });

  test('everything is stale and dead: the least stale is served nevertheless', () => {
    const dead = {gatewayHealth: 'Dead'} as const;
    const found = decided([at('cluster-1', longAgo, dead), at('cluster-3', longAgo + 500, dead)]);
    expect(shown(found)).toEqual([['cluster-3 NotRouted']]);
    expect(found.stale).toBe(true);
    expect(found.leftOut.map(({cluster, reason}) => `${cluster} ${reason}`)).toEqual(['cluster-1 GatewayDead']);
  });

  test.each([
    {name: 'one that is dead, but known to be, is not', sinceMs: undefined, hub: 'Alive'},
    {name: 'nor one whose API was lost lately', sinceMs: nowMs - 1_000, hub: 'Alive'},
    {name: 'nor while no hub is heard: no staleness clock runs then', sinceMs: longAgo, hub: 'Expired'},
  ] as const)('$name', ({sinceMs, hub}) => {
    const dead = {gatewayHealth: 'Dead'} as const;
    const clusters = [at('cluster-1', longAgo, dead), at('cluster-3', sinceMs, dead)];
    const found = decided(clusters, {hub: {state: hub, observedMs: 0}});
    expect(found.tiers).toEqual([]);
    expect(found.stale).toBe(false);
  });

  test('what the policy, a drain or an empty service leaves out is never rescued', () => {
    const dead = {gatewayHealth: 'Dead', drain: true} as const;
    expect(decided([at('cluster-1', longAgo, dead), at('cluster-3', longAgo, dead)]).tiers).toEqual([]);
    const policy = aTrafficPolicy({lbType: 'Locality'});
    const view = aView({clusters: [at('cluster-1', longAgo, {gatewayHealth: 'Dead'})]});
    expect(route({import: anImport(['cluster-1']), view, policy, nowMs}).tiers).toEqual([]);
  });
});

describe('for all inputs', () => {
  test('every routed cluster has a way to it', () => {
    fc.assert(
      fc.property(routeInputs, (input) => {
        for (const {cluster, reach, local} of route(input).tiers.flat()) {
          const at = input.view.clusters.get(cluster);
          expect(reach === 'Local').toBe(local);
          if (reach === 'Gateway') expect(at?.gateway).toBeDefined();
          if (reach === 'Direct') expect(at?.network).toBe(input.view.clusters.get(input.view.clusterId)?.network);
        }
      }),
    );
  });

  test('the shares of a tier sum up to the whole, whoever is left out', () => {
    fc.assert(
      fc.property(routeInputs, (input) => {
        for (const tier of route(input).tiers) {
          const total = tier.reduce((sum, {weight}) => sum + weight, 0);
          expect(total).toBeLessThanOrEqual(MAX_TIER_WEIGHT);
          const shares = tier.map(({weight}) => weight / total);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10);
        }
      }),
    );
  });

  test('leaving one out multiplies the shares of the others by one and the same number, exactly', () => {
    fc.assert(
      fc.property(routeInputs, (input) => {
        const before = route(input);
        const [gone] = before.tiers.flat();
        if (gone === undefined || gone.local) return;
        const clusters = [...input.view.clusters.values()].map((at) =>
          at.id === gone.cluster ? {...at, gatewayHealth: 'Dead' as const} : at,
        );
        const after = route({
          ...input,
          view: aView({...input.view, clusters, imports: [], services: [], exportPolicies: [], importPolicies: []}),
        });
        const weightIn = (of: typeof before, cluster: string) =>
          BigInt(of.tiers.flat().find((each) => each.cluster === cluster)?.weight ?? 0);
        for (const tier of before.tiers.filter((each) => each.every(({drained}) => drained === 0))) {
          const [first, ...others] = tier.filter(({cluster}) => cluster !== gone.cluster);
          if (first === undefined) continue;
          for (const other of others) {
            const crossed = weightIn(after, first.cluster) * BigInt(other.weight);
            expect(crossed).toBe(weightIn(after, other.cluster) * BigInt(first.weight));
          }
        }
      }),
    );
  });
});
