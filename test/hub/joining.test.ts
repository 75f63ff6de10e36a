import {describe, expect, test} from 'vitest';
import type {Cluster} from '../../src/api/kinds.ts';
import {LAST_APPLIED_ANNOTATION} from '../../src/api/names.ts';
import {duplicateGateways} from '../../src/hub/duplicate-gateways.ts';
import {refreshAfterMs} from '../../src/hub/gateway-addresses.ts';
import {admitMember, refuseVersion} from '../../src/hub/member-admission.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {planKubeconfigMove, PUT_BACK_WITHIN_MS, redactKubeconfig} from '../../src/hub/plan-kubeconfig-move.ts';

describe('an inline kubeconfig', () => {
  const NOW = 10_000_000;
  const ago = (ms: number): number => NOW - ms;
  const kept = (movedAtMs: readonly number[], isPutBack = false) => ({movedAtMs, isPutBack});

  test.each([
    {name: 'is moved the first time', kept: undefined, want: {do: 'move', movedAtMs: [NOW]}},
    {
      name: 'is moved again when it was put back once',
      kept: kept([ago(1_000)]),
      want: {do: 'move', movedAtMs: [ago(1_000), NOW]},
    },
    {
      name: 'is left when it was put back twice within ten minutes',
      kept: kept([ago(PUT_BACK_WITHIN_MS - 1), ago(1_000)]),
      want: {do: 'leave', isNews: true},
    },
    {
      name: 'is moved when the times before are older than that',
      kept: kept([ago(PUT_BACK_WITHIN_MS), ago(1_000)]),
      want: {do: 'move', movedAtMs: [ago(1_000), NOW]},
    },
    {name: 'stays left, however long ago that was', kept: kept([], true), want: {do: 'leave', isNews: false}},
  ])('$name', ({kept: before, want}) => {
    expect(planKubeconfigMove(before, NOW)).toEqual(want);
  });

  const raw = (annotations?: Record<string, string>): Cluster => ({
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'Cluster',
    metadata: {name: 'c1', uid: 'u', resourceVersion: '7', ...(annotations ? {annotations} : {})},
    spec: {kubeconfig: 'secret', gatewayHost: '192.0.2.1'},
  });

  test('is taken out of exactly the version that was read, and a reference put in its place', () => {
    expect(redactKubeconfig(raw(), {name: 'kept'})).toEqual({
      metadata: {uid: 'u', resourceVersion: '7'},
      spec: {kubeconfig: null, kubeconfigSecretRef: {name: 'kept'}},
    });
  });

  test("is taken out of kubectl's copy, of which the rest stays as it is", () => {
    const applied = JSON.stringify({metadata: {name: 'c1'}, spec: {kubeconfig: 'secret', gatewayHost: '192.0.2.1'}});
    expect(redactKubeconfig(raw({[LAST_APPLIED_ANNOTATION]: applied, other: 'x'}), {name: 'kept'})).toMatchObject({
      metadata: {
        annotations: {[LAST_APPLIED_ANNOTATION]: '{"metadata":{"name":"c1"},"spec":{"gatewayHost":"192.0.2.1"}}\n'},
      },
    });
  });

  test.each(['{"spec":{"kubeconfig":"sec', 'null'])('a copy that can not be read (%s) goes as a whole', (text) => {
    expect(redactKubeconfig(raw({[LAST_APPLIED_ANNOTATION]: text}), {name: 'kept'})).toMatchObject({
      metadata: {annotations: {[LAST_APPLIED_ANNOTATION]: null}},
    });
  });
});

describe('gateways', () => {
  const gateway = (
    name: string,
    createdAt: string,
    of: {host?: string; port?: number; addresses?: readonly string[]},
  ): {cluster: Cluster; addresses: readonly string[]} => ({
    cluster: {
      apiVersion: 'flomesh.io/v1alpha1',
      kind: 'Cluster',
      metadata: {name, creationTimestamp: createdAt},
      spec: {...(of.host === undefined ? {} : {gatewayHost: of.host}), ...(of.port ? {gatewayPort: of.port} : {})},
    },
    addresses: of.addresses ?? [],
  });
  const OLD = '2026-01-01T00:00:00Z';
  const NEW = '2026-02-01T00:00:00Z';

  test.each<{name: string; all: readonly {cluster: Cluster; addresses: readonly string[]}[]; want: [string, string][]}>(
    [
      {
        name: 'the younger of two with one address is told whose it is',
        all: [gateway('a', NEW, {host: '192.0.2.1'}), gateway('b', OLD, {host: '192.0.2.1'})],
        want: [['a', 'b']],
      },
      {
        name: 'of the same age the first by name keeps it',
        all: [gateway('b', OLD, {host: '192.0.2.1'}), gateway('a', OLD, {host: '192.0.2.1'})],
        want: [['b', 'a']],
      },
      {
        name: 'the port that is not given is 80',
        all: [gateway('a', OLD, {host: '192.0.2.1', port: 80}), gateway('b', NEW, {host: '192.0.2.1'})],
        want: [['b', 'a']],
      },
      {
        name: 'one address with two ports is two gateways',
        all: [gateway('a', OLD, {host: '192.0.2.1', port: 80}), gateway('b', NEW, {host: '192.0.2.1', port: 81})],
        want: [],
      },
      {
        name: 'names are compared without case',
        all: [gateway('a', OLD, {host: 'GW.example.com'}), gateway('b', NEW, {host: 'gw.example.com'})],
        want: [['b', 'a']],
      },
      {
        name: 'two names of one address are one gateway',
        all: [
          gateway('a', OLD, {host: 'gw.a.example', addresses: ['192.0.2.1', '192.0.2.2']}),
          gateway('b', NEW, {host: 'gw.b.example', addresses: ['192.0.2.2', '192.0.2.3']}),
        ],
        want: [['b', 'a']],
      },
      {
        name: 'what the younger would have had is free for others',
        all: [
          gateway('a', OLD, {host: 'gw.a.example', addresses: ['192.0.2.1']}),
          gateway('b', NEW, {host: 'gw.b.example', addresses: ['192.0.2.1', '192.0.2.3']}),
          gateway('c', NEW, {host: '192.0.2.3', addresses: ['192.0.2.3']}),
        ],
        want: [['b', 'a']],
      },
      {name: 'without a gateway there is none to share', all: [gateway('a', OLD, {}), gateway('b', NEW, {})], want: []},
    ],
  )('$name', ({all, want}) => {
    expect([...duplicateGateways(all)]).toEqual(want);
  });

  test.each([
    {name: 'a TTL is what it says', ttlMs: 60_000, want: 60_000},
    {name: 'a TTL of nothing makes no hot loop', ttlMs: 0, want: 5_000},
    {name: 'a TTL of a day does not hide a gateway that moved', ttlMs: 86_400_000, want: 300_000},
    {name: 'without one it is half a minute', ttlMs: undefined, want: 30_000},
  ])('$name', ({ttlMs, want}) => {
    expect(refreshAfterMs(ttlMs)).toBe(want);
  });
});

test.each([
  {version: 'v1.30.0', refused: false},
  {version: 'v1.36.3', refused: false},
  {version: 'v1.29.14-eks-abc', refused: true},
  {version: 'v1.9.0', refused: true},
  {version: 'v2.0.0', refused: false},
  {version: 'something else', refused: false},
])('an API server $version is refused for its age: $refused', ({version, refused}) => {
  expect(refuseVersion(version) !== undefined).toBe(refused);
});

test('an API server that is too old is asked for nothing but its version', async () => {
  const asked: string[] = [];
  const client = new Proxy({} as KubeClient, {
    get: (_, name) => async () => {
      asked.push(String(name));
      return {gitVersion: 'v1.29.4'};
    },
  });
  const of = {namespace: 'isthmus-system', clusterId: 'c1', clustersetId: 's', mark: {epoch: 1, uid: 'here'}};
  await expect(admitMember({...of, client, signal: new AbortController().signal})).rejects.toMatchObject({
    code: 'ISTHMUS_HUB_JOIN_REFUSED',
    details: {reason: 'VersionTooOld'},
    message: expect.stringContaining('v1.29.4'),
  });
  expect(asked).toEqual(['version']);
});
