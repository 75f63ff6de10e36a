import {describe, expect, test} from 'vitest';

import type {ClusterStatus} from '../../cli/status/collect-status.ts';
import {statusText} from '../../cli/status/status-text.ts';
import type {Condition} from '../../src/api/meta.ts';

const AT = '2026-01-02T03:04:05Z';

function says(type: string, status: Condition['status'], reason: string): Condition {
  return {type, status, reason, message: `about ${reason}.`, lastTransitionTime: AT};
}

function aStatus(health: readonly Condition[]): ClusterStatus {
  const conditions = ['Reachable', 'Synced', 'GatewayHealthy', 'Managed'].map((type) => says(type, 'True', 'Yes'));
  const member = {exports: [], imports: [], conflicts: [], drained: {}, health};
  return {cluster: 'cluster-1', leaving: false, conditions, member, memberUnknown: undefined, heldBack: [], drain: {}};
}

function notes(health: readonly Condition[], full = false): readonly string[] {
  const text = statusText({clusters: [aStatus(health)], left: []}, {nowMs: Date.parse(AT), full});
  return text.trimEnd().split('\n').slice(3);
}

describe('SINCE is about what is shown', () => {
  const nowMs = Date.parse(AT) + 3_600_000;
  const at = (type: string, status: Condition['status'], secondsAgo: number): Condition => ({
    ...says(type, status, 'Why'),
    lastTransitionTime: new Date(nowMs - secondsAgo * 1_000).toISOString(),
  });
  const managed = at('Managed', 'False', 90);

  test.each([
    {
      name: 'all are True: of Managed, which is all of them',
      conditions: [at('Reachable', 'True', 5), at('Managed', 'True', 60)],
      since: '60s',
    },
    {
      name: 'one is not: of that one, however long Managed has been False',
      conditions: [at('Reachable', 'True', 30), at('Synced', 'False', 20), managed],
      since: '20s',
    },
    {
      name: 'several are not: of the first, which the others wait for',
      conditions: [at('Reachable', 'False', 10), at('Synced', 'Unknown', 8), managed],
      since: '10s',
    },
    {name: 'nobody has said anything', conditions: [], since: '?'},
  ])('$name', ({conditions, since}) => {
    const [head = '', row = ''] = statusText(
      {clusters: [{...aStatus([]), conditions}], left: []},
      {nowMs, full: false},
    ).split('\n');
    const column = head.indexOf('SINCE');
    expect(row.slice(column, head.indexOf('EXPORTS')).trim()).toBe(since);
  });
});

describe('what a member says of the hub and of gateways, in `isthmus status`', () => {
  const alive = says('gateways.isthmus.dev/cluster-2', 'True', 'GatewayAnswers');
  const dead = says('gateways.isthmus.dev/cluster-3', 'False', 'GatewayDead');

  test.each([
    {
      name: 'nothing, where all is well',
      said: [says('isthmus.dev/HubReachable', 'True', 'Heartbeat'), alive],
      wanted: [],
    },
    {
      name: 'a hub that is not heard',
      said: [says('isthmus.dev/HubReachable', 'False', 'HeartbeatExpired')],
      wanted: ['cluster-1: its agent says HubReachable=False (HeartbeatExpired) about HeartbeatExpired.'],
    },
    {
      name: 'dead gateways, once for all',
      said: [says('isthmus.dev/GatewaysReachable', 'False', 'GatewaysDead'), alive, dead],
      wanted: ['cluster-1: its agent says GatewaysReachable=False (GatewaysDead) about GatewaysDead.'],
    },
    {
      name: 'nothing, where nobody probes',
      said: [says('isthmus.dev/GatewaysReachable', 'Unknown', 'NotProbed')],
      wanted: [],
    },
  ])('$name', ({said, wanted}) => {
    expect(notes(said)).toEqual(wanted);
  });

  test('of one cluster each gateway is told, and since when', () => {
    expect(notes([alive, dead], true)).toEqual([
      `cluster-1 sees the gateway of cluster-2=True (GatewayAnswers) since ${AT}`,
      `cluster-1 sees the gateway of cluster-3=False (GatewayDead) since ${AT}`,
    ]);
  });
});

describe('what the hub says of its credential in a member, in `isthmus status`', () => {
  const notesAbout = (condition: Condition, full = false): readonly string[] => {
    const one = aStatus([]);
    const status = {clusters: [{...one, conditions: [...one.conditions, condition]}], left: []};
    return statusText(status, {nowMs: Date.parse(AT), full})
      .trimEnd()
      .split('\n')
      .slice(3);
  };

  test.each([
    {name: 'nothing, while the token is renewed in time', said: says('TokenRenewed', 'True', 'Bound'), wanted: []},
    {
      name: 'a token that could not be renewed',
      said: says('TokenRenewed', 'False', 'RenewalFailed'),
      wanted: ['cluster-1: TokenRenewed=False (RenewalFailed) about RenewalFailed.'],
    },
    {
      name: 'rights that it has no need of',
      said: says('OverPrivileged', 'True', 'MoreThanNeeded'),
      wanted: ['cluster-1: OverPrivileged=True (MoreThanNeeded) about MoreThanNeeded.'],
    },
  ])('$name', ({said, wanted}) => {
    expect(notesAbout(said)).toEqual(wanted);
  });

  test('of one cluster until when its token is good', () => {
    expect(notesAbout(says('TokenRenewed', 'True', 'Bound'), true)).toEqual([
      "cluster-1: the hub's token there: about Bound.",
    ]);
  });
});
