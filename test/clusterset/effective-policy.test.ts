import {describe, expect, test} from 'vitest';

import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import {admitTrafficPolicy} from '../../src/clusterset/admit/traffic-policy.ts';
import {effectivePolicy, effectiveTrafficPolicies} from '../../src/clusterset/effective-policy.ts';
import {mirroredName, originOf, policyNameOf} from '../../src/clusterset/policy-origin.ts';
import {route} from '../../src/clusterset/route.ts';
import {anImport, aTrafficPolicy, aView} from './fixtures.ts';

/** As the hub writes its own policy into a member. */
function mirrored(spec: GlobalTrafficPolicy['spec'], name = 'foo'): GlobalTrafficPolicy {
  return {
    ...aTrafficPolicy(spec),
    metadata: {
      namespace: 'bar',
      name: mirroredName(name),
      labels: {'app.kubernetes.io/managed-by': 'isthmus-hub'},
      annotations: {'isthmus.dev/policy-for': name},
    },
  };
}

const own = aTrafficPolicy({lbType: 'ActiveActive'});

describe('GlobalTrafficPolicy of the hub and of a member (the own one wins where the hub allows it)', () => {
  test.each([
    {name: 'neither', hub: undefined, member: undefined, from: undefined},
    {name: 'the own alone', hub: undefined, member: own, from: 'Member'},
    {name: "the hub's alone", hub: mirrored({lbType: 'FailOver'}), member: undefined, from: 'Hub'},
    {name: 'both, and no override', hub: mirrored({lbType: 'FailOver'}), member: own, from: 'Hub'},
    {name: 'both, allowOverride: false', hub: mirrored({allowOverride: false}), member: own, from: 'Hub'},
    {name: 'both, allowOverride: true', hub: mirrored({allowOverride: true}), member: own, from: 'Member'},
    {
      name: 'allowOverride of the member says nothing',
      hub: mirrored({}),
      member: aTrafficPolicy({allowOverride: true}),
      from: 'Hub',
    },
  ])('$name', ({hub, member, from}) => {
    const decided = effectivePolicy(hub, member);
    expect(decided?.from).toBe(from);
    expect(decided?.ignored).toBe(
      hub !== undefined && member !== undefined ? (from === 'Hub' ? member : hub) : undefined,
    );
    if (decided !== undefined) expect(decided.because).not.toBe('');
  });

  test('they are found by what they are bound to, whatever the copy is called, in any order', () => {
    const policies = [mirrored({lbType: 'FailOver', allowOverride: true}), own, mirrored({}, 'other')];
    for (const order of [policies, policies.toReversed()]) {
      const effective = effectiveTrafficPolicies(order);
      expect([...effective].map(([key, {from}]) => [key, from])).toEqual([
        ['bar/foo', 'Member'],
        ['bar/other', 'Hub'],
      ]);
    }
  });

  test('of two copies for one import the first by name counts', () => {
    const twin = {...mirrored({lbType: 'FailOver'}), metadata: {...mirrored({}).metadata, name: 'zzz'}};
    expect(effectiveTrafficPolicies([twin, mirrored({})]).get('bar/foo')?.policy.metadata.name).toBe('isthmus-hub.foo');
  });

  test("a member's own annotation does not make its policy another one's, nor the hub's", () => {
    const posing = {...own, metadata: {...own.metadata, annotations: {'isthmus.dev/policy-for': 'other'}}};
    expect([policyNameOf(posing), originOf(posing)]).toEqual(['foo', 'Member']);
  });

  test('whoever applies one that the hub does not let in hears of it', () => {
    const warned = (spec: GlobalTrafficPolicy['spec'], object = own) => {
      const trafficPolicies = new Map([['bar/foo', mirrored(spec)]]);
      return admitTrafficPolicy(object, aView({trafficPolicies})).warnings.map(({message}) => message);
    };
    expect(warned({})[0]).toContain('so this one has no effect');
    expect(warned({allowOverride: true})).toEqual([]);
    expect(warned({}, mirrored({lbType: 'ActiveActive'}))).toEqual([]);
  });

  test('a route says whose policy decided', () => {
    const policies = effectiveTrafficPolicies([mirrored({lbType: 'ActiveActive'})]);
    const trafficPolicies = new Map([...policies].map(([key, {policy}]) => [key, policy]));
    const {policy} = route({import: anImport(['cluster-1']), view: aView({trafficPolicies})});
    expect(policy).toEqual({kind: 'GlobalTrafficPolicy', name: 'foo', lbType: 'ActiveActive', from: 'Hub'});
  });
});

describe('the default without a policy is a setting of the hub (reference: FSM §2.6, V1)', () => {
  const shown = (
    defaultRouting: 'local-first' | 'Locality' | 'ActiveActive' | undefined,
    clusters: readonly string[],
  ) => {
    const view = aView(defaultRouting === undefined ? {} : {defaultRouting});
    const {tiers, policy} = route({import: anImport(clusters), view});
    return {tiers: tiers.map((tier) => tier.map(({cluster}) => cluster)), name: policy.name};
  };
  const everywhere = ['cluster-1', 'cluster-2', 'cluster-3'];
  test.each([
    {setting: undefined, tiers: [['cluster-2'], ['cluster-1', 'cluster-3']], name: 'local-first'},
    {setting: 'local-first', tiers: [['cluster-2'], ['cluster-1', 'cluster-3']], name: 'local-first'},
    {setting: 'Locality', tiers: [['cluster-2']], name: 'Locality'},
    {setting: 'ActiveActive', tiers: [everywhere], name: 'ActiveActive'},
  ] as const)('$setting', ({setting, tiers, name}) => {
    expect(shown(setting, everywhere)).toEqual({tiers, name});
  });
});
