import {afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi} from 'vitest';

import type {DrainOptions} from '../../cli/drain/run-drain.ts';
import {runDrain, runUndrain} from '../../cli/drain/run-drain.ts';
import type {OperatorHub} from '../../cli/operator-hub.ts';
import {drainedPercent} from '../../cli/status/collect-status.ts';
import type {Cluster, RemoteCluster, ServiceImport} from '../../src/api/kinds.ts';
import {READY_ANNOTATION} from '../../src/api/names.ts';
import {
  clusters,
  globalTrafficPolicies,
  remoteClusters,
  serviceExports,
  serviceImports,
} from '../../src/api/resources.ts';
import type {RunningHub, TestCluster, TestClusterset} from '../hub/clusterset.ts';
import {conditionOf, exportYaml, synced} from '../hub/clusterset.ts';
import {eventually} from '../tools/eventually.ts';
import type {OperatedClusterset} from './operated-clusterset.ts';
import {said, startOperated} from './operated-clusterset.ts';
import {RecordedTerminal} from './recorded-terminal.ts';

vi.setConfig({testTimeout: 60_000});

const NAME = 'cluster-1';
const NAMESPACE = 'shop';
const {signal} = new AbortController();

let operated: OperatedClusterset;
let set: TestClusterset;
let one: TestCluster;
let two: TestCluster;
let hub: OperatorHub;
let running: RunningHub;

beforeAll(async () => {
  operated = await startOperated();
  ({set, one, two, hub, running} = operated);
  for (const member of [one, two]) {
    await member.namespace(NAMESPACE);
    await exported(member, 'db', true);
  }
  await ready('db', 'cluster-1,cluster-2');
});

afterEach(async () => {
  const body = {spec: {drain: null, drainPercent: null, drainRamp: null}};
  await set.hubCluster.client.patch(clusters, {name: NAME}, {type: 'merge', body}, {fieldManager: 'test'});
  await eventually('not drained', async () => (await told()).every((percent) => percent === 0));
});

afterAll(() => operated.close());

/** With one endpoint, ready or not. */
async function exported(member: TestCluster, name: string, isReady: boolean): Promise<void> {
  await member.apply(`${exportYaml(NAMESPACE, name)}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {namespace: ${NAMESPACE}, name: ${name}-abcde, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
endpoints: [{addresses: [10.201.0.9], conditions: {ready: ${isReady}}}]
ports: [{name: http, port: 80}]`);
}

/** Waits until members were told who has ready endpoints. */
async function ready(name: string, who: string): Promise<void> {
  await eventually(`${name} is ready in ${who}`, async () => {
    const found = await two.find<ServiceImport>(serviceImports, {namespace: NAMESPACE, name});
    return found?.metadata.annotations?.[READY_ANNOTATION] === who;
  });
}

const removed = (name: string) => async (): Promise<void> => {
  for (const member of [one, two]) await member.client.delete(serviceExports, {namespace: NAMESPACE, name});
  for (const member of [one, two]) {
    const at = {namespace: NAMESPACE, name};
    await eventually('gone', async () => (await member.find(serviceImports, at)) === undefined);
  }
};

/** How much of the cluster is drained, as each member was told. */
async function told(): Promise<readonly number[]> {
  return Promise.all(
    [one, two].map(async (member) =>
      drainedPercent(await member.client.get<RemoteCluster>(remoteClusters, {name: NAME})),
    ),
  );
}

async function run(
  work: (options: DrainOptions) => Promise<void>,
  changes: Partial<DrainOptions> = {},
): Promise<string> {
  const terminal = new RecordedTerminal();
  const options = {name: NAME, hub, overMs: 0, force: false, graceMs: 20_000, terminal, interrupted: signal};
  return said(terminal, work({...options, ...changes}));
}

function observed(text: string): readonly number[] {
  return [...text.matchAll(/^observed {2}(\d+)% drained/gm)].map(([, percent]) => Number(percent));
}

async function spec(): Promise<NonNullable<Cluster['spec']>> {
  return (await set.hubCluster.client.get<Cluster>(clusters, {name: NAME})).spec ?? {};
}

describe('refused, and nothing is drained', () => {
  interface Row {
    readonly name: string;
    readonly before?: () => Promise<unknown>;
    readonly after?: () => Promise<unknown>;
    readonly changes?: Partial<DrainOptions>;
    readonly says: readonly string[];
  }
  const survivor = async (spec: object): Promise<unknown> =>
    set.hubCluster.client.patch(clusters, {name: 'cluster-2'}, {type: 'merge', body: {spec}}, {fieldManager: 'test'});
  const gatewayOfSurvivor = async (): Promise<string | undefined> =>
    conditionOf(await set.hubCluster.client.get<Cluster>(clusters, {name: 'cluster-2'}), 'GatewayHealthy')?.status;
  const rows: readonly Row[] = [
    {name: 'a Cluster that is not registered', changes: {name: 'nobody'}, says: ['no Cluster nobody is registered']},
    {
      name: 'a service that no other cluster exports',
      before: async () => {
        await exported(one, 'alone', true);
        await ready('alone', 'cluster-1');
      },
      after: removed('alone'),
      says: [
        'Service shop/alone is exported by no other usable cluster',
        'consumed in cluster-1, cluster-2',
        '--force',
      ],
    },
    {
      name: 'a service that has no ready endpoint elsewhere',
      before: async () => {
        await exported(one, 'cache', true);
        await exported(two, 'cache', false);
        await ready('cache', 'cluster-1');
      },
      after: removed('cache'),
      says: ['Service shop/cache has no ready endpoint in cluster-2', 'isthmus.dev/ignore-drain'],
    },
    {
      name: 'a service of which nobody knows whether it is ready elsewhere',
      before: async () => {
        // Without a selector nobody makes slices.
        const yaml = exportYaml(NAMESPACE, 'queue').replace('selector: {app: queue}, ', '');
        for (const member of [one, two]) await member.apply(yaml);
        await eventually('imported', async () => {
          const found = await two.find<ServiceImport>(serviceImports, {namespace: NAMESPACE, name: 'queue'});
          return found?.status?.clusters?.length === 2;
        });
      },
      after: removed('queue'),
      says: ['whether Service shop/queue has ready endpoints in cluster-2 is not known'],
    },
    {
      name: 'a cluster whose only survivor is drained itself',
      before: async () => survivor({drain: true}),
      after: async () => survivor({drain: null}),
      says: ['Service shop/db is exported by no other usable cluster'],
    },
    {
      name: 'a cluster whose only survivor has no gateway, and is in another network',
      before: async () => {
        await survivor({gatewayHost: null});
        await eventually('said', async () => (await gatewayOfSurvivor()) === 'False');
      },
      after: async () => {
        await survivor({gatewayHost: '127.0.0.1'});
        await eventually('said', async () => (await gatewayOfSurvivor()) !== 'False');
      },
      // In cluster-2 itself it is near.
      says: ['Service shop/db is exported by no other usable cluster (consumed in cluster-1)'],
    },
    {
      name: 'a service that a member’s policy sends there alone',
      before: async () =>
        two.apply(`apiVersion: flomesh.io/v1alpha1
kind: GlobalTrafficPolicy
metadata: {namespace: ${NAMESPACE}, name: db}
spec: {lbType: Locality, targets: [{clusterKey: default/default/default/cluster-1}]}`),
      after: async () => two.client.delete(globalTrafficPolicies, {namespace: NAMESPACE, name: 'db'}),
      says: [
        'Service shop/db would have no route for TCP/80: cluster-2 is left out because the policy db (Locality) sends nothing to it (NotInPolicy) (consumed in cluster-2)',
      ],
    },
    {
      name: 'a service with a port that no other cluster serves',
      before: async () => {
        await exported(two, 'multi', true);
        await ready('multi', 'cluster-2');
        await exported(one, 'multi', true);
        const more = exportYaml(NAMESPACE, 'multi').replace('port: 80}', 'port: 80}, {name: alt, port: 81}');
        await one.apply(more);
        await ready('multi', 'cluster-1,cluster-2');
        await eventually('both ports', async () => {
          const found = await two.find<ServiceImport>(serviceImports, {namespace: NAMESPACE, name: 'multi'});
          return found?.spec?.ports.length === 2;
        });
      },
      after: removed('multi'),
      says: [
        'Service shop/multi would have no route for TCP/81: cluster-2 is left out because it does not serve TCP/81',
        '(consumed in cluster-1, cluster-2)',
      ],
    },
    {
      name: 'a member that can’t be asked what it consumes',
      before: async () => two.cluster.stop(),
      after: async () => {
        await two.cluster.start();
        await synced(running, [one, two]);
      },
      says: ['warning   cluster-2 could not be asked', 'what cluster-2 consumes is not known'],
    },
  ];
  test.each(rows)('$name', async ({before, after, changes, says}) => {
    try {
      await before?.();
      const text = await run(runDrain, changes);
      for (const words of says) expect(text).toContain(words);
      expect(text).toContain('FAILED the command was not carried out');
      expect((await spec()).drain).toBeUndefined();
    } finally {
      await after?.();
    }
  });

  test('undrain of a Cluster that is not registered', async () => {
    expect(await run(runUndrain, {name: 'nobody'})).toContain('no Cluster nobody is registered');
  });
});

test('at once: all members are told, and once more nothing changes; undrain gives it back', async () => {
  const text = await run(runDrain);
  expect(text).toContain('moves     shop/db');
  expect(text).toContain('observed  100% drained in 2 of 2 members');
  expect(text).toContain('cluster-1 is drained, as all members that could be asked were told.');
  expect(await told()).toEqual([100, 100]);
  const again = await run(runDrain);
  expect(again).toContain('as it is  cluster-1 is drained already');
  const back = await run(runUndrain);
  expect(back).toContain('observed  0% drained in 2 of 2 members');
  expect(await spec()).not.toHaveProperty('drain');
  expect(await run(runUndrain)).toContain('as it is  cluster-1 is not drained');
});

test('a service that opted out is named, and is no obstacle', async () => {
  onTestFinished(removed('sticky'));
  await exported(one, 'sticky', true);
  await ready('sticky', 'cluster-1');
  expect(await run(runDrain)).toContain('FAILED');
  const body = {metadata: {annotations: {'isthmus.dev/ignore-drain': 'true'}}};
  const at = {namespace: NAMESPACE, name: 'sticky'};
  await one.client.patch(serviceExports, at, {type: 'merge', body}, {fieldManager: 'test'});
  const text = await eventually('it opted out', async () => {
    const shown = await run(runDrain);
    return !shown.includes('FAILED') && shown;
  });
  expect(text).toContain('stays     shop/sticky (isthmus.dev/ignore-drain)');
});

test('--force drains although a service is left without an endpoint', async () => {
  onTestFinished(removed('alone'));
  await exported(one, 'alone', true);
  await ready('alone', 'cluster-1');
  const text = await run(runDrain, {force: true});
  expect(text).not.toContain('FAILED');
  expect(await told()).toEqual([100, 100]);
});

test('over some time it rises in steps, and each step is one write to a member', async () => {
  for (const {cluster} of [one, two]) cluster.writes.reset();
  // Longer than a machine stands still.
  const text = await run(runDrain, {overMs: 10_000});
  const seen = observed(text);
  expect(seen.at(-1)).toBe(100);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.some((percent) => percent > 0 && percent < 100)).toBe(true);
  expect(seen.every((percent) => percent % 5 === 0)).toBe(true);
  const writes = two.cluster.writes
    .requests()
    .filter(({resource, name}) => resource === 'remoteclusters.isthmus.dev' && name === NAME);
  const count = writes.reduce((sum, each) => sum + each.count, 0);
  expect(count).toBeGreaterThan(5);
  // Twenty steps, and that it has begun.
  expect(count).toBeLessThanOrEqual(21);
});

test('interrupted it goes on, also in another hub; undrain turns round where it is', async () => {
  const interrupt = new AbortController();
  const terminal = new RecordedTerminal();
  const options = {name: NAME, hub, overMs: 60_000, force: false, graceMs: 20_000, terminal};
  const following = runDrain({...options, interrupted: interrupt.signal});
  await eventually('the first step', async () => (await told()).every((percent) => percent > 0));
  interrupt.abort();
  await following;
  expect(terminal.text).toContain(
    'Nothing was stopped: the hub goes on as declared; isthmus undrain cluster-1 turns back',
  );
  expect(await spec()).toMatchObject({drain: true, drainRamp: {overSeconds: 60, fromPercent: 0}});
  const before = Math.max(...(await told()));
  await running.stop();
  running = set.startHub();
  await eventually('goes on', async () => (await told()).every((percent) => percent > before), 25_000);
  const back = await run(runUndrain, {overMs: 1_000});
  const seen = observed(back);
  const {fromPercent = 0} = (await spec()).drainRamp ?? {};
  expect(fromPercent).toBeGreaterThanOrEqual(before);
  expect(Math.max(...seen)).toBeLessThanOrEqual(fromPercent);
  expect(seen.at(-1)).toBe(0);
});
