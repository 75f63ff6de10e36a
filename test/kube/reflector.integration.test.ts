import {pino} from 'pino';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {configMaps, namespaces} from '../../src/api/resources.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {Reflector} from '../../src/kube/reflector.ts';
import type {ReflectorOptions, StoreChange} from '../../src/kube/reflector.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from './eventually.ts';

/** The whole reflector against an API server that misbehaves on demand: nothing lost, nothing stormed, no needless list. */

const logger = pino({level: 'silent'});
const write = {fieldManager: 'writer'};
/** Not what a cluster's controllers put into every namespace, some time after it was made. */
const own = 'metadata.name!=kube-root-ca.crt';
const reading = {resource: 'configmaps', userAgent: 'reader'} as const;

interface Kept {
  readonly uid: string;
  readonly step: string;
}

let cluster: DevCluster;
let writer: KubeClient;
let reader: KubeClient;
let namespace: string;
let count = 0;
let stop: AbortController;
let reflector: Reflector<Kept>;
let batches: StoreChange<Kept>[][];

beforeAll(async () => {
  cluster = await startCluster({name: 'cluster-1', index: 1});
  writer = new KubeClient({credentials: cluster.credentials, userAgent: 'writer/1'});
});
afterAll(async () => {
  await writer.close();
  await cluster.close();
});

beforeEach(async () => {
  namespace = `ns-${++count}`;
  stop = new AbortController();
  batches = [];
  reader = new KubeClient({credentials: cluster.credentials, userAgent: 'reader/1', requestTimeoutMs: 1_000});
  await writer.create(namespaces, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}}, write);
});
afterEach(async () => {
  cluster.faults.clear();
  cluster.faults.partition(false);
  stop.abort();
  await reflector.closed;
  await reader.close();
});

function start(options: Partial<ReflectorOptions<Kept>> = {}): void {
  reflector = new Reflector<Kept>({
    client: reader,
    resource: configMaps,
    namespace,
    fieldSelector: own,
    keep: toKept,
    onChange: (batch) => batches.push([...batch]),
    logger,
    backoff: {minMs: 10, maxMs: 200},
    watchIdleMs: 1_000,
    ...options,
  });
  reflector.start(stop.signal);
}

function toKept(raw: KubeObject): Kept {
  const {data} = raw as KubeObject & {data?: Record<string, string>};
  return {uid: raw.metadata.uid ?? '', step: data?.['step'] ?? ''};
}

async function set(name: string, step: number | string): Promise<void> {
  const object = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name, namespace}, data: {step: String(step)}};
  await writer.apply(configMaps, object, {...write, force: true});
}

/** Writes that a lost event would show in: each name counts its steps, one in four is deleted and made again. */
async function churn(steps: number, from = 0): Promise<void> {
  for (let step = from; step < from + steps; step++) {
    const name = `c-${step % 4}`;
    if (step % 16 === 3) await writer.delete(configMaps, {namespace, name});
    await set(name, step);
  }
}

async function truth(): Promise<Record<string, Kept>> {
  const {items} = await writer.list(configMaps, {namespace, fieldSelector: own});
  return Object.fromEntries(items.map((raw) => [`${namespace}/${raw.metadata.name}`, toKept(raw)]));
}

const known = (): Record<string, Kept> => Object.fromEntries(reflector.store.entries());

/** The store is what the API server has, and the changes that were told lead there one after the other. */
async function expectCaughtUp(): Promise<void> {
  const expected = await truth();
  await eventually(known).toEqual(expected);
  const told = new Map<string, Kept>();
  for (const {key, previous, current} of batches.flat()) {
    expect(told.get(key)).toEqual(previous);
    if (current === undefined) told.delete(key);
    else told.set(key, current);
  }
  expect(Object.fromEntries(told)).toEqual(expected);
}

const watching = () => eventually(() => reflector.status().state).toBe('Watching');

describe('taken up without a list, and no event lost', () => {
  const faults: {name: string; fault: () => Promise<void> | void; heal?: () => Promise<void> | void}[] = [
    {name: 'dropped watch', fault: () => void cluster.faults.dropWatches(reading)},
    {
      name: 'watch that is cut again and again',
      fault: () => void cluster.faults.add({...reading, verb: 'watch'}, {kind: 'dropWatch', afterMs: 5}, {times: 5}),
    },
    {
      name: 'half-open watch',
      fault: () => {
        cluster.faults.add({...reading, verb: 'watch'}, {kind: 'halfOpenWatch'}, {times: 1});
        cluster.faults.dropWatches(reading);
      },
    },
    {
      name: 'resets',
      fault: () => {
        cluster.faults.add({...reading, verb: 'watch'}, {kind: 'reset'}, {times: 3});
        cluster.faults.dropWatches(reading);
      },
    },
    {
      name: 'no answer',
      fault: () => {
        cluster.faults.add({...reading, verb: 'watch'}, {kind: 'hang'}, {times: 1});
        cluster.faults.dropWatches(reading);
      },
    },
    {
      name: 'overload',
      fault: () => {
        cluster.faults.add(
          {...reading, verb: 'watch'},
          {kind: 'status', code: 503, reason: 'ServiceUnavailable'},
          {times: 3},
        );
        cluster.faults.dropWatches(reading);
      },
    },
    {name: 'latency', fault: () => void cluster.faults.add(reading, {kind: 'latency', ms: 200})},
  ];

  test.each(faults)('$name', async ({fault}) => {
    await churn(8);
    start();
    await watching();
    await churn(8, 8);
    await fault();
    await churn(24, 16);
    await expectCaughtUp();
    expect(reflector.status()).toMatchObject({lists: 1, listFailures: 0, expired: 0});
    // Every write is an event of its own: none was skipped, none came twice. (16: a deletion before it.)
    expect(reflector.status().events).toBe(8 + 24 + 1 + 1);
    expect(reflector.status().restarts).toBeLessThanOrEqual(10);
  });

  test('partition', async () => {
    await churn(4);
    start();
    await watching();
    cluster.faults.partition(true);
    await eventually(() => reflector.status().lastError).toBeDefined();
    cluster.faults.partition(false);
    await churn(8, 4);
    await expectCaughtUp();
    expect(reflector.status()).toMatchObject({lists: 1, expired: 0});
  });

  test('API server stopped and started', async () => {
    await churn(4);
    start();
    await watching();
    await cluster.stop();
    await eventually(() => reflector.status().lastError).toContain('ECONNREFUSED');
    expect(reflector.store.size).toBe(4);
    await cluster.start();
    await churn(8, 4);
    await expectCaughtUp();
    // A real one forgets its past when it ends, so that its first answer is a 410.
    expect(reflector.status().lists).toBeLessThanOrEqual(2);
  });

  test('server that ends watches by their time', async () => {
    start({watchSeconds: () => 1});
    await watching();
    await eventually(() => reflector.status().restarts).toBe(1);
    await churn(6);
    await expectCaughtUp();
    expect(reflector.status()).toMatchObject({lists: 1, lastError: undefined});
  });
});

describe('bookmarks', () => {
  test('keep the version of a quiet watch current, the last one before it ends: compaction then costs no list', async () => {
    start({watchSeconds: () => 3, watchIdleMs: 10_000});
    await watching();
    const before = reflector.status().resourceVersion;
    const other = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'elsewhere', namespace: 'default'}};
    await writer.apply(configMaps, {...other, data: {step: namespace}} as KubeObject, {...write, force: true});
    await eventually(() => reflector.status().resourceVersion).not.toBe(before);
    expect(reflector.status()).toMatchObject({events: 0, lists: 1, expired: 0, lastError: undefined});
  });
});

describe('too old: one list more, no storm', () => {
  test('the history is compacted while the reader is away', async () => {
    await churn(8);
    start();
    await watching();
    cluster.faults.partition(true);
    await eventually(() => reflector.status().lastError).toBeDefined();
    cluster.faults.partition(false);
    cluster.faults.add({...reading, verb: 'watch'}, {kind: 'hang'}, {times: 1});
    await churn(24, 8);
    cluster.faults.compact();
    await expectCaughtUp();
    expect(reflector.status()).toMatchObject({lists: 2, expired: 1});
  });

  test('410 inside of a watch', async () => {
    await churn(4);
    start();
    await watching();
    cluster.faults.add({...reading, verb: 'watch'}, {kind: 'gone'}, {times: 1});
    cluster.faults.dropWatches(reading);
    await churn(8, 4);
    await expectCaughtUp();
    expect(reflector.status()).toMatchObject({lists: 2, expired: 1});
  });

  test('410 for every watch, for a while: lists are slowed down', async () => {
    start({backoff: {minMs: 50, maxMs: 400}, random: () => 0.999});
    await watching();
    const remove = cluster.faults.add({...reading, verb: 'watch'}, {kind: 'gone'});
    cluster.faults.dropWatches(reading);
    const began = performance.now();
    await eventually(() => reflector.status().expired).toBe(5);
    expect(performance.now() - began).toBeGreaterThan(700);
    expect(reflector.status().lists).toBeLessThanOrEqual(6);
    remove();
    await churn(4);
    await expectCaughtUp();
  });

  test('410 while listing page by page', async () => {
    cluster.faults.add({...reading, verb: 'list'}, {kind: 'gone'}, {times: 2});
    await churn(4);
    start();
    await expectCaughtUp();
    expect(reflector.status()).toMatchObject({lists: 1, listFailures: 2});
  });
});

describe('lists', () => {
  test('that fail keep the store; what came meanwhile is one call', async () => {
    await churn(4);
    start();
    await watching();
    cluster.faults.add({...reading, verb: 'list'}, {kind: 'status', code: 500, reason: 'InternalError'}, {times: 3});
    cluster.faults.add({...reading, verb: 'watch'}, {kind: 'gone'}, {times: 1});
    cluster.faults.dropWatches(reading);
    await eventually(() => reflector.status().listFailures).toBe(3);
    const calls = batches.length;
    await expectCaughtUp();
    expect(batches.length - calls).toBeLessThanOrEqual(1);
    expect(reflector.store.size).toBe(4);
  });

  test('that are no lists keep the store', async () => {
    await churn(4);
    start();
    await watching();
    const rewrite = (body: unknown): unknown => ({...(body as object), items: undefined});
    cluster.faults.add({...reading, verb: 'list'}, {kind: 'rewriteBody', rewrite}, {times: 2});
    cluster.faults.add({...reading, verb: 'watch'}, {kind: 'gone'}, {times: 1});
    cluster.faults.dropWatches(reading);
    await eventually(() => reflector.status().listFailures).toBe(2);
    expect(reflector.store.size).toBe(4);
    await expectCaughtUp();
  });

  test('that are empty by fault arrive as one call, and the next list brings all back', async () => {
    await churn(4);
    start();
    await watching();
    const before = known();
    for (const fault of [{kind: 'emptyList'}, undefined] as const) {
      const {lists} = reflector.status();
      if (fault !== undefined) cluster.faults.add({...reading, verb: 'list'}, fault, {times: 1});
      cluster.faults.add({...reading, verb: 'watch'}, {kind: 'gone'}, {times: 1});
      cluster.faults.dropWatches(reading);
      await eventually(() => reflector.status().lists).toBe(lists + 1);
      if (fault !== undefined) expect(batches.at(-1)?.map(({current}) => current)).toEqual(Array(4).fill(undefined));
    }
    expect(known()).toEqual(before);
  });
});

describe('objects', () => {
  test('deleted and made again while nobody looked: one change with both uids', async () => {
    await set('a', 1);
    start();
    await watching();
    const before = reflector.store.get(`${namespace}/a`);
    cluster.faults.partition(true);
    await eventually(() => reflector.status().lastError).toBeDefined();
    cluster.faults.partition(false);
    cluster.faults.add({...reading, verb: 'watch'}, {kind: 'hang'}, {times: 1});
    await writer.delete(configMaps, {namespace, name: 'a'});
    await set('a', 2);
    cluster.faults.compact();
    await expectCaughtUp();
    expect(batches.at(-1)).toEqual([
      {
        key: `${namespace}/a`,
        previous: before,
        current: {uid: expect.not.stringMatching(before?.uid ?? ''), step: '2'},
      },
    ]);
  });

  test("a selector's objects come and go with their labels", async () => {
    start({labelSelector: 'pick=yes'});
    await watching();
    const labelled = (pick: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {name: 'a', namespace, labels: {pick}},
    });
    for (const pick of ['no', 'yes', 'no']) await writer.apply(configMaps, labelled(pick), {...write, force: true});
    await eventually(() => batches.length).toBe(2);
    expect(batches.flat().map(({current}) => current !== undefined)).toEqual([true, false]);
  });
});

describe('a type that comes, goes and comes again', () => {
  const widgets = {group: 'example.org', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true};
  const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
`;

  test('unknown is neither empty nor synced', async () => {
    start({resource: widgets});
    await eventually(() => reflector.status().kindMissing).toBe(true);
    expect(reflector.status().synced).toBe(false);
    await cluster.applyManifests(definition);
    await reflector.synced;
    await watching();
    const widget = {apiVersion: 'example.org/v1', kind: 'Widget', metadata: {name: 'w', namespace}};
    await writer.create(widgets, widget, write);
    await eventually(() => reflector.store.size).toBe(1);
    expect(reflector.status().kindMissing).toBe(false);
  });
});

describe('anything at any time', () => {
  test('after a storm of faults the store is the truth, and lists are few', async () => {
    const kinds = [
      () => cluster.faults.dropWatches(reading),
      () => cluster.faults.add(reading, {kind: 'reset'}, {times: 2}),
      () => cluster.faults.add(reading, {kind: 'latency', ms: 30}, {times: 3}),
      () => cluster.faults.add({...reading, verb: 'watch'}, {kind: 'gone'}, {times: 1}),
      () => cluster.faults.add(reading, {kind: 'status', code: 500}, {times: 1}),
      () => cluster.faults.compact(),
    ];
    start({watchIdleMs: 300});
    await watching();
    for (let round = 0; round < 40; round++) {
      kinds[(round * 5 + (round >> 2)) % kinds.length]?.();
      await churn(3, round * 3);
    }
    cluster.faults.clear();
    await expectCaughtUp();
    expect(reflector.status().lists).toBeLessThanOrEqual(1 + 14);
    expect(reflector.status().failures).toBe(0);
  });
});
