import {describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {ExportAges} from '../../src/hub/export-ages.ts';
import {exportSources, keepExport, type KeptExport} from '../../src/hub/kept-export.ts';
import {keepCluster, keepNamespace} from '../../src/hub/kept-objects.ts';
import {keepService, serviceOfSlice} from '../../src/hub/kept-service.ts';
import {isReady, keepSlice} from '../../src/hub/kept-slice.ts';
import {merge} from '../../src/clusterset/merge.ts';
import {isTargeted} from '../../src/clusterset/target-clusters.ts';
import {toMemberExport} from '../../src/hub/member-export.ts';

/** What comes out of another cluster's objects: every field may be hostile (design §10). */

const [mcs, flomesh, flomeshMcs] = exportSources as [
  (typeof exportSources)[0],
  (typeof exportSources)[0],
  (typeof exportSources)[0],
];

function raw(rest: object, metadata: object = {}): KubeObject {
  const base = {namespace: 'bar', name: 'foo', uid: 'uid-1', creationTimestamp: '2026-11-21T12:00:00Z'};
  return {apiVersion: 'v1', kind: 'Any', metadata: {...base, ...metadata}, ...rest};
}

function kept(source: (typeof exportSources)[0], createdAt: string, spec: object = {}): KeptExport {
  return keepExport(raw({spec}, {creationTimestamp: createdAt, uid: `uid-${source.id}`}), source)!;
}

describe('a ServiceExport', () => {
  test('that is being deleted exports no more, whatever finalizers hold it', () => {
    expect(keepExport(raw({}, {deletionTimestamp: '2026-11-21T12:00:00Z'}), mcs)).toBeUndefined();
  });

  test('without a readable age is the youngest, so that it wins nothing', () => {
    const ages = ['', 'yesterday'].map(
      (creationTimestamp) => keepExport(raw({}, {creationTimestamp}), mcs)?.claimedAtMs,
    );
    expect(ages).toEqual([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  });

  test('keeps of each group only what that group may say', () => {
    const spec = {
      exportedLabels: {a: 'b', n: 1},
      targetClusters: ['c1', 2],
      rules: [{pathType: 'Exact', portNumber: 80}],
    };
    expect(kept(mcs, '', spec)).toMatchObject({exportedLabels: {a: 'b'}, flomesh: undefined});
    expect(kept(flomesh, '', spec)).toMatchObject({
      exportedLabels: {},
      flomesh: {targetClusters: ['c1'], rules: [{pathType: 'Exact', portNumber: 80}]},
    });
  });

  test.each([
    {spec: {exportedLabels: 'text'}},
    {spec: {rules: 'text', targetClusters: {}}},
    {spec: null},
    {status: null},
  ])('of a wrong shape is read as far as it goes: %j', (rest) => {
    for (const source of exportSources) expect(() => keepExport(raw(rest), source)).not.toThrow();
  });
});

describe('one export of several objects', () => {
  const ageOf = ({claimedAtMs}: KeptExport): number => claimedAtMs;
  const of = (...exports: readonly KeptExport[]) =>
    toMemberExport({cluster: 'c1', exports, ageOf, service: undefined, namespaceLabels: {}, ready: undefined});

  test('has the age of the older, the fields of each group, and both groups', () => {
    const standard = kept(mcs, '2026-11-21T12:00:02Z', {exportedLabels: {a: 'b'}});
    const fsm = kept(flomesh, '2026-11-21T12:00:01Z', {serviceAccountName: 'sa'});
    for (const both of [of(standard, fsm), of(fsm, standard)]) {
      expect(both).toMatchObject({
        createdAtMs: fsm.claimedAtMs,
        exportedLabels: {a: 'b'},
        groups: ['flomesh.io', 'multicluster.x-k8s.io'],
        flomesh: {serviceAccountName: 'sa'},
      });
    }
  });

  test('for targets that can not be read is for no other cluster, not for all', () => {
    const taken = of(kept(flomesh, '2026-11-21T12:00:01Z', {targetClusters: [7, 'no name']}));
    expect(isTargeted(taken, {id: 'c2', key: 'default/default/default/c2'})).toBe(false);
    expect(taken.faults?.map(({field}) => field)).toEqual(['spec.targetClusters[0]', 'spec.targetClusters[1]']);
  });

  test('has what its owner asks for on any of them, and the path that it is rewritten from and to', () => {
    const annotations = {'isthmus.dev/ignore-drain': 'true', 'isthmus.dev/allow-type-change': 'Headless'};
    const standard = keepExport(raw({}, {annotations}), mcs)!;
    const fsm = kept(flomesh, '2026-11-21T12:00:01Z', {pathRewrite: {from: '^/a', to: '/b'}});
    expect(of(standard, fsm)).toMatchObject({
      ignoreDrain: true,
      allowTypeChange: 'Headless',
      flomesh: {pathRewrite: {from: '^/a', to: '/b'}},
    });
  });

  test('of the two groups of FSM the older object speaks', () => {
    const older = kept(flomeshMcs, '2026-11-21T12:00:01Z', {serviceAccountName: 'older'});
    const younger = kept(flomesh, '2026-11-21T12:00:02Z', {serviceAccountName: 'younger'});
    expect(of(younger, older)).toMatchObject({groups: ['flomesh.io'], flomesh: {serviceAccountName: 'older'}});
  });
});

describe('a Service', () => {
  test('gives away what an import is made of, and no node ports or selectors', () => {
    const ports = [{name: 'http', port: 80, nodePort: 30_000, targetPort: 8080, appProtocol: 'http'}];
    const spec = {type: 'NodePort', clusterIP: '10.101.0.7', ports, selector: {app: 'foo'}, ipFamilies: ['IPv4']};
    expect(keepService(raw({spec}, {labels: {app: 'foo', n: 1}}))).toEqual({
      service: {
        type: 'NodePort',
        headless: false,
        ipFamilies: ['IPv4'],
        sessionAffinity: 'None',
        ports: [{name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http'}],
      },
      refusal: undefined,
      faults: [],
      labels: {app: 'foo'},
    });
  });

  test('with clusterIP None is headless; one being deleted is gone', () => {
    expect(keepService(raw({spec: {clusterIP: 'None'}}))?.service?.headless).toBe(true);
    expect(keepService(raw({}, {deletionTimestamp: '2026-11-21T12:00:00Z'}))).toBeUndefined();
  });

  test.each([
    {name: 'port 0', spec: {ports: [{port: 0}]}},
    {name: 'port 70000', spec: {ports: [{port: 70_000}]}},
    {name: 'half a port', spec: {ports: [{port: 80.5}]}},
    {name: 'a protocol of its own', spec: {ports: [{port: 80, protocol: 'ICMP'}]}},
    {name: 'a port name with a dot', spec: {ports: [{port: 80, name: 'a.b'}]}},
    {name: 'a type of its own', spec: {type: 'Magic'}},
  ])('is refused for $name, and its export hears why', ({spec}) => {
    const service = keepService(raw({spec}));
    expect(service).toMatchObject({service: undefined, refusal: {reason: 'InvalidService'}});
    const taken = toMemberExport({
      cluster: 'c1',
      exports: [kept(mcs, '2026-11-21T12:00:01Z')],
      ageOf: ({claimedAtMs}) => claimedAtMs,
      service,
      namespaceLabels: {},
      ready: undefined,
    });
    expect(merge([taken]).verdicts.get('c1')?.valid).toMatchObject({status: 'False', reason: 'InvalidService'});
  });
});

describe('an EndpointSlice', () => {
  test.each([
    {name: 'no endpoints', endpoints: [], ready: false},
    {name: 'null', endpoints: null, ready: false},
    {name: 'one that is ready', endpoints: [{addresses: ['10.0.0.1'], conditions: {ready: true}}], ready: true},
    {name: 'one that does not say (counts as ready)', endpoints: [{addresses: ['10.0.0.1']}], ready: true},
    {name: 'none that is ready', endpoints: [{addresses: ['10.0.0.1'], conditions: {ready: false}}], ready: false},
    {name: 'one without address', endpoints: [{addresses: [], conditions: {ready: true}}], ready: false},
  ])('with $name: $ready', ({endpoints, ready}) => {
    expect(isReady(keepSlice(raw({endpoints})))).toBe(ready);
  });

  test('belongs to the Service of its label, in its own namespace', () => {
    expect(serviceOfSlice(raw({}, {labels: {'kubernetes.io/service-name': 'svc'}}))).toBe('bar/svc');
    expect(serviceOfSlice(raw({}))).toBeUndefined();
  });
});

test('a kept Cluster has no copy of its kubeconfig in annotations', () => {
  const annotations = {'kubectl.kubernetes.io/last-applied-configuration': '{"kubeconfig":1}', 'note': 'x'};
  expect(keepCluster(raw({}, {annotations})).metadata.annotations).toEqual({note: 'x'});
});

test('a namespace is terminating from its deletion on, also before its phase says so', () => {
  expect(keepNamespace(raw({}, {deletionTimestamp: '2026-11-21T12:00:00Z'})).terminating).toBe(true);
  expect(keepNamespace(raw({status: {phase: 'Terminating'}})).terminating).toBe(true);
  expect(keepNamespace(raw({status: {phase: 'Active'}})).terminating).toBe(false);
});

describe('ages', () => {
  const object = kept(mcs, '2026-11-21T12:00:00Z');
  const claimed = object.claimedAtMs;
  const HOUR_MS = 3_600_000;

  test('of the first list are believed', () => {
    const ages = new ExportAges();
    ages.noteAppeared(object);
    ages.noteList('mcs', claimed + HOUR_MS);
    expect(ages.ageOf(object)).toBe(claimed);
  });

  test('of what appears after a list that lacked it are no older than that list', () => {
    const ages = new ExportAges();
    ages.noteList('mcs', claimed + HOUR_MS);
    ages.noteAppeared(object);
    expect(ages.ageOf(object)).toBe(claimed + HOUR_MS);
    expect(Object.values(ages.capped())).toEqual([{uid: 'uid-mcs', ageMs: claimed + HOUR_MS, claimedAtMs: claimed}]);
  });

  test('are fixed for the life of the object: later lists change nothing', () => {
    const ages = new ExportAges();
    ages.noteAppeared(object);
    ages.noteList('mcs', claimed + HOUR_MS);
    ages.noteAppeared(object);
    expect(ages.ageOf(object)).toBe(claimed);
  });

  test('of an object that is made again are its own', () => {
    const ages = new ExportAges();
    ages.noteList('mcs', claimed + HOUR_MS);
    ages.noteAppeared(object);
    const again = {...object, metadata: {...object.metadata, uid: 'uid-2'}, claimedAtMs: claimed + 2 * HOUR_MS};
    ages.noteAppeared(again);
    expect(ages.ageOf(again)).toBe(claimed + 2 * HOUR_MS);
  });

  test('survive a restart', () => {
    const before = new ExportAges();
    before.noteList('mcs', claimed + HOUR_MS);
    before.noteAppeared(object);
    const after = new ExportAges();
    after.restore(before.capped());
    after.noteAppeared(object);
    expect(after.ageOf(object)).toBe(claimed + HOUR_MS);
    after.forget('bar/foo');
    expect(after.capped()).toEqual({});
  });

  test.each([
    {name: 'that a list before the restart had is believed', listed: true, want: claimed},
    {name: 'that it lacked is no older than that list', listed: false, want: claimed + HOUR_MS},
  ])('of an export $name', ({listed, want}) => {
    const before = new ExportAges();
    if (listed) before.noteAppeared(object);
    before.noteList('mcs', claimed + HOUR_MS);
    const after = new ExportAges();
    after.restore(before.capped(), before.lists());
    after.noteAppeared(object);
    after.noteList('mcs', claimed + 2 * HOUR_MS);
    expect(after.ageOf(object)).toBe(want);
  });

  test('of an export that has the name of one that was listed, but another uid, are its own', () => {
    const before = new ExportAges();
    before.noteAppeared(object);
    before.noteList('mcs', claimed + HOUR_MS);
    const after = new ExportAges();
    after.restore(before.capped(), before.lists());
    const other = {...object, metadata: {...object.metadata, uid: 'uid-2'}};
    after.noteAppeared(other);
    expect(after.ageOf(other)).toBe(claimed + HOUR_MS);
  });

  test('of a source that was never listed are believed, whatever other sources say', () => {
    const before = new ExportAges();
    before.noteList('flomesh', claimed + HOUR_MS);
    const after = new ExportAges();
    after.restore(before.capped(), before.lists());
    after.noteAppeared(object);
    expect(after.ageOf(object)).toBe(claimed);
  });
});
