import {createHash} from 'node:crypto';
import type {JsonObject} from '../../schema/json.ts';
import type {ResourceType} from '../resource-type.ts';
import {priorityOf} from '../type-registry.ts';
import type {GroupVersion, TypeRegistry} from '../type-registry.ts';
import {STATUS_VERBS, verbsOf} from './verbs.ts';

export const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/**
 * What is served, in both forms that clients ask for (apiserver.md §1.3).
 *
 * @param core - `/api` lists the core group alone, `/apis` all others
 */
export function aggregatedDiscovery(registry: TypeRegistry, core: boolean): JsonObject {
  const groups = Map.groupBy(versionsOf(registry, core), ({group}) => group);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: [...groups].map(([group, versions]) => ({
      metadata: group === '' ? {} : {name: group},
      versions: versions.map(({version}) => ({
        version,
        resources: registry.ofGroupVersion(group, version).map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function versionsOf(registry: TypeRegistry, core: boolean): readonly GroupVersion[] {
  return registry.groupVersions().filter(({group}) => (group === '') === core);
}

function aggregatedResource(type: ResourceType): JsonObject {
  const {group, version, kind} = type;
  // Built-in kinds leave it to the reader: their group is that of the document.
  const responseKind = type.custom ? {group, version, kind} : {group: '', version: '', kind};
  const subresources = [
    ...(type.hasStatus ? [{subresource: 'status', responseKind, verbs: STATUS_VERBS}] : []),
    ...(type.subresources ?? []).map(({name, group, version, kind, verbs}) => ({
      subresource: name,
      responseKind: {group, version, kind},
      verbs,
    })),
  ];
  return {
    resource: type.plural,
    responseKind,
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: verbsOf(type),
    ...(type.shortNames.length > 0 ? {shortNames: type.shortNames} : {}),
    ...(type.categories.length > 0 ? {categories: type.categories} : {}),
    ...(subresources.length > 0 ? {subresources} : {}),
  };
}

export function coreVersions(address: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{clientCIDR: '0.0.0.0/0', serverAddress: address}],
  };
}

export function groupList(registry: TypeRegistry): JsonObject {
  // The older form has custom groups by the name of their first APIService: v1.b.dev before v1beta1.a.dev.
  const services = versionsOf(registry, false).map(({group, version}) => ({group, name: `${version}.${group}`}));
  const sorted = services.toSorted((a, b) => priorityOf(a.group) - priorityOf(b.group) || (a.name < b.name ? -1 : 1));
  const names = new Set(sorted.map(({group}) => group));
  return {kind: 'APIGroupList', apiVersion: 'v1', groups: [...names].map((name) => groupOf(registry, name))};
}

/** `/apis/<group>`; undefined where the group is not served. */
export function groupDocument(registry: TypeRegistry, name: string): JsonObject | undefined {
  const served = versionsOf(registry, false).some(({group}) => group === name);
  return served ? {kind: 'APIGroup', apiVersion: 'v1', ...groupOf(registry, name)} : undefined;
}

function groupOf(registry: TypeRegistry, name: string): JsonObject {
  const versions = registry
    .groupVersions()
    .filter(({group}) => group === name)
    .map(({group, version}) => ({groupVersion: `${group}/${version}`, version}));
  return {name, versions, preferredVersion: versions[0]};
}

/** `/api/v1` or `/apis/<group>/<version>`; undefined where it is not served. */
export function resourceList(registry: TypeRegistry, group: string, version: string): JsonObject | undefined {
  const types = registry.ofGroupVersion(group, version);
  if (types.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: types.flatMap(resourceRows),
  };
}

function resourceRows(type: ResourceType): readonly JsonObject[] {
  const row = {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: verbsOf(type),
    ...(type.shortNames.length > 0 ? {shortNames: type.shortNames} : {}),
    ...(type.categories.length > 0 ? {categories: type.categories} : {}),
    // What is never stored has no version that it is stored in.
    ...(type.verbs === undefined ? {storageVersionHash: storageVersionHash(type)} : {}),
  };
  const {namespaced, kind, plural} = type;
  const others = (type.subresources ?? []).map(({name, ...of}) => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...of,
  }));
  if (!type.hasStatus) return [row, ...others];
  return [row, {name: `${plural}/status`, singularName: '', namespaced, kind, verbs: STATUS_VERBS}, ...others];
}

/** Changes where objects are stored in another version: what storage migrators look for. */
function storageVersionHash({group, kind, version, storageVersion = version}: ResourceType): string {
  const digest = createHash('sha256').update(`${group}/${storageVersion}/${kind}`).digest();
  return digest.subarray(0, 8).toString('base64');
}

/** SHA-512 in upper case hexadecimal, as ETags of discovery and hashes of OpenAPI documents are. */
export function hash(text: string): string {
  return createHash('sha512').update(text).digest('hex').toUpperCase();
}
