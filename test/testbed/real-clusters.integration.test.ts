import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import type {KubeObject} from '../../src/api/meta.ts';
import {configMaps, endpointSlices, nodes, pods, services} from '../../src/api/resources.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {Reflector} from '../../src/kube/reflector.ts';
import {killById} from '../../src/dev/real/kill-by-id.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {Testbed} from '../../src/dev/real/testbed.ts';
import {until} from '../../src/dev/real/until.ts';

const logger = pino({level: 'silent'});
const SOON = {deadlineMs: 20_000};
const manager = {fieldManager: 'test'};
const missing = await missingForClusters();

interface Slice extends KubeObject {
  readonly endpoints: readonly {readonly addresses: readonly string[]}[] | null;
}

function configMap(name: string): KubeObject & {data: object} {
  return {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name, namespace: 'default'}, data: {}};
}

if (missing !== undefined) test(`real clusters (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('a real cluster', () => {
  let testbed: Testbed;
  let client: KubeClient;

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
    const at = {namespace: 'default', name: 'web'};
    const labels = {app: 'web'};
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
        labelSelector: 'kubernetes.io/service-name=web',
      });
      return items.flatMap((slice) => slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
    };
    await until('both addresses', async () => (await addresses()).length === 2, SOON);
    expect((await addresses()).toSorted()).toEqual(['10.200.0.1', 'fd00:0:1::1']);
    expect((await client.list(nodes)).items.map(({metadata}) => metadata.name)).toEqual(['node-1']);
    await client.delete(pods, at);
    await until('the pod to go', async () => (await client.find(pods, at)) === undefined, SOON);
    await client.delete(services, at);
  });

  test('killed, compacted and started again on its port, it has its data, and a reflector misses nothing', async () => {
    const cluster = testbed.get('one');
    const {url} = cluster;
    await client.create(configMaps, configMap('before'), manager);
    const stopping = new AbortController();
    const reflector = new Reflector<string>({
      client,
      resource: configMaps,
      namespace: 'default',
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
    await client.delete(configMaps, {namespace: 'default', name: 'before'});
    await client.create(configMaps, configMap('after'), manager);
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
    apiServer?.signal('SIGSTOP');
    await expect(client.version({timeoutMs: 300})).rejects.toMatchObject({code: 'ISTHMUS_KUBE_TIMEOUT'});
    apiServer?.signal('SIGCONT');
    await until(
      'an answer',
      () =>
        client.version({timeoutMs: 1_000}).then(
          () => true,
          () => false,
        ),
      SOON,
    );
  });

  test('started with a front, it fails single requests on demand and counts what is written, also after a restart', async () => {
    const cluster = await testbed.add('two', {front: true});
    const fronted = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
    cluster.faults.add({verb: 'list', resource: 'configmaps'}, {kind: 'status', code: 503}, {times: 2});
    for (let asked = 0; asked < 2; asked++) {
      await expect(fronted.list(configMaps)).rejects.toMatchObject({status: 503});
    }
    await cluster.stop();
    await expect(fronted.version()).rejects.toMatchObject({status: 0});
    await cluster.start();
    expect((await fronted.list(configMaps)).items).not.toHaveLength(0);
    await fronted.apply(configMaps, configMap('counted'), manager);
    expect(cluster.writes.requests()).toEqual([
      {resource: 'configmaps', verb: 'apply', manager: 'test', name: 'default/counted', count: 1},
    ]);
    await fronted.close();
  });
});
