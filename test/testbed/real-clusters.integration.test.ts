import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';

import type {KubeObject} from '../../src/api/meta.ts';
import {configMaps, endpointSlices, namespaces, nodes, pods, services} from '../../src/api/resources.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {Reflector} from '../../src/kube/reflector.ts';
import {killById} from '../../src/dev/real/kill-by-id.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {Testbed} from '../../src/dev/real/testbed.ts';
import {until} from '../../src/dev/real/until.ts';

const logger = pino({level: 'silent'});
const SOON = {deadlineMs: 30_000};
const manager = {fieldManager: 'test'};
const missing = await missingForClusters();

interface Slice extends KubeObject {
  readonly endpoints: readonly {readonly addresses: readonly string[]}[] | null;
}

function configMap(namespace: string, name: string): KubeObject & {data: object} {
  return {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name, namespace}, data: {}};
}

if (missing !== undefined) test(`real clusters (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('a real cluster', () => {
  let testbed: Testbed;
  let client: KubeClient;
  let count = 0;
  /** A name that nothing had before, not even in another try of the same test. */
  const fresh = (prefix: string): string => `${prefix}-${++count}`;

  beforeAll(async () => {
    testbed = await Testbed.start({clusters: ['one'], logger});
    client = new KubeClient({credentials: testbed.get('one').credentials, userAgent: 'test'});
  }, 90_000);

  afterAll(async () => {
    const pid = testbed.get('one').apiServer?.pid ?? 0;
    await client.close();
    await testbed.close();
    expect(killById(pid, 0), 'its kube-apiserver has ended').toBe(false);
  });

  test('says the version it was built from', async () => {
    expect((await client.version()).gitVersion).toMatch(/^v1\.\d+\.\d+$/);
  });

  test('runs pods that it does not run: bound, Ready, with addresses, in the EndpointSlices of both families', async () => {
    const name = fresh('web');
    const at = {namespace: 'default', name};
    const labels = {app: name};
    await client.create(
      services,
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: at,
        spec: {selector: labels, ipFamilyPolicy: 'RequireDualStack', ports: [{port: 80}]},
      } as KubeObject,
      manager,
    );
    const containers = [{name: 'web', image: 'example.org/web:1.0'}];
    const pod = {apiVersion: 'v1', kind: 'Pod', metadata: {...at, labels}, spec: {containers}};
    await client.create(pods, pod, manager);
    const addresses = async (): Promise<string[]> => {
      const {items} = await client.list<Slice>(endpointSlices, {
        namespace: 'default',
        labelSelector: `kubernetes.io/service-name=${name}`,
      });
      return items.flatMap((slice) => slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
    };
    await until('both addresses', async () => (await addresses()).length === 2, SOON);
    const [ipv4 = '', ipv6 = ''] = (await addresses()).toSorted();
    expect(ipv4).toMatch(/^10\.200\.0\.\d$/);
    expect(ipv6).toBe(`fd00:0:1::${ipv4.at(-1)}`);
    expect((await client.list(nodes)).items.map(({metadata}) => metadata.name)).toEqual(['node-1']);
    await client.delete(pods, at);
    await until('the pod to go', async () => (await client.find(pods, at)) === undefined, SOON);
    await client.delete(services, at);
  });

  test('killed, compacted and started again on its port, it has its data, and a reflector misses nothing', async () => {
    const cluster = testbed.get('one');
    const {url} = cluster;
    const namespace = fresh('restart');
    // As the try before left it, where it failed half-way.
    await cluster.start();
    await client.create(namespaces, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}}, manager);
    await client.create(configMaps, configMap(namespace, 'before'), manager);
    const stopping = new AbortController();
    onTestFinished(() => stopping.abort());
    const reflector = new Reflector<string>({
      client,
      resource: configMaps,
      namespace,
      fieldSelector: 'metadata.name!=kube-root-ca.crt',
      keep: (raw) => raw.metadata.name,
      logger,
      backoff: {minMs: 50, maxMs: 500},
    });
    reflector.start(stopping.signal);
    await reflector.synced;
    await cluster.stop();
    await expect(client.version()).rejects.toMatchObject({status: 0});
    await cluster.start();
    expect(cluster.url).toBe(url);
    await client.delete(configMaps, {namespace, name: 'before'});
    await client.create(configMaps, configMap(namespace, 'after'), manager);
    await testbed.etcd.compact();
    await until(
      'the reflector to catch up',
      () => Promise.resolve([...reflector.store.values()].join() === 'after'),
      SOON,
    );
    expect(reflector.status().lists, 'one list at the start, at most one after the restart').toBeLessThanOrEqual(2);
    stopping.abort();
    await reflector.closed;
  });

  test('stopped as a process (SIGSTOP), it is silent; continued, it goes on', async () => {
    const {apiServer} = testbed.get('one');
    onTestFinished(() => apiServer?.signal('SIGCONT'));
    apiServer?.signal('SIGSTOP');
    await expect(client.version({timeoutMs: 300})).rejects.toMatchObject({code: 'ISTHMUS_KUBE_TIMEOUT'});
    apiServer?.signal('SIGCONT');
    await until(
      'an answer',
      () =>
        client.version({timeoutMs: 5_000}).then(
          () => true,
          () => false,
        ),
      SOON,
    );
  });

  test('started with a front, it fails single requests on demand and counts what is written, also after a restart', async () => {
    const name = fresh('two');
    const cluster = await testbed.add(name, {front: true});
    onTestFinished(() => cluster.stop());
    const fronted = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
    onTestFinished(() => fronted.close());
    cluster.faults.add({verb: 'list', resource: 'configmaps'}, {kind: 'status', code: 503}, {times: 2});
    for (let asked = 0; asked < 2; asked++) {
      await expect(fronted.list(configMaps)).rejects.toMatchObject({status: 503});
    }
    await cluster.stop();
    await expect(fronted.version()).rejects.toMatchObject({status: 0});
    await cluster.start();
    // One of the controllers' making.
    await until('a ConfigMap', async () => (await fronted.list(configMaps)).items.length > 0, SOON);
    await fronted.apply(configMaps, configMap('default', 'counted'), manager);
    expect(cluster.writes.requests()).toEqual([
      {resource: 'configmaps', verb: 'apply', manager: 'test', name: 'default/counted', count: 1},
    ]);
  });
});
