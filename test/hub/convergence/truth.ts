import type {Cluster, EndpointSlice, ExportPolicy, ServiceImport} from '../../../src/api/kinds.ts';
import type {KubeObject} from '../../../src/api/meta.ts';
import {keyOf} from '../../../src/api/meta.ts';
import {clusterKey, memberRecordName, SERVICE_NAME_LABEL} from '../../../src/api/names.ts';
import {
  clusters,
  configMaps,
  endpointSlices,
  exportPolicies,
  namespaces,
  serviceImports,
  services,
} from '../../../src/api/resources.ts';
import type {MemberExport} from '../../../src/clusterset/member-export.ts';
import type {MergeResult} from '../../../src/clusterset/merged-import.ts';
import {merge} from '../../../src/clusterset/merge.ts';
import {narrowExports} from '../../../src/clusterset/narrow-exports.ts';
import {isTargeted} from '../../../src/clusterset/target-clusters.ts';
import {exportSources, keepExport, type KeptExport} from '../../../src/hub/kept-export.ts';
import {keepNamespace} from '../../../src/hub/kept-objects.ts';
import {keepService} from '../../../src/hub/kept-service.ts';
import {isReady, keepSlice} from '../../../src/hub/kept-slice.ts';
import {toMemberExport} from '../../../src/hub/member-export.ts';
import {MEMBERS, type MemberName, type Place, type Playground} from './playground.ts';

/** What the pure engine says about the objects that are in the API servers at this moment: no hub, no history. */
export interface Truth {
  /** Members whose Cluster is registered, and not being deleted. */
  readonly registered: ReadonlySet<MemberName>;
  /** Of all exports of the name: the verdicts. */
  readonly merged: ReadonlyMap<string, MergeResult>;
  /** By name, as the policies have narrowed them. */
  readonly exports: ReadonlyMap<string, readonly MemberExport[]>;
  /** What one member may import. */
  mergedFor(key: string, consumer: MemberName): MergedFor;
  /** True where that cluster's export counts for this consumer. */
  counts(key: string, of: {readonly exporter: MemberName; readonly consumer: MemberName}): boolean;
}

export interface MergedFor {
  readonly result: MergeResult | undefined;
  readonly exports: readonly MemberExport[];
  /** False: some export of the name is not for this member. */
  readonly isWhole: boolean;
}

export function truthOf(world: Playground): Truth {
  const registered = new Map(registeredClusters(world).map((each) => [each.metadata.name as MemberName, each]));
  const byKey = new Map<string, MemberExport[]>();
  for (const name of registered.keys()) {
    for (const found of exportsOf(world, name)) {
      const key = keyOf(found);
      byKey.set(key, [...(byKey.get(key) ?? []), found]);
    }
  }
  const policies = new Map(world.hubApi.list<ExportPolicy>(exportPolicies).map((each) => [each.metadata.name, each]));
  const places = new Map([...registered].map(([name, each]) => [name, placeOf(each)]));
  const merged = new Map<string, MergeResult>();
  const narrowed = new Map<string, readonly MemberExport[]>();
  for (const [key, all] of byKey) {
    const {exports} = narrowExports(all, {policies, clusters: places, labelsOf: ({subject}) => subject});
    narrowed.set(key, exports);
    merged.set(key, merge(exports));
  }
  const mergedFor = (key: string, name: MemberName): MergedFor => {
    const all = narrowed.get(key) ?? [];
    const consumer = {id: name, key: clusterKey({...registered.get(name)?.spec, name})};
    const exports = registered.has(name) ? all.filter((each) => isTargeted(each, consumer)) : [];
    const isWhole = exports.length === all.length;
    return {exports, isWhole, result: isWhole ? merged.get(key) : merge(exports)};
  };
  return {
    registered: new Set(registered.keys()),
    merged,
    exports: narrowed,
    mergedFor,
    counts: (key, {exporter, consumer}) =>
      mergedFor(key, consumer).result?.import?.clusters.includes(exporter) === true,
  };
}

/** Those of members, and of nobody who leaves. */
export function registeredClusters(world: Playground): readonly Cluster[] {
  return world.hubApi
    .list<Cluster>(clusters)
    .filter(({metadata}) => metadata.deletionTimestamp === undefined && isMember(metadata.name));
}

export function isMember(name: string): name is MemberName {
  return (MEMBERS as readonly string[]).includes(name);
}

function placeOf({spec = {}}: Cluster): {region: string; zone: string; group: string; network: string | undefined} {
  const {region = 'default', zone = 'default', group = 'default', network} = spec;
  return {region, zone, group, network};
}

/** Source slices of one Service in one member. */
export function sourceSlices(api: Place, key: string): readonly EndpointSlice[] {
  return api
    .list<EndpointSlice>(endpointSlices)
    .filter(({metadata}) => `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL]}` === key);
}

/** All export objects of one member, as the hub keeps them. */
export function exportObjects(api: Place): readonly KeptExport[] {
  return exportSources.flatMap((source) => api.list(source.resource).flatMap((raw) => keepExport(raw, source) ?? []));
}

function exportsOf(world: Playground, name: MemberName): readonly MemberExport[] {
  const api = world.member(name);
  const byKey = Map.groupBy(exportObjects(api), ({metadata}) => keyOf(metadata));
  const capped = cappedAges(world, name);
  return [...byKey].map(([key, exports]) => {
    const service = api.find<KubeObject>(services, key);
    const namespace = api.find<KubeObject>(namespaces, key.slice(0, key.indexOf('/')));
    const slices = sourceSlices(api, key).map(keepSlice);
    return toMemberExport({
      cluster: name,
      exports,
      ageOf: (object) => {
        const known = capped[`${object.source.id}/${key}`];
        return known?.uid === object.metadata.uid ? known.ageMs : object.claimedAtMs;
      },
      service: service && keepService(service),
      namespaceLabels: namespace === undefined ? {} : keepNamespace(namespace).labels,
      ready: slices.length === 0 ? undefined : slices.some(isReady),
    });
  });
}

/** Ages that the hub took down because a list lacked the export: history that counts (design §5). */
function cappedAges(world: Playground, name: MemberName): Readonly<Record<string, {uid: string; ageMs: number}>> {
  const key = `isthmus-system/${memberRecordName(name)}`;
  const record = world.hubApi.find<KubeObject & {data?: Record<string, string>}>(configMaps, key);
  return JSON.parse(record?.data?.['capped-ages'] ?? '{}') as Record<string, {uid: string; ageMs: number}>;
}

export function importsOf(api: Place): readonly ServiceImport[] {
  return api.list<ServiceImport>(serviceImports);
}
