import {describe, expect, test} from 'vitest';

import {concludeSource, signalsOf, STALENESS_BOUND_MS} from '../../src/clusterset/staleness.ts';
import type {SourceSignals, SourceVerdict} from '../../src/clusterset/staleness.ts';
import {aCluster, aView} from './fixtures.ts';

const calm: SourceSignals = {
  heartbeat: 'Fresh',
  source: 'Reachable',
  unreachableForMs: undefined,
  gateway: 'Alive',
  hubProbe: 'Unknown',
};
const under: Partial<SourceSignals> = {source: 'Unreachable', unreachableForMs: STALENESS_BOUND_MS};
const over: Partial<SourceSignals> = {source: 'Unreachable', unreachableForMs: STALENESS_BOUND_MS + 1};

interface Row {
  readonly name: string;
  readonly signals: Partial<SourceSignals>;
  readonly state: SourceVerdict['state'];
  readonly routed: boolean;
  readonly membership: SourceVerdict['membership'];
}

describe('what a member concludes (design §6, the table row by row)', () => {
  const rows: readonly Row[] = [
    {name: 'fresh, Reachable, alive: live', signals: {}, state: 'Live', routed: true, membership: 'Current'},
    {
      name: 'fresh, Reachable, dead: not routed to; the import and its endpoints stay',
      signals: {gateway: 'Dead'},
      state: 'NotRouted',
      routed: false,
      membership: 'Current',
    },
    {
      name: 'fresh, Unreachable under the bound, alive: live, membership frozen',
      signals: under,
      state: 'Frozen',
      routed: true,
      membership: 'Frozen',
    },
    {
      name: 'fresh, Unreachable longer, alive: stale: still served, marked',
      signals: over,
      state: 'Stale',
      routed: true,
      membership: 'Stale',
    },
    {
      name: "fresh, Unreachable longer, and the hub's own probe fails, dead: the hub withdraws",
      signals: {...over, gateway: 'Dead', hubProbe: 'Dead'},
      state: 'Withdrawn',
      routed: false,
      membership: 'Stale',
    },
    ...(['Alive', 'Dead', 'Unknown'] as const).flatMap((gateway) =>
      [calm, under, over].map((source, at) => ({
        name: `expired, any (${at}), ${gateway}: Unknown, no staleness clock, probes go on moving traffic`,
        signals: {...source, heartbeat: 'Expired' as const, gateway, hubProbe: 'Dead' as const},
        state: 'Unknown' as const,
        routed: gateway !== 'Dead',
        membership: 'Unknown' as const,
      })),
    ),
  ];
  test.each(rows)('$name', ({signals, state, routed, membership}) => {
    expect(concludeSource({...calm, ...signals})).toMatchObject({state, routed, membership});
  });

  test.each<Row>([
    {
      name: 'dead while only its API was lost lately: not routed to, nothing withdrawn',
      signals: {...under, gateway: 'Dead', hubProbe: 'Dead'},
      state: 'NotRouted',
      routed: false,
      membership: 'Frozen',
    },
    {
      name: 'dead for us alone: the hub still gets through, so nothing is withdrawn',
      signals: {...over, gateway: 'Dead', hubProbe: 'Alive'},
      state: 'NotRouted',
      routed: false,
      membership: 'Stale',
    },
    {
      name: 'a gateway that nobody has probed yet is no dead one',
      signals: {gateway: 'Unknown'},
      state: 'Live',
      routed: true,
      membership: 'Current',
    },
    {
      name: 'unreachable for a time that is not known is no evidence of a long one',
      signals: {source: 'Unreachable'},
      state: 'Frozen',
      routed: true,
      membership: 'Frozen',
    },
    {
      name: 'no hub has ever written here',
      signals: {heartbeat: 'Never'},
      state: 'Unknown',
      routed: true,
      membership: 'Unknown',
    },
  ])('between the rows: $name', ({signals, state, routed, membership}) => {
    expect(concludeSource({...calm, ...signals})).toMatchObject({state, routed, membership});
  });

  test('only the gateway signal moves traffic', () => {
    for (const heartbeat of ['Fresh', 'Expired', 'Never'] as const) {
      for (const source of ['Reachable', 'Unreachable', 'Unknown'] as const) {
        for (const gateway of ['Alive', 'Dead', 'Unknown'] as const) {
          const verdict = concludeSource({...calm, heartbeat, source, gateway, unreachableForMs: 1e9});
          expect(verdict.routed).toBe(gateway !== 'Dead');
          expect(verdict.message).not.toBe('');
        }
      }
    }
  });
});

describe('the signals in a view', () => {
  const unreachable = aCluster('cluster-1', {api: {state: 'Unreachable', sinceMs: 1_000}});

  test('time runs since the API was lost', () => {
    const view = aView({hub: {state: 'Alive', observedMs: 0}, atMs: 5_000});
    expect(signalsOf(unreachable, view)).toMatchObject({heartbeat: 'Fresh', unreachableForMs: 4_000});
    expect(signalsOf(unreachable, view, 11_000).unreachableForMs).toBe(10_000);
  });

  test('when the hub returns, every "since" starts anew', () => {
    const view = aView({hub: {state: 'Alive', observedMs: 9_500, sinceMs: 9_000}, atMs: 10_000});
    expect(signalsOf(unreachable, view).unreachableForMs).toBe(1_000);
  });

  test('a clock behind that of the hub makes no negative times; a missing time stays unknown', () => {
    const view = aView({hub: {state: 'Alive', observedMs: 0}, atMs: 0});
    expect(signalsOf(unreachable, view).unreachableForMs).toBe(0);
    const unknown = aCluster('cluster-1', {api: {state: 'Unreachable', sinceMs: undefined}});
    expect(signalsOf(unknown, view).unreachableForMs).toBeUndefined();
  });
});
