import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {
  Cluster,
  ClusterProperty,
  FlomeshServiceImport,
  RemoteCluster,
  ServiceImport,
} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {merge} from '../../src/clusterset/merge.ts';
import type {MergedImport} from '../../src/clusterset/merged-import.ts';
import {planClusterStatus} from '../../src/hub/plan-cluster-status.ts';
import {refuseJoin} from '../../src/hub/plan-cluster-property.ts';
import {planFlomeshImport, type FlomeshImportSituation} from '../../src/hub/plan-flomesh-import.ts';
import {planImport, type ImportSituation, type Plan} from '../../src/hub/plan-import.ts';
import {planRemoteCluster} from '../../src/hub/plan-remote-cluster.ts';
import {rememberExports} from '../../src/hub/remembered-export.ts';
import {memberExports} from '../clusterset/arbitraries.ts';
import {anExport} from '../clusterset/fixtures.ts';

const OURS = {'app.kubernetes.io/managed-by': 'isthmus-hub'};

function mergedOf(...exports: Parameters<typeof merge>[0]): MergedImport {
  const {import: merged} = merge(exports);
  if (merged === undefined) throw new Error('these exports make no import');
  return merged;
}

function storedImport(labels: Record<string, string> = OURS): ServiceImport {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: {namespace: 'bar', name: 'foo', uid: 'uid-1', labels, creationTimestamp: '2026-11-21T10:00:00Z'},
  };
}

function written(plan: {do: string}): KubeObject & {spec?: Record<string, unknown>} {
  if (plan.do !== 'write') throw new Error(`expected a write, not ${JSON.stringify(plan)}`);
  return (plan as Plan & {do: 'write'}).object;
}

describe('the standard import', () => {
  const base: ImportSituation = {
    merged: mergedOf(anExport('cluster-1')),
    actual: undefined,
    namespace: 'Present',
    createNamespaces: true,
    written: false,
    hasSlices: false,
  };

  test.each<{name: string; change: Partial<ImportSituation>; plan: unknown}>([
    {name: 'nobody exports it and it is not there: nothing', change: {merged: undefined}, plan: {why: 'NotWanted'}},
    {
      name: 'the last export is gone: deleted, by uid',
      change: {merged: undefined, actual: storedImport()},
      plan: {do: 'delete', uid: 'uid-1'},
    },
    {
      name: 'the last export is gone, but it is of another controller: left alone',
      change: {merged: undefined, actual: storedImport({})},
      plan: {why: 'NotOurs'},
    },
    {
      name: 'exported, but another controller wrote one: left alone',
      change: {actual: storedImport({})},
      plan: {why: 'NotOurs'},
    },
    {
      name: 'our label was taken off an object that this process wrote: still ours',
      change: {actual: storedImport({}), written: true},
      plan: {do: 'write'},
    },
    {
      name: 'the namespace is missing and may be made: made first',
      change: {namespace: 'Absent'},
      plan: {do: 'write', createNamespace: true},
    },
    {
      name: 'the namespace is missing and may not be made: nothing (KEP-1645: only where it exists)',
      change: {namespace: 'Absent', createNamespaces: false},
      plan: {why: 'NoNamespace'},
    },
    {
      name: 'the namespace is terminating: nothing',
      change: {namespace: 'Terminating'},
      plan: {why: 'NamespaceTerminating'},
    },
  ])('$name', ({change, plan}) => {
    expect(planImport({...base, ...change})).toMatchObject(plan as object);
  });

  test('an apply to an object that is there carries its uid, a first one none', () => {
    expect(written(planImport(base)).metadata.uid).toBeUndefined();
    expect(written(planImport({...base, actual: storedImport()})).metadata.uid).toBe('uid-1');
  });

  test("the agent's fields are never applied: addresses, and the families of a ClusterSetIP; a headless import is told to have none", () => {
    fc.assert(
      fc.property(memberExports, (exports) => {
        const {import: merged} = merge(exports);
        if (merged === undefined) return;
        const {spec = {}} = written(planImport({...base, merged}));
        expect(spec.ips).toEqual(merged.type === 'Headless' ? [] : undefined);
        expect('ipFamilies' in spec).toBe(merged.type === 'Headless');
      }),
    );
  });

  test('an exported label or annotation never speaks with the voice of the hub', () => {
    fc.assert(
      fc.property(memberExports, (exports) => {
        const {import: merged} = merge(exports);
        if (merged === undefined) return;
        const {labels = {}, annotations = {}} = written(planImport({...base, merged})).metadata;
        expect(labels['app.kubernetes.io/managed-by']).toBe('isthmus-hub');
        expect(annotations['isthmus.dev/ready']).toBe(merged.readyClusters?.join(','));
      }),
    );
  });

  test('what an import remembers of its exporters makes the same import again', () => {
    fc.assert(
      fc.property(memberExports, (exports) => {
        const {import: merged} = merge(exports);
        if (merged === undefined) return;
        const plan = planImport({...base, merged});
        const stored = {...written(plan), status: {clusters: []}} as unknown as ServiceImport;
        const again = mergedOf(...rememberExports(stored, merged.clusters));
        // Not in the import: the families of a ClusterSetIP (the agent's) and the group that an export came from.
        const {ipFamilies: _, groups: __, ports, ...rest} = merged;
        expect(again).toMatchObject(rest);
        // Their order followed ages, which are not in it either.
        expect(again.ports).toHaveLength(ports.length);
        expect(again.ports).toEqual(expect.arrayContaining([...ports]));
      }),
      {numRuns: 300},
    );
  });
});

describe("FSM's import", () => {
  const flomesh = {rules: [{portNumber: 80, path: '/foo', pathType: 'Prefix' as const}], targetClusters: []};
  const fromFlomesh = anExport('cluster-1', {groups: ['flomesh.io'], flomesh});
  const target = {clusterKey: 'default/default/default/cluster-1', host: 'gw.example.org', ip: '', port: 8080};
  const base: FlomeshImportSituation = {
    merged: mergedOf(fromFlomesh),
    exports: [fromFlomesh],
    targets: new Map([['cluster-1', target]]),
    actual: undefined,
    namespace: 'Present',
    unknown: new Set(),
    unseen: new Set(),
  };
  const stored = (
    changes: Partial<KubeObject['metadata']>,
    spec?: FlomeshServiceImport['spec'],
  ): FlomeshServiceImport => ({
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'ServiceImport',
    metadata: {namespace: 'bar', name: 'foo', uid: 'uid-2', ...changes},
    ...(spec === undefined ? {} : {spec}),
  });
  const withSpec = {ports: []};
  const standardOnly = mergedOf(anExport('cluster-1'));

  test.each<{name: string; change: Partial<FlomeshImportSituation>; plan: unknown}>([
    {name: 'exported by the standard alone: not written', change: {merged: standardOnly}, plan: {why: 'NotWanted'}},
    {
      name: 'no export of that group any more: ours is deleted',
      change: {merged: standardOnly, actual: stored({labels: OURS}, withSpec)},
      plan: {do: 'delete', uid: 'uid-2'},
    },
    {
      name: "no export any more: a user's that was filled is emptied, not deleted",
      change: {merged: undefined, actual: stored({annotations: {'isthmus.dev/filled-by': 'isthmus-hub'}}, withSpec)},
      plan: {do: 'empty', uid: 'uid-2'},
    },
    {
      name: "no export: a user's empty one waits",
      change: {merged: undefined, actual: stored({})},
      plan: {why: 'NotWanted'},
    },
    {
      name: "a user's with a spec of its own is the user's",
      change: {actual: stored({}, withSpec)},
      plan: {why: 'NotOurs'},
    },
    {
      name: 'an exporter cannot be asked: ours is not deleted',
      change: {merged: standardOnly, unknown: new Set(['cluster-9']), actual: stored({labels: OURS}, withSpec)},
      plan: {why: 'ExporterUnknown'},
    },
    {
      name: 'no namespace yet: it waits for the standard import to make it',
      change: {namespace: 'Absent'},
      plan: {why: 'NoNamespace'},
    },
  ])('$name', ({change, plan}) => {
    expect(planFlomeshImport({...base, ...change})).toMatchObject(plan as object);
  });

  test("a user's empty one is filled and marked as filled, not taken over", () => {
    const {metadata} = written(planFlomeshImport({...base, actual: stored({})}));
    expect(metadata.labels).toBeUndefined();
    expect(metadata).toMatchObject({uid: 'uid-2', annotations: {'isthmus.dev/filled-by': 'isthmus-hub'}});
  });

  test('each port names the gateways of the clusters that serve it, with the path of the rule', () => {
    const other = anExport('cluster-2', {}, {ports: [{name: 'alt', port: 81, protocol: 'TCP'}]});
    const exports = [fromFlomesh, other];
    const targets = new Map([
      ['cluster-1', target],
      ['cluster-2', {...target, clusterKey: 'default/default/default/cluster-2', ip: '192.0.2.2'}],
    ]);
    const {spec} = written(planFlomeshImport({...base, merged: mergedOf(...exports), exports, targets}));
    expect(spec?.['ports']).toMatchObject([
      {port: 80, endpoints: [{clusterKey: target.clusterKey, target: {host: 'gw.example.org', ip: '', path: '/foo'}}]},
      {port: 81, endpoints: [{clusterKey: 'default/default/default/cluster-2', target: {path: ''}}]},
    ]);
  });

  test('of a cluster that can not be asked, and of a name that is not resolved yet, what was told stays', () => {
    const endpoint = {
      clusterKey: target.clusterKey,
      target: {host: target.host, ip: '192.0.2.5', port: 1, path: '/foo'},
    };
    const actual = stored(
      {labels: OURS},
      {ports: [{port: 80, protocol: 'TCP', endpoints: [endpoint]}], serviceAccountName: 'me'},
    );
    const remembered = anExport('cluster-1', {groups: ['flomesh.io']});
    const situation = {...base, actual, exports: [remembered], unknown: new Set(['cluster-1'])};
    const {spec} = written(
      planFlomeshImport({...situation, targets: new Map([['cluster-1', {...target, ip: undefined}]])}),
    );
    expect(spec).toMatchObject({
      serviceAccountName: 'me',
      ports: [{port: 80, endpoints: [{target: {ip: '192.0.2.5', port: 8080, path: '/foo'}}]}],
    });
    // Known again, and resolved to nothing that is allowed.
    const known = written(
      planFlomeshImport({...situation, unknown: new Set(), targets: new Map([['cluster-1', target]])}),
    );
    expect(known.spec).toMatchObject({ports: [{endpoints: [{target: {ip: '', path: ''}}]}]});
    expect(known.spec).not.toHaveProperty('serviceAccountName');
  });

  test('a cluster without a gateway is in no endpoint, and the port stays (endpoints are required)', () => {
    const {spec} = written(planFlomeshImport({...base, targets: new Map()}));
    expect(spec?.['ports']).toMatchObject([{port: 80, endpoints: []}]);
  });
});

describe('the RemoteCluster', () => {
  const cluster: Cluster = {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'Cluster',
    metadata: {name: 'cluster-1'},
    spec: {gatewayHost: 'gw.example.org', gatewayPort: 8080, region: 'eu', kubeconfig: 'secret', network: 'flat'},
  };
  const base = {
    cluster,
    addresses: ['192.0.2.1'],
    gatewayRefused: false,
    version: 'v1.36.0',
    actual: undefined,
    nowMs: 0,
  };
  const reachable = {state: 'Reachable', sinceMs: Date.parse('2026-11-21T12:00:00Z')} as const;
  const startedAtMs = reachable.sinceMs;
  const ramp = {startedAt: '2026-11-21T12:00:00Z', overSeconds: 600, fromPercent: 0};

  test('carries place, network and gateway, and no credentials', () => {
    const {object} = planRemoteCluster({...base, api: reachable});
    expect(object).toMatchObject({
      spec: {
        gateway: {host: 'gw.example.org', port: 8080, addresses: ['192.0.2.1']},
        region: 'eu',
        zone: 'default',
        group: 'default',
        network: 'flat',
      },
    });
    expect(JSON.stringify(object)).not.toContain('secret');
  });

  test('a state that the member was told before keeps its since: a restarted hub rewrites nothing', () => {
    const told = {state: 'Reachable', since: '2026-11-01T00:00:00Z'} as const;
    const actual: RemoteCluster = {
      apiVersion: 'isthmus.dev/v1alpha1',
      kind: 'RemoteCluster',
      metadata: {name: 'cluster-1', uid: 'u'},
      status: {api: told, version: 'v1.36.0'},
    };
    const same = planRemoteCluster({...base, api: reachable, version: undefined, actual});
    expect(same.status).toMatchObject({status: {api: told, version: 'v1.36.0'}});
    const changed = planRemoteCluster({...base, api: {...reachable, state: 'Unreachable'}, actual});
    expect(changed.status).toMatchObject({status: {api: {state: 'Unreachable', since: '2026-11-21T12:00:00Z'}}});
  });

  test.each([
    {name: 'no drain', drain: {}, says: {}},
    {name: 'a drain at once', drain: {drain: true}, says: {drain: true}},
    {
      name: 'a ramp under way: its step of now',
      drain: {drain: true, drainRamp: ramp},
      says: {drain: false, drainPercent: 50},
    },
    {name: 'the end of a ramp', drain: {drain: true, drainRamp: {...ramp, overSeconds: 300}}, says: {drain: true}},
    {
      name: 'the end of the way back',
      drain: {drainRamp: {...ramp, overSeconds: 300}},
      says: {drain: false, drainPercent: 0},
    },
  ])('tells $name, and no times', ({drain, says}) => {
    const drained = {...cluster, spec: {...cluster.spec, ...drain}};
    const {object} = planRemoteCluster({...base, cluster: drained, api: reachable, nowMs: startedAtMs + 300_000});
    const {drain: told, drainPercent} = (object as RemoteCluster).spec ?? {};
    expect({
      ...(told === undefined ? {} : {drain: told}),
      ...(drainPercent === undefined ? {} : {drainPercent}),
    }).toEqual(says);
    expect(object).not.toHaveProperty('spec.drainRamp');
  });

  test('a name that is not resolved yet keeps its addresses; one that has no lawful ones loses them', () => {
    const {object} = planRemoteCluster({...base, api: reachable});
    const actual = {...object, metadata: {name: 'cluster-1', uid: 'u'}} as RemoteCluster;
    const gatewayOf = (change: {cluster?: Cluster; addresses: readonly string[] | undefined}) =>
      (planRemoteCluster({...base, ...change, actual, api: reachable}).object as RemoteCluster).spec?.gateway;
    expect(gatewayOf({addresses: undefined})?.addresses).toEqual(['192.0.2.1']);
    expect(gatewayOf({addresses: []})).not.toHaveProperty('addresses');
    const moved = {...cluster, spec: {...cluster.spec, gatewayHost: 'gw2.example.org'}};
    expect(gatewayOf({addresses: undefined, cluster: moved})).not.toHaveProperty('addresses');
  });

  test('while the hub knows neither way it says nothing', () => {
    expect(planRemoteCluster({...base, api: undefined}).status).toBeUndefined();
  });

  test('a gateway address that is refused is not told at all', () => {
    expect(planRemoteCluster({...base, gatewayRefused: true, api: reachable}).object).not.toHaveProperty(
      'spec.gateway',
    );
  });
});

describe('joining', () => {
  const property = (name: string, value: string, labels: Record<string, string> = {}): [string, ClusterProperty] => [
    name,
    {apiVersion: 'about.k8s.io/v1beta1', kind: 'ClusterProperty', metadata: {name, labels}, spec: {value}},
  ];
  const ID = 'cluster.clusterset.k8s.io';
  const SET = 'clusterset.k8s.io';

  test.each<{name: string; found: [string, ClusterProperty][]; reason: string | undefined}>([
    {name: 'a cluster that never was a member may join', found: [], reason: undefined},
    {name: 'a member of ours may join again', found: [property(ID, 'c1'), property(SET, 'ours')], reason: undefined},
    {name: 'a member of another clusterset may not', found: [property(SET, 'theirs')], reason: 'OtherClusterset'},
    {name: 'one that calls itself otherwise may not', found: [property(ID, 'c2')], reason: 'OtherClusterId'},
    {
      name: 'an id that the hub wrote for this clusterset may change: the Cluster was renamed',
      found: [property(ID, 'c2', OURS), property(SET, 'ours', OURS)],
      reason: undefined,
    },
    {
      name: 'an id with our label, but of no clusterset: not enough to change it',
      found: [property(ID, 'c2', OURS)],
      reason: 'OtherClusterId',
    },
  ])('$name', ({found, reason}) => {
    expect(refuseJoin(new Map(found), {clusterId: 'c1', clustersetId: 'ours'})?.reason).toBe(reason);
  });
});

describe('the conditions of a Cluster', () => {
  const yes = {status: 'True', reason: 'Yes', message: ''} as const;
  const no = {status: 'False', reason: 'No', message: ''} as const;
  const base = {
    cluster: {
      apiVersion: 'flomesh.io/v1alpha1',
      kind: 'Cluster',
      metadata: {name: 'c1', uid: 'u', generation: 3},
      spec: {gatewayHost: '192.0.2.1'},
    } satisfies Cluster,
    reachable: yes,
    synced: yes,
    gatewayRefused: false,
    held: undefined,
    sliceLimit: undefined,
    nowMs: 0,
  };

  const byType = (situation: Parameters<typeof planClusterStatus>[0]): Record<string, unknown> =>
    Object.fromEntries(
      ((planClusterStatus(situation) as Cluster).status?.conditions ?? []).map((each) => [each.type, each]),
    );

  test('Managed names the first thing that it waits for', () => {
    expect(byType(base)['Managed']).toMatchObject({status: 'False', reason: 'GatewayNotProbed'});
    expect(byType({...base, synced: no})['Managed']).toMatchObject({reason: 'NotSynced'});
    expect(byType({...base, reachable: no, synced: no})['Managed']).toMatchObject({reason: 'NotReachable'});
  });

  test('observedGeneration is that of the object, and every condition has its five fields', () => {
    for (const condition of Object.values(byType(base))) {
      expect(condition).toMatchObject({observedGeneration: 3, lastTransitionTime: '1970-01-01T00:00:00Z'});
    }
  });

  test('MassDeletion names at most twenty, sorted, and is there only while something is held', () => {
    expect(byType(base)).not.toHaveProperty('MassDeletion');
    const keys = new Set(Array.from({length: 25}, (_, i) => `bar/foo-${String(i).padStart(2, '0')}`));
    expect(byType({...base, held: {sinceMs: 0, keys}})['MassDeletion']).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/bar\/foo-00, .*bar\/foo-19 and 5 more\. .* since 1970-01-01T00:00:00\.000Z\./),
    });
  });

  test.each([
    ['2027-01-01T00:00:00Z', "is ignored: 2027-01-01T00:00:00Z lies ahead of the hub's clock"],
    ['tomorrow', 'is ignored: "tomorrow" is no time of RFC 3339'],
  ])('a confirmation %s that confirms nothing is named', (text, said) => {
    const annotations = {'isthmus.dev/confirm-deletions': text};
    const cluster = {...base.cluster, metadata: {...base.cluster.metadata, annotations}};
    const held = {sinceMs: 0, keys: new Set(['bar/foo'])};
    expect(byType({...base, cluster, held})['MassDeletion']).toMatchObject({message: expect.stringContaining(said)});
    expect(byType({...base, held})['MassDeletion']).toMatchObject({message: expect.not.stringContaining('ignored')});
  });

  test('no gateway is said, not hidden', () => {
    const cluster = {...base.cluster, spec: {}};
    expect(byType({...base, cluster})['GatewayHealthy']).toMatchObject({status: 'False', reason: 'NoGateway'});
  });
});
