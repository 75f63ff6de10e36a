import {describe, expect, test} from 'vitest';

import {healthConditions, isHealthCondition, readGateways} from '../../src/agent/health-conditions.ts';
import type {HealthFacts} from '../../src/agent/health-conditions.ts';
import type {HubSignal} from '../../src/clusterset/view.ts';
import type {GatewayReport} from '../../src/probes/gateway-prober.ts';
import {clusterOf} from '../mesh/views.ts';

const KNOWN = {held: false, because: 'ECONNREFUSED', probes: 9, failures: 3, transitions: {Alive: 1, Dead: 1}};
const alive: GatewayReport = {...KNOWN, health: 'Alive', probed: 'Alive', because: undefined};
const dead: GatewayReport = {...KNOWN, health: 'Dead', probed: 'Dead'};

/** Seen from cluster-1, which knows cluster-2 and cluster-3. */
function facts(
  changes: Partial<HealthFacts> & {hub?: HubSignal; reports?: Record<string, GatewayReport>} = {},
): HealthFacts {
  const {hub = {state: 'Alive', observedMs: 0}, reports = {'cluster-2': alive, 'cluster-3': alive}, ...rest} = changes;
  const clusters = new Map(['cluster-1', 'cluster-2', 'cluster-3'].map((id) => [id, clusterOf(id)]));
  const gateways = new Map(Object.entries(reports));
  return {view: {clusterId: 'cluster-1', clusters, hub}, gateways, suspectsItself: false, before: [], ...rest};
}

function said(of: HealthFacts): Record<string, string> {
  return Object.fromEntries(
    healthConditions(of).map(({type, status, reason}) => [type.replace(/^.*\//, ''), `${status} ${reason}`]),
  );
}

describe('what the agent says of the hub', () => {
  test.each<{name: string; hub: HubSignal; says: string}>([
    {name: 'heartbeats that were seen to change', hub: {state: 'Alive', observedMs: 0}, says: 'True Heartbeat'},
    {
      name: 'a Lease that did not change yet: no claim',
      hub: {state: 'Alive', observedMs: 0, unconfirmed: true},
      says: 'Unknown Waiting',
    },
    {name: 'none for 40 s', hub: {state: 'Expired', observedMs: 0}, says: 'False HeartbeatExpired'},
    {name: 'no hub was ever here', hub: {state: 'Never'}, says: 'Unknown NeverSeen'},
  ])('$name', ({hub, says}) => {
    expect(said(facts({hub}))['HubReachable']).toBe(says);
  });
});

describe('what it says of gateways', () => {
  test.each<{name: string; of: HealthFacts; all: string; two: string | undefined}>([
    {name: 'all answer', of: facts(), all: 'True GatewaysAnswer', two: 'True GatewayAnswers'},
    {
      name: 'one is dead',
      of: facts({reports: {'cluster-2': dead, 'cluster-3': alive}}),
      all: 'False GatewaysDead',
      two: 'False GatewayDead',
    },
    {
      name: 'one is held down',
      of: facts({reports: {'cluster-2': {...dead, held: true}, 'cluster-3': alive}}),
      all: 'False GatewaysDead',
      two: 'False GatewayFlapping',
    },
    {
      name: 'all fell silent: it claims neither',
      of: facts({
        reports: {'cluster-2': {...dead, health: 'Alive'}, 'cluster-3': {...dead, health: 'Alive'}},
        suspectsItself: true,
      }),
      all: 'Unknown SuspectsItself',
      two: 'Unknown SuspectsItself',
    },
    {
      name: 'none ever answered',
      of: facts({reports: {'cluster-2': {...dead, health: 'Unknown'}, 'cluster-3': {...dead, health: 'Unknown'}}}),
      all: 'Unknown NeverAnswered',
      two: 'Unknown NeverAnswered',
    },
    {
      name: 'too early',
      of: facts({reports: {'cluster-2': {...alive, health: 'Unknown', probed: 'Unknown'}, 'cluster-3': alive}}),
      all: 'True GatewaysAnswer',
      two: 'Unknown Probing',
    },
    {
      name: 'no address of one is known',
      of: facts({reports: {'cluster-3': alive}}),
      all: 'True GatewaysAnswer',
      two: 'Unknown NoAddress',
    },
    {name: 'nobody probes', of: facts({gateways: undefined}), all: 'Unknown NotProbed', two: undefined},
  ])('$name', ({of, all, two}) => {
    const now = said(of);
    expect([now['GatewaysReachable'], now['cluster-2'], now['cluster-1']]).toEqual([all, two, undefined]);
  });

  test('a cluster without a gateway, and nobody else at all', () => {
    const {clusterId, hub} = facts().view;
    const clusters = new Map([['cluster-2', clusterOf('cluster-2', {gateway: undefined})]]);
    const alone = {clusterId, hub, clusters: new Map([['cluster-1', clusterOf('cluster-1')]])};
    expect(said(facts({view: {clusterId, hub, clusters}, reports: {}}))['cluster-2']).toBe('Unknown NoGateway');
    expect(said(facts({view: alone, reports: {}}))['GatewaysReachable']).toBe('Unknown NoClusters');
  });

  test('the word of the replica before stays until this one knows, and no longer', () => {
    const before = healthConditions(facts({reports: {'cluster-2': dead, 'cluster-3': alive}})).map((each) => ({
      ...each,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }));
    const early = {'cluster-2': {...dead, health: 'Unknown', probed: 'Unknown'}, 'cluster-3': alive} as const;
    const waiting: HubSignal = {state: 'Alive', observedMs: 0, unconfirmed: true};
    expect(said(facts({before, reports: early, hub: waiting}))).toMatchObject({
      'cluster-2': 'False GatewayDead',
      'HubReachable': 'True Heartbeat',
    });
    expect(said(facts({before}))['cluster-2']).toBe('True GatewayAnswers');
  });

  test('no message has a count or an age in it: each would be a write', () => {
    const early = healthConditions(facts({reports: {'cluster-2': dead, 'cluster-3': alive}}));
    const later = {...dead, probes: 5_000, failures: 4_000};
    expect(healthConditions(facts({reports: {'cluster-2': later, 'cluster-3': alive}}))).toEqual(early);
  });

  test('what is read back is what was said, and others’ conditions are not ours', () => {
    const reports = {'cluster-2': dead, 'cluster-3': alive};
    const conditions = healthConditions(facts({reports})).map((each) => ({...each, lastTransitionTime: ''}));
    const {health, suspectsItself} = readGateways(conditions);
    expect(Object.fromEntries(health)).toEqual({'cluster-2': 'Dead', 'cluster-3': 'Alive'});
    expect(suspectsItself).toBe(false);
    expect(conditions.every(isHealthCondition)).toBe(true);
    expect(isHealthCondition({type: 'isthmus.dev/DnsWired'})).toBe(false);
  });
});
