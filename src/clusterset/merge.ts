import {NOT_ALLOWED} from '../api/names.ts';
import type {ImportType} from '../api/kinds.ts';
import {findConflicts, unionOfFamilies} from './conflicts.ts';
import type {Conflict, ValidExport} from './conflicts.ts';
import type {TraceStep} from './decision.ts';
import {exportable, exportedMapFaults} from './label-syntax.ts';
import type {ExportFault, MemberExport} from './member-export.ts';
import type {ExportVerdict, MergedImport, MergeResult} from './merged-import.ts';
import {mergePorts, portKey} from './merge-ports.ts';
import type {MergedPorts} from './merge-ports.ts';
import {type ExistingImport, guardTypeFlip} from './type-flip.ts';

/**
 * All exports of one name → the import that every member should hold, and a verdict for each export (KEP-1645).
 *
 * Where one value has to be chosen, the oldest valid export's is: by `createdAtMs`, ties by cluster id. An export without a
 * Service, of an ExternalName, or forbidden in its own cluster, contributes nothing and doesn't count, but hears of the conflicts like the others.
 *
 * @param exports - in any order; of one namespace and name, at most one a cluster
 */
export function merge(exports: readonly MemberExport[]): MergeResult {
  const {judged, outcome} = decide(exports);
  return {import: outcome?.merged, verdicts: new Map(judged.map(({verdict}) => [verdict.cluster, verdict]))};
}

interface Decision {
  /** By precedence. */
  readonly judged: readonly {readonly export: MemberExport; readonly verdict: ExportVerdict}[];
  /** Undefined: no export is valid. */
  readonly outcome: {readonly merged: MergedImport; readonly oldest: ValidExport} | undefined;
  readonly conflicts: readonly Conflict[];
}

function decide(exports: readonly MemberExport[]): Decision {
  const ordered = byPrecedence(exports);
  const [oldest, ...younger] = ordered.filter(isValid);
  const judge = (conflicts: readonly Conflict[]): Decision['judged'] =>
    ordered.map((e) => {
      const leftOut = leftOutOf(e);
      const verdict = {cluster: e.cluster, valid: validity(e, leftOut), conflicts, winner: e === oldest};
      return {export: e, verdict: leftOut.length === 0 ? verdict : {...verdict, leftOut}};
    });
  if (oldest === undefined) return {judged: judge([]), outcome: undefined, conflicts: []};
  const valid = [oldest, ...younger] as const;
  const ports = mergePorts(valid.map((e) => ({cluster: e.cluster, ports: e.service.ports})));
  const conflicts = findConflicts(valid, ports);
  return {judged: judge(conflicts), outcome: {merged: toImport(valid, ports), oldest}, conflicts};
}

/** Oldest first, of equal ages by cluster id. Not by locale: the order must be the same everywhere. */
export function byPrecedence(exports: readonly MemberExport[]): readonly MemberExport[] {
  const rankOf = ({rank, cluster}: MemberExport): string => rank ?? cluster;
  return exports.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (rankOf(a) < rankOf(b) ? -1 : 1));
}

/** Whether an export counts: there is a Service behind it that can be exported, and nothing speaks against it. */
export function isValid(e: MemberExport): e is ValidExport {
  return (
    e.notAllowed === undefined &&
    e.refusal === undefined &&
    e.service !== undefined &&
    e.service.type !== 'ExternalName'
  );
}

function toImport(valid: readonly [ValidExport, ...ValidExport[]], ports: MergedPorts): MergedImport {
  const [oldest] = valid;
  const {service} = oldest;
  const type: ImportType = service.headless ? 'Headless' : 'ClusterSetIP';
  return {
    namespace: oldest.namespace,
    name: oldest.name,
    type,
    ports: ports.ports,
    ipFamilies: unionOfFamilies(valid),
    ...affinityOf(oldest),
    ...(service.internalTrafficPolicy === undefined ? {} : {internalTrafficPolicy: service.internalTrafficPolicy}),
    ...(service.trafficDistribution === undefined ? {} : {trafficDistribution: service.trafficDistribution}),
    labels: exportable(oldest.exportedLabels, 'label'),
    annotations: exportable(oldest.exportedAnnotations, 'annotation'),
    clusters: valid.map((e) => e.cluster).sort(),
    readyClusters: readyClusters(valid),
    portClusters: ports.portClusters,
    groups: [...new Set(valid.flatMap((e) => e.groups))].sort(),
    ...(oldest.allowTypeChange === undefined ? {} : {allowTypeChange: oldest.allowTypeChange}),
    ...ignoringDrain(valid),
    ...(valid.length === 1 ? {} : {oldest: {cluster: oldest.cluster, createdAtMs: oldest.createdAtMs}}),
  };
}

/** "Ignored for Headless" (ServiceImport's own field documentation), so a headless import has none. */
function affinityOf({service}: ValidExport): Pick<MergedImport, 'sessionAffinity' | 'sessionAffinityConfig'> {
  if (service.headless) return {};
  const sessionAffinity = service.sessionAffinity === '' ? 'None' : service.sessionAffinity;
  const {sessionAffinityConfig} = service;
  return {sessionAffinity, ...(sessionAffinityConfig === undefined ? {} : {sessionAffinityConfig})};
}

/** One exporter whose endpoints are not known makes the whole unknown: absent is not the same as not ready (design §5). */
function readyClusters(valid: readonly ValidExport[]): readonly string[] | undefined {
  if (valid.some(({ready}) => ready === undefined)) return undefined;
  return valid
    .filter(({ready}) => ready)
    .map(({cluster}) => cluster)
    .sort();
}

function ignoringDrain(valid: readonly ValidExport[]): Pick<MergedImport, 'ignoreDrain'> {
  const clusters = valid.filter(({ignoreDrain}) => ignoreDrain === true).map(({cluster}) => cluster);
  return clusters.length === 0 ? {} : {ignoreDrain: clusters.sort()};
}

/** Of what was left out this many are named: names and texts are remote input. */
const MAX_NAMED = 10;

/** What of a valid export doesn't reach the import: bad entries of its maps, and what its intake could not use. */
function leftOutOf(e: MemberExport): readonly ExportFault[] {
  if (!isValid(e)) return [];
  const ofMap = (of: 'label' | 'annotation', field: string, map: MemberExport['exportedLabels']): ExportFault[] =>
    exportedMapFaults(map, of).map(({key, message}) => ({field: `${field}[${key}]`, reason: 'InvalidMap', message}));
  const faults = [
    ...ofMap('label', 'spec.exportedLabels', e.exportedLabels),
    ...ofMap('annotation', 'spec.exportedAnnotations', e.exportedAnnotations),
    ...(e.faults ?? []),
  ];
  return faults.slice(0, MAX_NAMED);
}

function validity(e: MemberExport, leftOut: readonly ExportFault[]): ExportVerdict['valid'] {
  const at = `${e.namespace}/${e.name}`;
  if (e.notAllowed !== undefined) return {status: 'False', reason: NOT_ALLOWED, message: e.notAllowed};
  if (e.refusal !== undefined) {
    const {field, reason, message} = e.refusal;
    return {status: 'False', reason, message: `${field}: ${message}.`};
  }
  if (e.service === undefined) {
    return {
      status: 'False',
      reason: 'NoService',
      message: `Service ${at} does not exist in this cluster: create it, or delete this export.`,
    };
  }
  if (e.service.type === 'ExternalName') {
    return {
      status: 'False',
      reason: 'InvalidServiceType',
      message: `Service ${at} is of type ExternalName, which can't be exported: export a Service that has endpoints.`,
    };
  }
  const but = leftOut.map(({message}) => ` Left out: ${message}.`).join('');
  return {status: 'True', reason: 'Valid', message: `Service ${at} is exported.${but}`};
}

/**
 * How {@link merge} came to its result, in order: each export by precedence, then what is chosen and every conflict.
 *
 * @param existing - the import that there is, which may keep its type (`guardTypeFlip`); undefined: there is none
 */
export function mergeTrace(exports: readonly MemberExport[], existing?: ExistingImport): readonly TraceStep[] {
  const {judged, outcome} = decide(exports);
  const seen = judged.map(exportStep);
  if (outcome === undefined) return [...seen, noImportStep(exports)];
  const verdicts = new Map(judged.map(({verdict}) => [verdict.cluster, verdict]));
  const guarded = guardTypeFlip({import: outcome.merged, verdicts}, existing);
  const {oldest} = outcome;
  const merged = guarded.import ?? outcome.merged;
  // The same of all exports.
  const conflicts = guarded.verdicts.get(oldest.cluster)?.conflicts ?? [];
  const subject = `${merged.namespace}/${merged.name}`;
  const found = conflicts.map(({reason, message}): TraceStep => ({
    step: 'merge',
    subject,
    verdict: reason,
    because: message,
  }));
  return [...seen, chosenStep(merged, outcome), ...found];
}

function exportStep({export: e, verdict}: Decision['judged'][number]): TraceStep {
  const wins = verdict.winner ? ', the oldest valid export' : '';
  const targets = e.flomesh?.targetClusters ?? [];
  const to = targets.length === 0 ? '' : `, for ${targets.join(', ')} only`;
  const held =
    e.heldBack === true ? 'Its deletion is held back (MassDeletion), so it counts as imports remember it. ' : '';
  const because = `${held}${verdict.valid.message} ${e.groups.join(' and ')}, ${ageText(e)}${to}${wins}`;
  return {step: 'export', subject: e.cluster, verdict: verdict.valid.reason, because};
}

/** An age that is not the object's own is not when it was created. */
function ageText({createdAtMs, claimedAtMs = createdAtMs}: MemberExport): string {
  if (claimedAtMs === createdAtMs) return `created ${timeText(createdAtMs)}`;
  return `says that it was created ${timeText(claimedAtMs)}, counts as of ${timeText(createdAtMs)}: a list without it was read then`;
}

/** Of a time that can't be read the hub makes one beyond all dates, so that it never wins. */
function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'at a time that can not be read' : date.toISOString();
}

function noImportStep([first]: readonly MemberExport[]): TraceStep {
  const subject = first === undefined ? '' : `${first.namespace}/${first.name}`;
  return {step: 'merge', subject, verdict: 'NoImport', because: 'no cluster has a valid export of this name'};
}

function chosenStep(merged: MergedImport, {merged: said, oldest}: NonNullable<Decision['outcome']>): TraceStep {
  const kept = merged.type === said.type ? '' : ', but not the type, which the import keeps';
  return {
    step: 'merge',
    subject: `${merged.namespace}/${merged.name}`,
    verdict: merged.type,
    because: `exported by ${merged.clusters.join(', ')}; ${oldest.cluster} is the oldest and decides what can't be merged${kept}; ports ${merged.ports.map(portKey).join(', ')}`,
  };
}
