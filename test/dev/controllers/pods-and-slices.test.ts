import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {startEndpointSlices} from '../../../src/dev/controllers/endpoint-slices.ts';
import {startPodRunner} from '../../../src/dev/controllers/pod-runner.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster, namespace, pod, service, settled, silent} from './memory-cluster.ts';
import type {MemoryCluster} from './memory-cluster.ts';

const PODS = {group: '', plural: 'pods'};
const SERVICES = {group: '', plural: 'services'};
const SLICES = {group: 'discovery.k8s.io', plural: 'endpointslices'};
const APP = {app: 'foo'};
const PORT = {name: 'http', port: 80, targetPort: 'http'};

let cluster: MemoryCluster;
const stops: (() => void)[] = [];

beforeEach(() => {
  cluster = memoryCluster(1);
  cluster.api.create({group: '', plural: 'namespaces'}, namespace('bar'));
  stops.push(startPodRunner(cluster.api, {index: 1, logger: silent}));
  stops.push(startEndpointSlices(cluster.api, {logger: silent}));
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function slices(): JsonObject[] {
  return cluster.api.list(SLICES, 'bar');
}

function endpoints(type = 'IPv4'): JsonObject[] {
  return slices()
    .filter((slice) => slice['addressType'] === type)
    .flatMap((slice) => (slice['endpoints'] as JsonObject[] | null) ?? []);
}

function statusOf(name: string): {conditions: JsonObject[]} {
  return (cluster.api.get(PODS, 'bar', name) ?? {})['status'] as {conditions: JsonObject[]};
}

function setReady(name: string, status: 'True' | 'False'): void {
  const live = cluster.api.get(PODS, 'bar', name) as JsonObject;
  const now = live['status'] as JsonObject;
  const conditions = (now['conditions'] as JsonObject[]).map((one) =>
    one['type'] === 'Ready' ? {...one, status} : one,
  );
  cluster.api.update(PODS, {...live, status: {...now, conditions}}, 'status');
}

describe('running pods', () => {
  test('a pod is bound, Running and Ready, with an address of each family', async () => {
    cluster.api.create(PODS, pod('p'));
    await settled(cluster);
    expect(cluster.api.get(PODS, 'bar', 'p')).toMatchObject({
      spec: {nodeName: 'node-1'},
      status: {
        phase: 'Running',
        podIP: '10.201.0.1',
        podIPs: [{ip: '10.201.0.1'}, {ip: 'fd00:0:1:1::1'}],
        containerStatuses: [{name: 'c', ready: true, state: {running: {}}}],
      },
    });
    const {conditions} = statusOf('p');
    expect(conditions.map(({type, status}) => [type, status])).toEqual(
      ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => [type, 'True']),
    );
  });

  test('a sidecar keeps running, another init container is done', async () => {
    const initContainers = [
      {name: 'init', image: 'i'},
      {name: 'sidecar', image: 'i', restartPolicy: 'Always'},
    ];
    cluster.api.create(PODS, pod('p', {}, {initContainers}));
    await settled(cluster);
    expect(cluster.api.get(PODS, 'bar', 'p')).toMatchObject({
      status: {
        initContainerStatuses: [
          {name: 'init', state: {terminated: {exitCode: 0, reason: 'Completed'}}},
          {name: 'sidecar', started: true, ready: true, state: {running: {}}},
        ],
      },
    });
  });

  test('a deleted pod ends, and its address rests until all others were used', async () => {
    cluster.api.create(PODS, pod('p'));
    await settled(cluster);
    cluster.api.delete(PODS, 'bar', 'p');
    cluster.api.create(PODS, pod('q'));
    await settled(cluster);
    expect(cluster.api.get(PODS, 'bar', 'p')).toBeUndefined();
    expect(cluster.api.get(PODS, 'bar', 'q')).toMatchObject({status: {podIP: '10.201.0.2'}});
  });

  test('a status that somebody set is left alone', async () => {
    cluster.api.create(PODS, pod('p'));
    await settled(cluster);
    setReady('p', 'False');
    await settled(cluster);
    const {conditions} = statusOf('p');
    expect(conditions.find(({type}) => type === 'Ready')).toMatchObject({status: 'False'});
  });
});

describe('slices', () => {
  test('carry what the upstream controller writes', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}, {lab: '1'}));
    cluster.api.create(PODS, pod('p', APP));
    cluster.api.create(PODS, pod('stranger', {app: 'other'}));
    await settled(cluster);
    const live = cluster.api.get(SERVICES, 'bar', 'foo') as {metadata: JsonObject};
    const target = cluster.api.get(PODS, 'bar', 'p') as {metadata: JsonObject};
    expect(slices()).toHaveLength(1);
    expect(slices()[0]).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^foo-[a-z0-9]{5}$/) as string,
        generateName: 'foo-',
        labels: {
          'lab': '1',
          'kubernetes.io/service-name': 'foo',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Service',
            name: 'foo',
            uid: live.metadata['uid'],
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      addressType: 'IPv4',
      ports: [{name: 'http', protocol: 'TCP', port: 8080}],
      endpoints: [
        {
          addresses: ['10.201.0.1'],
          conditions: {ready: true, serving: true, terminating: false},
          targetRef: {kind: 'Pod', namespace: 'bar', name: 'p', uid: target.metadata['uid']},
          nodeName: 'node-1',
        },
      ],
    });
  });

  test('one without endpoints stands for a Service without pods', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}));
    await settled(cluster);
    expect(slices()).toMatchObject([{addressType: 'IPv4', endpoints: null, ports: null}]);
  });

  test('there are some for each family of the Service', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT], ipFamilyPolicy: 'RequireDualStack'}));
    cluster.api.create(PODS, pod('p', APP));
    await settled(cluster);
    expect(endpoints('IPv4')).toMatchObject([{addresses: ['10.201.0.1']}]);
    expect(endpoints('IPv6')).toMatchObject([{addresses: ['fd00:0:1:1::1']}]);
  });

  test('an unready pod is not ready, unless the Service publishes those too', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}));
    cluster.api.create(PODS, pod('p', APP));
    await settled(cluster);
    setReady('p', 'False');
    await settled(cluster);
    expect(endpoints()).toMatchObject([{conditions: {ready: false, serving: false}}]);
    const live = cluster.api.get(SERVICES, 'bar', 'foo') as {spec: JsonObject};
    cluster.api.update(SERVICES, {...live, spec: {...live.spec, publishNotReadyAddresses: true}});
    await settled(cluster);
    expect(endpoints()).toMatchObject([{conditions: {ready: true, serving: false}}]);
  });

  test('a headless Service says so; without ports they are null', async () => {
    cluster.api.create(SERVICES, service('foo', {clusterIP: 'None', selector: APP}));
    cluster.api.create(PODS, pod('p', APP));
    await settled(cluster);
    expect(slices()).toMatchObject([{metadata: {labels: {'service.kubernetes.io/headless': ''}}, ports: null}]);
    expect(endpoints()).toHaveLength(1);
  });

  test('pods that resolve a port name differently stand in slices of their own', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}));
    const other = [{name: 'c', image: 'i', ports: [{name: 'http', containerPort: 9090}]}];
    cluster.api.create(PODS, pod('p', APP));
    cluster.api.create(PODS, pod('q', APP, {containers: other}));
    await settled(cluster);
    expect(slices().map((slice) => (slice['ports'] as JsonObject[])[0]?.['port'])).toEqual(
      expect.arrayContaining([8080, 9090]),
    );
  });

  test('more than 100 pods need a second slice, and none when they are gone', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}));
    for (let at = 0; at < 101; at++) cluster.api.create(PODS, pod(`p${at}`, APP));
    await settled(cluster);
    expect(
      slices()
        .map((slice) => (slice['endpoints'] as JsonObject[]).length)
        .toSorted((a, b) => b - a),
    ).toEqual([100, 1]);
    for (let at = 0; at < 101; at++) cluster.api.delete(PODS, 'bar', `p${at}`);
    await settled(cluster);
    expect(slices()).toMatchObject([{endpoints: null}]);
  });

  test('a pod that no longer matches leaves', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}));
    cluster.api.create(PODS, pod('p', APP));
    await settled(cluster);
    const live = cluster.api.get(PODS, 'bar', 'p') as {metadata: JsonObject};
    cluster.api.update(PODS, {...live, metadata: {...live.metadata, labels: {}}});
    await settled(cluster);
    expect(endpoints()).toEqual([]);
  });

  test('a selector taken away leaves them as they were', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}));
    cluster.api.create(PODS, pod('p', APP));
    await settled(cluster);
    const {selector: _selector, ...spec} = (cluster.api.get(SERVICES, 'bar', 'foo') as {spec: JsonObject}).spec;
    cluster.api.update(SERVICES, {...cluster.api.get(SERVICES, 'bar', 'foo'), spec});
    cluster.api.delete(PODS, 'bar', 'p');
    await settled(cluster);
    expect(endpoints()).toHaveLength(1);
  });

  test('hand-made ones are not touched, deleted ones come back', async () => {
    const mine = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {name: 'mine', namespace: 'bar', labels: {'kubernetes.io/service-name': 'foo'}},
      addressType: 'IPv4',
      endpoints: [{addresses: ['192.0.2.1']}],
    };
    cluster.api.create(SLICES, mine);
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}));
    await settled(cluster);
    const made = slices().find((slice) => (slice['metadata'] as JsonObject)['name'] !== 'mine') as {
      metadata: JsonObject;
    };
    cluster.api.delete(SLICES, 'bar', String(made.metadata['name']));
    await settled(cluster);
    expect(slices()).toHaveLength(2);
    expect(cluster.api.get(SLICES, 'bar', 'mine')).toMatchObject({endpoints: [{addresses: ['192.0.2.1']}]});
  });

  test('a quiet cluster is written to by nobody', async () => {
    cluster.api.create(SERVICES, service('foo', {selector: APP, ports: [PORT]}));
    cluster.api.create(PODS, pod('p', APP));
    await settled(cluster);
    const before = cluster.storage.revision;
    for (const stop of stops.splice(0)) stop();
    stops.push(startPodRunner(cluster.api, {index: 1, logger: silent}));
    stops.push(startEndpointSlices(cluster.api, {logger: silent}));
    await settled(cluster);
    expect(cluster.storage.revision).toBe(before);
  });
});
