import {isIP} from 'node:net';
import type {ClusterProperty, RemoteCluster} from '../../../src/api/kinds.ts';
import {type KubeObject, keyOf} from '../../../src/api/meta.ts';
import {
  CLUSTER_ID_PROPERTY,
  CLUSTERSET_ID_PROPERTY,
  HUB_LEASE,
  isManagedByHub,
  memberRecordName,
} from '../../../src/api/names.ts';
import {
  clusterProperties,
  clusters,
  configMaps,
  exportPolicies,
  flomeshServiceImports,
  globalTrafficPolicies,
  leases,
  remoteClusters,
  type Resource,
  secrets,
  serviceImports,
} from '../../../src/api/resources.ts';
import {mirroredName} from '../../../src/clusterset/policy-origin.ts';
import {planClusterProperty} from '../../../src/hub/plan-cluster-property.ts';
import {planRemoteCluster} from '../../../src/hub/plan-remote-cluster.ts';
import {isUpToDate} from '../../../src/kube/apply-if-different.ts';
import type {Compared} from './import-difference.ts';
import type {MemberName, Place, Playground} from './playground.ts';
import {importedSlices} from './slice-difference.ts';
import {exportObjects, registeredClusters} from './truth.ts';

/** What a member is told about the clusterset: who is in it, who it is itself, and the policies. */
export function differencesOfClusterset({world, api, name}: Compared): readonly string[] {
  return [
    ...differencesOfRemoteClusters(world, api),
    ...differencesOfProperties(world, api, name),
    ...differencesOfPolicies(world, api),
  ];
}

function differencesOfRemoteClusters(world: Playground, api: Place): readonly string[] {
  const registered = registeredClusters(world);
  const wrong = registered.flatMap((cluster) => {
    const {name} = cluster.metadata;
    const actual = api.find<RemoteCluster>(remoteClusters, name);
    const host = cluster.spec?.gatewayHost ?? '';
    const {object, status} = planRemoteCluster({
      ...{cluster, addresses: isIP(host) === 0 ? [] : [host], gatewayRefused: false, version: world.version},
      // Since when is history: what was told stays.
      api: {state: 'Reachable', sinceMs: Date.parse(actual?.status?.api?.since ?? '') || 0},
      ...{defaultRouting: undefined, nowMs: Date.now()},
      actual: undefined,
    });
    const whole = {whole: ['spec', 'status']};
    const isRight = isUpToDate(actual, object, whole) && status !== undefined && isUpToDate(actual, status, whole);
    return isRight
      ? []
      : [`RemoteCluster ${name}: ${JSON.stringify(actual)} is not ${JSON.stringify({object, status})}`];
  });
  const names = new Set(registered.map(({metadata}) => metadata.name));
  const more = api.list(remoteClusters).filter(({metadata}) => !names.has(metadata.name));
  return [...wrong, ...more.map(({metadata}) => `RemoteCluster ${metadata.name} is there, and is no member`)];
}

function differencesOfProperties(world: Playground, api: Place, name: MemberName): readonly string[] {
  const wanted = [
    [CLUSTER_ID_PROPERTY, name],
    [CLUSTERSET_ID_PROPERTY, world.clustersetId],
  ] as const;
  return wanted.flatMap(([property, value]) => {
    const actual = api.find<ClusterProperty>(clusterProperties, property);
    return isUpToDate(actual, planClusterProperty(property, value, undefined))
      ? []
      : [`ClusterProperty ${property}: ${JSON.stringify(actual)} is not ${value}`];
  });
}

function differencesOfPolicies(world: Playground, api: Place): readonly string[] {
  return [exportPolicies, globalTrafficPolicies].flatMap((resource) => {
    const originals = world.hubApi.list(resource);
    const wanted = originals.flatMap(({metadata, ...rest}) => {
      const {namespace, name} = metadata;
      // What it is about is not there either.
      if (namespace !== undefined && api.find({...resource, group: '', plural: 'namespaces'}, namespace) === undefined)
        return [];
      return [`${keyOf({...metadata, name: mirroredName(name)})} ${JSON.stringify((rest as {spec?: object}).spec)}`];
    });
    const actual = api
      .list(resource)
      .map(({metadata, ...rest}) => `${keyOf(metadata)} ${JSON.stringify((rest as {spec?: object}).spec)}`);
    return wanted.sort().join('\n') === actual.sort().join('\n')
      ? []
      : [`${resource.plural} ${actual.join()} are not ${wanted.join()}`];
  });
}

const WRITTEN_WHOLE: readonly Resource[] = [
  ...[serviceImports, flomeshServiceImports, remoteClusters, clusterProperties, exportPolicies, globalTrafficPolicies],
];

/** What the hub has left behind of a member that left, there and in its own cluster. */
export function leftovers(world: Playground, name: MemberName): readonly string[] {
  const {hubApi} = world;
  const api = world.member(name);
  const record = memberRecordName(name);
  const own = [
    ...(hubApi.find(clusters, name) === undefined ? [] : ['the Cluster still leaves']),
    ...[configMaps, secrets].flatMap((resource) =>
      hubApi.find(resource, `isthmus-system/${record}`) === undefined ? [] : [`its ${resource.kind} is kept`],
    ),
  ];
  const objects = WRITTEN_WHOLE.flatMap((resource) =>
    api.list<KubeObject>(resource).flatMap((object) => {
      return isManagedByHub(object) ? [`${resource.plural} ${keyOf(object.metadata)} is left`] : [];
    }),
  );
  const slices = importedSlices(api).map(({metadata}) => `slice ${keyOf(metadata)} is left`);
  const conditions = exportObjects(api).flatMap(({metadata, status}) =>
    status.conditions.length === 0 ? [] : [`export ${keyOf(metadata)} still says something`],
  );
  const lease = api.find(leases, `isthmus-system/${HUB_LEASE}`) === undefined ? [] : ['its Lease is left'];
  return [...own, ...objects, ...slices, ...conditions, ...lease];
}
