import type {FlomeshServiceImport} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {FILLED_ANNOTATION, HUB_MANAGED_BY, MANAGED_BY_LABEL, isManagedByHub} from '../api/names.ts';
import {apiVersionOf, FLOMESH_GROUP, flomeshServiceImports} from '../api/resources.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import type {MergedImport} from '../clusterset/merged-import.ts';
import type {NamespaceState, Plan} from './plan-import.ts';

/** How one cluster is reached, as FSM writes it into imports. */
export interface FlomeshTarget {
  /** FSM's long form, `region/zone/group/name`. */
  readonly clusterKey: string;
  readonly host: string;
  /** Empty: the name resolves to no address that is allowed. Undefined: it is not resolved yet. */
  readonly ip: string | undefined;
  readonly port: number;
}

export interface FlomeshImportSituation {
  readonly merged: MergedImport | undefined;
  /** The exports that `merged` was made of. */
  readonly exports: readonly MemberExport[];
  /** By cluster id; a cluster without a gateway has none. */
  readonly targets: ReadonlyMap<string, FlomeshTarget>;
  readonly actual: FlomeshServiceImport | undefined;
  readonly namespace: NamespaceState;
  /** Exporters that cannot be asked: what they exported through which group, and by which rules, only this import may tell. */
  readonly unknown: ReadonlySet<string>;
  /** Of those: registered ones that couldn't be taken up, so that not even their gateways are known. */
  readonly unseen: ReadonlySet<string>;
}

/** Besides the three of {@link Plan}: an import that a user made without a spec gets it taken away again (design §4). */
export type FlomeshPlan = Plan | {readonly do: 'empty'; readonly uid: string};

/**
 * FSM's ServiceImport, written where an export of that service came from that group. A user may have made one without a spec
 * (the seed shows it): it is filled while an export exists and emptied after. One with a spec of its own is the user's.
 */
export function planFlomeshImport(situation: FlomeshImportSituation): FlomeshPlan {
  const {merged, actual, namespace, unknown} = situation;
  const wanted = merged?.groups.includes(FLOMESH_GROUP) === true;
  const owner = ownerOf(actual);
  if (owner === 'User') return {do: 'nothing', why: 'NotOurs'};
  if (!wanted) {
    if (unknown.size > 0) return {do: 'nothing', why: 'ExporterUnknown'};
    const uid = actual?.metadata.uid;
    if (uid === undefined || owner === 'UserEmpty') return {do: 'nothing', why: 'NotWanted'};
    return owner === 'Hub' ? {do: 'delete', uid} : {do: 'empty', uid};
  }
  // The standard import is planned first and makes the namespace where that is allowed.
  if (namespace === 'Absent') return {do: 'nothing', why: 'NoNamespace'};
  if (namespace === 'Terminating') return {do: 'nothing', why: 'NamespaceTerminating'};
  return {do: 'write', createNamespace: false, object: desiredImport(situation, merged, owner)};
}

type Owner = 'None' | 'Hub' | 'UserEmpty' | 'UserFilled' | 'User';

function ownerOf(actual: FlomeshServiceImport | undefined): Owner {
  if (actual === undefined) return 'None';
  if (isManagedByHub(actual)) return 'Hub';
  if (actual.metadata.annotations?.[FILLED_ANNOTATION] === HUB_MANAGED_BY) return 'UserFilled';
  return actual.spec === undefined || Object.keys(actual.spec).length === 0 ? 'UserEmpty' : 'User';
}

function desiredImport(situation: FlomeshImportSituation, merged: MergedImport, owner: Owner): KubeObject {
  const {namespace, name} = merged;
  const uid = situation.actual?.metadata.uid;
  const mark =
    owner === 'None' || owner === 'Hub'
      ? {labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY}}
      : {annotations: {[FILLED_ANNOTATION]: HUB_MANAGED_BY}};
  return {
    apiVersion: apiVersionOf(flomeshServiceImports),
    kind: flomeshServiceImports.kind,
    metadata: {namespace, name, ...(uid === undefined ? {} : {uid}), ...mark},
    spec: desiredSpec(situation, merged),
  } as KubeObject;
}

function desiredSpec(
  situation: FlomeshImportSituation,
  merged: MergedImport,
): NonNullable<FlomeshServiceImport['spec']> {
  return {
    type: merged.type,
    ports: merged.ports.map((port) => ({...port, endpoints: endpointsOf(situation, merged, port)})),
    ...(merged.sessionAffinity === undefined ? {} : {sessionAffinity: merged.sessionAffinity}),
    ...(merged.sessionAffinityConfig === undefined ? {} : {sessionAffinityConfig: merged.sessionAffinityConfig}),
    ...accountOf(situation),
  };
}

function accountOf({exports, unknown, actual}: FlomeshImportSituation): {serviceAccountName?: string} {
  const names = exports.flatMap(({flomesh}) => flomesh?.serviceAccountName ?? []);
  const name = names[0] ?? (unknown.size > 0 ? actual?.spec?.serviceAccountName : undefined);
  return name === undefined ? {} : {serviceAccountName: name};
}

type FlomeshPort = NonNullable<FlomeshServiceImport['spec']>['ports'][number];

/** In the order of cluster ids: an order that changes by itself would be a write where nothing changed. */
function endpointsOf(
  {exports, targets, unknown, unseen, actual}: FlomeshImportSituation,
  merged: MergedImport,
  port: MergedImport['ports'][number],
): FlomeshPort['endpoints'] {
  const servedBy = merged.portClusters[`${port.protocol ?? 'TCP'}/${port.port}`] ?? merged.clusters;
  const there = actual?.spec?.ports.find((each) => each.port === port.port && each.protocol === port.protocol);
  return servedBy.flatMap((cluster) => {
    const target = targets.get(cluster);
    if (target === undefined) return unseen.has(cluster) ? (there?.endpoints.filter(isOf(cluster)) ?? []) : [];
    const before = there?.endpoints.find(({clusterKey}) => clusterKey === target.clusterKey)?.target;
    const rules = exports.find((each) => each.cluster === cluster)?.flomesh?.rules ?? [];
    const told = rules.find(({portNumber}) => portNumber === port.port)?.path ?? '';
    const path = unknown.has(cluster) ? (before?.path ?? told) : told;
    // A hub that has just started takes nothing back that the one before it knew.
    const ip = target.ip ?? (before?.host === target.host ? before.ip : '');
    return [{clusterKey: target.clusterKey, target: {host: target.host, ip, port: target.port, path}}];
  });
}

/** Names of Clusters have no slash, and are the last part of the long form. */
function isOf(cluster: string): (endpoint: FlomeshPort['endpoints'][number]) => boolean {
  return ({clusterKey}) => clusterKey.slice(clusterKey.lastIndexOf('/') + 1) === cluster;
}
