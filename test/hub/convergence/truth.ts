import type {Cluster, EndpointSlice, ExportPolicy, ServiceImport} from '../../../src/api/kinds.ts';
import type {KubeObject} from '../../../src/api/meta.ts';
import {keyOf} from '../../../src/api/meta.ts';
import {memberRecordName, SERVICE_NAME_LABEL} from '../../../src/api/names.ts';
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
import {exportSources, keepExport, type KeptExport} from '../../../src/hub/kept-export.ts';
import {keepNamespace} from '../../../src/hub/kept-objects.ts';
import {keepService} from '../../../src/hub/kept-service.ts';
import {isReady, keepSlice} from '../../../src/hub/kept-slice.ts';
import {toMemberExport} from '../../../src/hub/member-export.ts';
import {MEMBERS, type MemberName, type Place, type Playground} from './playground.ts';

/** What the pure engine says about the objects that are in the API servers at this moment: no hub, no history. */
export interface Truth {
  readonly merged: ReadonlyMap<string, MergeResult>;
  /** `key cluster` of every export that counts. */
  readonly valid: ReadonlySet<string>;
}

export function truthOf(world: Playground): Truth {
  const byKey = new Map<string, MemberExport[]>();
  for (const name of MEMBERS) {
    for (const found of exportsOf(world, name)) {
      const key = keyOf(found);
      byKey.set(key, [...(byKey.get(key) ?? []), found]);
    }
  }
  const policies = new Map(world.hubApi.list<ExportPolicy>(exportPolicies).map((each) => [each.metadata.name, each]));
  const places = new Map(world.hubApi.list<Cluster>(clusters).map((each) => [each.metadata.name, placeOf(each)]));
  const merged = new Map<string, MergeResult>();
  const valid = new Set<string>();
  for (const [key, exports] of byKey) {
    const narrowed = narrowExports(exports, {policies, clusters: places, labelsOf: ({subject}) => subject}).exports;
    const result = merge(narrowed);
    merged.set(key, result);
    for (const cluster of result.import?.clusters ?? []) valid.add(`${key} ${cluster}`);
  }
  return {merged, valid};
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
