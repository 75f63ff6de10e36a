import type {Condition, KubeObject, ObjectMeta} from '../api/meta.ts';
import {
  FLOMESH_GROUP,
  flomeshMcsServiceExports,
  flomeshServiceExports,
  MCS_GROUP,
  serviceExports,
  type Resource,
} from '../api/resources.ts';
import {readMap, readSettings} from '../clusterset/intake/read-settings.ts';
import {askedOf, notAllowedOf} from '../clusterset/intake/take-export.ts';
import {asList, asText, FaultList, fieldOf} from '../clusterset/intake/untrusted.ts';
import type {ExportFault, ExportGroup, FlomeshExportSettings, MemberExport} from '../clusterset/member-export.ts';
import {sharedText} from '../kube/shared-text.ts';
import {typeOf} from './kept-objects.ts';
import {shared} from './shared-parts.ts';

/** The three served groups that an export may be written in; the last two are one (design §4). */
export interface ExportSource {
  readonly id: 'mcs' | 'flomesh' | 'flomesh-mcs';
  readonly resource: Resource;
  readonly group: ExportGroup;
}

export const exportSources: readonly ExportSource[] = [
  {id: 'mcs', resource: serviceExports, group: MCS_GROUP},
  {id: 'flomesh', resource: flomeshServiceExports, group: FLOMESH_GROUP},
  {id: 'flomesh-mcs', resource: flomeshMcsServiceExports, group: FLOMESH_GROUP},
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
  /** Of its spec: what can't be read and is left out. */
  readonly faults: readonly ExportFault[];
  /** What its owner asks for by annotations. */
  readonly asked: Pick<MemberExport, 'allowTypeChange' | 'ignoreDrain'>;
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
  const {metadata} = raw;
  const {name, namespace, uid = '', generation} = metadata;
  if (metadata.deletionTimestamp !== undefined || namespace === undefined) return undefined;
  const claimedAtMs = Date.parse(metadata.creationTimestamp ?? '');
  const faults = new FaultList();
  const spec = fieldOf(raw, 'spec');
  const standard = source.group === MCS_GROUP ? spec : undefined;
  return {
    ...typeOf(raw),
    metadata: {
      name: sharedText(name),
      namespace: sharedText(namespace),
      uid,
      ...(generation === undefined ? {} : {generation}),
    },
    // An unreadable time must never win a conflict: it counts as the youngest.
    claimedAtMs: Number.isNaN(claimedAtMs) ? Number.MAX_SAFE_INTEGER : claimedAtMs,
    source,
    exportedLabels: shared(readMap(fieldOf(standard, 'exportedLabels'), 'spec.exportedLabels', faults)),
    exportedAnnotations: shared(readMap(fieldOf(standard, 'exportedAnnotations'), 'spec.exportedAnnotations', faults)),
    flomesh: source.group === FLOMESH_GROUP ? readSettings(spec, faults) : undefined,
    faults: shared(faults.all),
    asked: shared(askedOf([raw])),
    notAllowed: notAllowedOf(raw),
    status: {
      conditions: shared(conditionsOf(raw).filter(({type}) => type !== 'Valid')),
    },
  };
}

function conditionsOf(raw: KubeObject): readonly Condition[] {
  return asList(fieldOf(raw, 'status', 'conditions')).filter(
    (condition): condition is Condition => asText(fieldOf(condition, 'type')) !== undefined,
  );
}
