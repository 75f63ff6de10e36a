import type {FlomeshServiceExport, ServiceExport} from '../api/kinds.ts';
import type {Condition, KubeObject, ObjectMeta} from '../api/meta.ts';
import {NOT_ALLOWED} from '../api/names.ts';
import {
  FLOMESH_GROUP,
  FLOMESH_MCS_GROUP,
  flomeshServiceExports,
  MCS_GROUP,
  serviceExports,
  type Resource,
} from '../api/resources.ts';
import type {ExportGroup, FlomeshExportSettings} from '../clusterset/member-export.ts';

/** The three served groups that an export may be written in; the last two are one (design §4). */
export interface ExportSource {
  readonly id: 'mcs' | 'flomesh' | 'flomesh-mcs';
  readonly resource: Resource;
  readonly group: ExportGroup;
}

export const exportSources: readonly ExportSource[] = [
  {id: 'mcs', resource: serviceExports, group: MCS_GROUP},
  {id: 'flomesh', resource: flomeshServiceExports, group: FLOMESH_GROUP},
  {id: 'flomesh-mcs', resource: {...flomeshServiceExports, group: FLOMESH_MCS_GROUP}, group: FLOMESH_GROUP},
];

/** What the hub remembers of one ServiceExport object; the engine judges what the maps may carry on. */
export interface KeptExport extends KubeObject {
  readonly metadata: ObjectMeta & {readonly namespace: string; readonly uid: string};
  /** As its own API server claims it, milliseconds since the epoch. */
  readonly claimedAtMs: number;
  readonly source: ExportSource;
  readonly exportedLabels: Readonly<Record<string, string>>;
  readonly exportedAnnotations: Readonly<Record<string, string>>;
  readonly flomesh: FlomeshExportSettings | undefined;
  /** Why the member's agent found a policy against it (`Valid=False`, `NotAllowed`), for its present spec. */
  readonly notAllowed: string | undefined;
  /** The hub's own conditions and strangers'; `Valid` is the agent's. */
  readonly status: {readonly conditions: readonly Condition[]};
}

/**
 * Strips an export at the edge. Undefined: it is being deleted, which ends the export whatever finalizers still hold the
 * object (KEP-1645: deleting the ServiceExport stops exporting).
 */
export function keepExport(raw: KubeObject, source: ExportSource): KeptExport | undefined {
  const {apiVersion, kind, metadata} = raw;
  const {name, namespace, uid = '', generation} = metadata;
  if (metadata.deletionTimestamp !== undefined || namespace === undefined) return undefined;
  const claimedAtMs = Date.parse(metadata.creationTimestamp ?? '');
  const standard = source.group === MCS_GROUP ? (raw as ServiceExport).spec : undefined;
  return {
    apiVersion,
    kind,
    metadata: {name, namespace, uid, ...(generation === undefined ? {} : {generation})},
    // An unreadable time must never win a conflict: it counts as the youngest.
    claimedAtMs: Number.isNaN(claimedAtMs) ? Number.MAX_SAFE_INTEGER : claimedAtMs,
    source,
    exportedLabels: keepTexts(standard?.exportedLabels),
    exportedAnnotations: keepTexts(standard?.exportedAnnotations),
    flomesh: source.group === FLOMESH_GROUP ? keepSettings(raw) : undefined,
    notAllowed: refusalOf(raw),
    status: {conditions: conditionsOf(raw).filter(({type}) => type !== 'Valid')},
  };
}

function conditionsOf(raw: KubeObject): readonly Condition[] {
  return (raw as ServiceExport).status?.conditions ?? [];
}

/** A verdict about an earlier generation says nothing of this one. */
function refusalOf(raw: KubeObject): string | undefined {
  const valid = conditionsOf(raw).find(({type}) => type === 'Valid');
  const isCurrent = valid?.observedGeneration === undefined || valid.observedGeneration === raw.metadata.generation;
  return valid?.status === 'False' && valid.reason === NOT_ALLOWED && isCurrent ? valid.message : undefined;
}

function keepTexts(map: unknown): Record<string, string> {
  if (typeof map !== 'object' || map === null) return {};
  return Object.fromEntries(
    Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function keepSettings(raw: FlomeshServiceExport): FlomeshExportSettings {
  // A hostile null too.
  const spec = raw.spec ?? {};
  const rules = (Array.isArray(spec.rules) ? spec.rules : []).slice(0, 256);
  const targets = (Array.isArray(spec.targetClusters) ? spec.targetClusters : []).slice(0, 1_000);
  return {
    rules: rules.map((rule) => ({
      pathType: rule.pathType,
      ...(typeof rule.portNumber === 'number' ? {portNumber: rule.portNumber} : {}),
      ...(typeof rule.path === 'string' ? {path: rule.path.slice(0, 2_048)} : {}),
    })),
    targetClusters: targets.filter((target) => typeof target === 'string'),
    ...(typeof spec.serviceAccountName === 'string' ? {serviceAccountName: spec.serviceAccountName} : {}),
    ...(typeof spec.loadBalancer === 'string' ? {loadBalancer: spec.loadBalancer} : {}),
    ...(typeof spec.sessionSticky === 'boolean' ? {sessionSticky: spec.sessionSticky} : {}),
  };
}
