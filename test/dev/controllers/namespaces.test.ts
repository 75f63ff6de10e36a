import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {startNamespaceDefaults} from '../../../src/dev/controllers/namespace-defaults.ts';
import {startNamespaceDeletion} from '../../../src/dev/controllers/namespace-deletion.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {configMap, memoryCluster, namespace, settled, silent} from './memory-cluster.ts';
import type {MemoryCluster} from './memory-cluster.ts';

const NAMESPACES = {group: '', plural: 'namespaces'};
const SERVICES = {group: '', plural: 'services'};
const ACCOUNTS = {group: '', plural: 'serviceaccounts'};
const MAPS = {group: '', plural: 'configmaps'};

let cluster: MemoryCluster;
const stops: (() => void)[] = [];

beforeEach(() => {
  cluster = memoryCluster(2);
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function startDefaults(): void {
  stops.push(startNamespaceDefaults(cluster.api, {allocator: cluster.allocator, apiServerPort: 6443, logger: silent}));
}

describe('what every cluster has', () => {
  test('is there as soon as the controller was started', () => {
    startDefaults();
    const {api} = cluster;
    expect(api.list(NAMESPACES).map((one) => (one['metadata'] as JsonObject)['name'])).toEqual([
      'default',
      'kube-node-lease',
      'kube-public',
      'kube-system',
    ]);
    expect(api.get(SERVICES, 'default', 'kubernetes')).toMatchObject({
      metadata: {labels: {component: 'apiserver', provider: 'kubernetes'}},
      spec: {
        clusterIPs: ['10.102.0.1'],
        ipFamilyPolicy: 'SingleStack',
        ports: [{name: 'https', port: 443, protocol: 'TCP', targetPort: 6443}],
      },
    });
    expect(api.get({group: 'networking.k8s.io', plural: 'servicecidrs'}, undefined, 'kubernetes')).toMatchObject({
      spec: {cidrs: ['10.102.0.0/16', 'fd00:0:0:2::/112']},
      status: {conditions: [{type: 'Ready', status: 'True'}]},
    });
    expect(api.get(ACCOUNTS, 'kube-system', 'default')).toBeDefined();
  });

  test('each new namespace gets its account, and gets it again', async () => {
    startDefaults();
    cluster.api.create(NAMESPACES, namespace('bar'));
    await settled(cluster);
    expect(cluster.api.get(ACCOUNTS, 'bar', 'default')).toBeDefined();
    cluster.api.delete(ACCOUNTS, 'bar', 'default');
    await settled(cluster);
    expect(cluster.api.get(ACCOUNTS, 'bar', 'default')).toBeDefined();
  });

  test('the Service kubernetes comes back', async () => {
    startDefaults();
    cluster.api.delete(SERVICES, 'default', 'kubernetes');
    await settled(cluster);
    expect(cluster.api.get(SERVICES, 'default', 'kubernetes')).toMatchObject({spec: {clusterIP: '10.102.0.1'}});
  });

  test('a second start on the same data writes nothing', async () => {
    startDefaults();
    await settled(cluster);
    const before = cluster.storage.revision;
    startDefaults();
    await settled(cluster);
    expect(cluster.storage.revision).toBe(before);
  });
});

describe('deleting a namespace', () => {
  beforeEach(() => {
    stops.push(startNamespaceDeletion(cluster.api, {logger: silent}));
    cluster.api.create(NAMESPACES, namespace('bar'));
  });

  test('empties it and lets it go', async () => {
    startDefaults();
    await settled(cluster);
    cluster.api.create(MAPS, configMap('m'));
    cluster.api.delete(NAMESPACES, undefined, 'bar');
    expect(cluster.api.get(NAMESPACES, undefined, 'bar')).toMatchObject({status: {phase: 'Terminating'}});
    await settled(cluster);
    expect(cluster.api.get(NAMESPACES, undefined, 'bar')).toBeUndefined();
    expect([...cluster.api.list(MAPS, 'bar'), ...cluster.api.list(ACCOUNTS, 'bar')]).toEqual([]);
  });

  test('waits for finalizers and names them', async () => {
    const held = cluster.api.create(MAPS, configMap('m', {finalizers: ['example.dev/y']}));
    cluster.api.delete(NAMESPACES, undefined, 'bar');
    await settled(cluster);
    const {status} = cluster.api.get(NAMESPACES, undefined, 'bar') as {status: {conditions: JsonObject[]}};
    expect(status.conditions.map(({type, status: is, reason, message}) => [type, is, reason, message])).toEqual([
      ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'],
      [
        'NamespaceDeletionGroupVersionParsingFailure',
        'False',
        'ParsedGroupVersions',
        'All legacy kube types successfully parsed',
      ],
      [
        'NamespaceDeletionContentFailure',
        'False',
        'ContentDeleted',
        'All content successfully deleted, may be waiting on finalization',
      ],
      [
        'NamespaceContentRemaining',
        'True',
        'SomeResourcesRemain',
        'Some resources are remaining: configmaps. has 1 resource instances',
      ],
      [
        'NamespaceFinalizersRemaining',
        'True',
        'SomeFinalizersRemain',
        'Some content in the namespace has finalizers remaining: example.dev/y in 1 resource instances',
      ],
    ]);
    const live = cluster.api.get(MAPS, 'bar', 'm') ?? held;
    const {finalizers: _finalizers, ...metadata} = live['metadata'] as JsonObject;
    cluster.api.update(MAPS, {...live, metadata});
    await settled(cluster);
    expect(cluster.api.get(NAMESPACES, undefined, 'bar')).toBeUndefined();
  });

  test('one that was being deleted when the controller started goes too', async () => {
    for (const stop of stops.splice(0)) stop();
    cluster.api.delete(NAMESPACES, undefined, 'bar');
    await settled(cluster);
    expect(cluster.api.get(NAMESPACES, undefined, 'bar')).toBeDefined();
    stops.push(startNamespaceDeletion(cluster.api, {logger: silent}));
    await settled(cluster);
    expect(cluster.api.get(NAMESPACES, undefined, 'bar')).toBeUndefined();
  });
});
