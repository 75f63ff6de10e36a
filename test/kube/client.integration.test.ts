import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {Lease} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {configMaps, events, leases, namespaces, services} from '../../src/api/resources.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {EventRecorder} from '../../src/kube/event-recorder.ts';
import {LeaseHolder} from '../../src/kube/lease.ts';
import {parseUntrustedKubeconfig} from '../../src/kube/untrusted-kubeconfig.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from './eventually.ts';
import {failure} from './raw-server.ts';

const logger = pino({level: 'silent'});
const ours = {fieldManager: 'isthmus-hub'};
const theirs = {fieldManager: 'isthmus-agent'};

let cluster: DevCluster;
let client: KubeClient;
beforeAll(async () => {
  cluster = await startCluster({name: 'cluster-2', index: 2});
  // The same road that a `Cluster` object's kubeconfig takes.
  const credentials = parseUntrustedKubeconfig(cluster.kubeconfig, {development: true});
  client = new KubeClient({credentials, userAgent: 'isthmus-hub/test'});
});
afterAll(async () => {
  await client.close();
  await cluster.close();
});

const configMap = (name: string, data: Record<string, string>, metadata: object = {}): KubeObject => {
  const object = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name, namespace: 'default', ...metadata}, data};
  return object;
};
const dataOf = (object: KubeObject): unknown => (object as KubeObject & {data?: unknown}).data;

describe('against an API server', () => {
  test('version, and a proof of life', async () => {
    expect((await client.version()).gitVersion).toMatch(/^v1\.36\./);
    expect(client.lastSuccessMs).toBeGreaterThan(Date.now() - 10_000);
  });

  test('create, read, patch, replace, delete', async () => {
    const at = {namespace: 'default', name: 'crud'};
    const created = await client.create(configMaps, configMap('crud', {a: '1'}), ours);
    expect((await failure(client.create(configMaps, configMap('crud', {}), ours))).isAlreadyExists).toBe(true);
    const merged = await client.patch(configMaps, at, {type: 'merge', body: {data: {b: '2'}}}, ours);
    const ops = [{op: 'replace', path: '/data/a', value: '3'}];
    const patched = await client.patch(configMaps, at, {type: 'json', body: ops}, ours);
    expect([dataOf(merged), dataOf(patched)]).toEqual([
      {a: '1', b: '2'},
      {a: '3', b: '2'},
    ]);
    expect((await failure(client.replace(configMaps, created, ours))).isConflict).toBe(true);
    await client.replace(configMaps, patched, ours);
    expect(await client.delete(configMaps, at, {uid: 'another'})).toBe(false);
    const stale = {uid: created.metadata.uid, resourceVersion: '1'};
    expect((await failure(client.delete(configMaps, at, stale))).isConflict).toBe(true);
    expect(await client.delete(configMaps, at, {uid: created.metadata.uid})).toBe(true);
    expect(await client.delete(configMaps, at)).toBe(false);
    expect(await client.find(configMaps, at)).toBeUndefined();
  });

  test('a dry run leaves nothing behind', async () => {
    await client.create(configMaps, configMap('dry', {}), {...ours, dryRun: true});
    expect(await client.find(configMaps, {namespace: 'default', name: 'dry'})).toBeUndefined();
  });

  test('apply: two managers share an object; a field of the other is a field conflict, unless forced', async () => {
    await client.apply(configMaps, configMap('shared', {hub: '1'}), ours);
    await client.apply(configMaps, configMap('shared', {agent: '1'}), theirs);
    const conflict = await failure(client.apply(configMaps, configMap('shared', {hub: '2'}), theirs));
    expect([conflict.isFieldConflict, conflict.isConflict]).toEqual([true, false]);
    expect(conflict.causes[0]).toMatchObject({reason: 'FieldManagerConflict', field: '.data.hub'});
    const forced = await client.apply(configMaps, configMap('shared', {hub: '2'}), {...theirs, force: true});
    expect(dataOf(forced)).toEqual({hub: '2'});
  });

  test('apply with the uid of an object that is gone makes no new one', async () => {
    const object = await client.apply(configMaps, configMap('gone', {a: '1'}), ours);
    await client.delete(configMaps, {namespace: 'default', name: 'gone'});
    const again = configMap('gone', {a: '2'}, {uid: object.metadata.uid});
    expect((await failure(client.apply(configMaps, again, theirs))).isConflict).toBe(true);
    expect(await client.find(configMaps, {namespace: 'default', name: 'gone'})).toBeUndefined();
  });

  test('warnings reach whoever asked for them', async () => {
    const warnings: string[] = [];
    const object = {...configMap('warned', {}), nonsense: true};
    await client.create(configMaps, object, {...ours, onWarning: (text) => warnings.push(text)});
    expect(warnings).toEqual(['unknown field "nonsense"']);
  });

  test('a missing type is not an absent object', async () => {
    const at = {namespace: 'default', name: 'x'};
    const own = {group: 'example.org', version: 'v1', plural: 'gadgets', kind: 'Gadget', namespaced: true};
    expect((await failure(client.find(own, at))).isKindMissing).toBe(true);
    const core = {group: '', version: 'v1', plural: 'gadgets', kind: 'Gadget', namespaced: true};
    expect((await failure(client.find(core, at))).isKindMissing).toBe(true);
  });

  test('a list of the core group has its types filled in', async () => {
    const {items} = await client.list(services, {namespace: 'default'});
    expect(items.map(({apiVersion, kind, metadata}) => [apiVersion, kind, metadata.name])).toContainEqual([
      'v1',
      'Service',
      'kubernetes',
    ]);
  });

  test('a list of many pages is whole', async () => {
    const names = Array.from({length: 60}, (_, index) => `many-${index}`);
    await Promise.all(
      names.map((name) => client.apply(configMaps, configMap(name, {}, {labels: {many: 'yes'}}), ours)),
    );
    const {items} = await client.list(configMaps, {namespace: 'default', labelSelector: 'many=yes', pageSize: 7});
    expect(items.map(({metadata}) => metadata.name).toSorted()).toEqual(names.toSorted());
  });

  test('a wrong token is "unauthorized", and no proof of life', async () => {
    const stranger = new KubeClient({credentials: {...cluster.credentials, token: 'wrong'}, userAgent: 'x'});
    const error = await failure(stranger.list(namespaces));
    await stranger.close();
    expect([error.status, stranger.lastSuccessMs]).toEqual([401, undefined]);
  });

  test('events are taken', async () => {
    const recorder = new EventRecorder({client, component: 'isthmus-hub', logger});
    const about = await client.apply(configMaps, configMap('noted', {}), ours);
    recorder.record(about, {type: 'Warning', reason: 'Tested', message: 'it was tested'});
    await recorder.flush();
    const {items} = await client.list(events, {namespace: 'default'});
    expect(items).toContainEqual(expect.objectContaining({reason: 'Tested', involvedObject: expect.anything()}));
  });

  test('a lease is taken, renewed, released, and taken by the next', async () => {
    const at = {namespace: 'default', name: 'test'};
    const join = (identity: string) => {
      const stop = new AbortController();
      const log: string[] = [];
      const times = {leaseDurationMs: 2_000, renewEveryMs: 100};
      const onLost = (why: string) => log.push(why);
      const onHeld = () => log.push('held');
      const holder = new LeaseHolder({client, ...at, identity, ...times, onHeld, onLost, logger});
      holder.start(stop.signal);
      return {stop, log, holder};
    };
    const one = join('one');
    await eventually(() => one.holder.held).toBe(true);
    const two = join('two');
    const first = await client.get<Lease>(leases, at);
    await eventually(async () => (await client.get<Lease>(leases, at)).spec?.renewTime).not.toBe(first.spec?.renewTime);
    expect(two.holder.held).toBe(false);
    one.stop.abort();
    await one.holder.closed;
    await eventually(() => two.holder.held).toBe(true);
    expect((await client.get<Lease>(leases, at)).spec).toMatchObject({holderIdentity: 'two', leaseTransitions: 1});
    two.stop.abort();
    await two.holder.closed;
    expect([one.log, two.log]).toEqual([
      ['held', 'stopped'],
      ['held', 'stopped'],
    ]);
    expect((await client.get<Lease>(leases, at)).spec?.holderIdentity).toBe('');
  });
});
