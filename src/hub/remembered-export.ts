import type {ServiceImport} from '../api/kinds.ts';
import {
  IGNORE_DRAIN_ANNOTATION,
  OLDEST_EXPORT_ANNOTATION,
  PORT_CLUSTERS_ANNOTATION,
  READY_ANNOTATION,
} from '../api/names.ts';
import {MCS_GROUP} from '../api/resources.ts';
import type {ExportedPort, MemberExport} from '../clusterset/member-export.ts';
import type {MergedImport} from '../clusterset/merged-import.ts';
import {exportable} from '../clusterset/label-syntax.ts';
import {portKey} from '../clusterset/merge-ports.ts';

/** The clusters that an import of ours names in `status.clusters`. */
export function exportersOf(object: ServiceImport): readonly string[] {
  return (object.status?.clusters ?? []).map(({cluster}) => cluster);
}

/** What the annotation says about ports that only some exporters serve; empty where it says nothing readable. */
export function portClustersOf(object: ServiceImport): Readonly<Record<string, readonly string[]>> {
  const text = object.metadata.annotations?.[PORT_CLUSTERS_ANNOTATION];
  if (text === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, readonly string[]>) : {};
  } catch (error) {
    // Somebody edited it: without it every exporter serves every port, which is what an import without it says.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/**
 * A restarted hub that cannot reach an exporter must not conclude that it exports nothing: absent and unknown are different
 * things (design §5). Each member's import is the memory of what exporters offered when they were last seen, so their exports
 * are read back from it, for that member alone. Who decided among several goes on deciding: what the import says is what that
 * export said.
 */
export function rememberExports(object: ServiceImport, clusters: readonly string[]): readonly MemberExport[] {
  const spec = object.spec ?? {type: 'ClusterSetIP', ports: []};
  const servedBy = portClustersOf(object);
  const all = spec.ports.map((port): ExportedPort => ({...port, protocol: port.protocol ?? 'TCP'}));
  const ready = object.metadata.annotations?.[READY_ANNOTATION]?.split(',');
  const ignoring = object.metadata.annotations?.[IGNORE_DRAIN_ANNOTATION]?.split(',') ?? [];
  const common = {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    groups: [MCS_GROUP],
    // The hub's own keys have reserved prefixes, so what passes is what was exported.
    exportedLabels: exportable(object.metadata.labels ?? {}, 'label'),
    exportedAnnotations: exportable(object.metadata.annotations ?? {}, 'annotation'),
  } as const;
  const service = {
    type: 'ClusterIP' as const,
    headless: spec.type === 'Headless',
    ipFamilies: spec.ipFamilies ?? [],
    sessionAffinity: spec.sessionAffinity ?? 'None',
    ...(spec.sessionAffinityConfig ? {sessionAffinityConfig: spec.sessionAffinityConfig} : {}),
    ...(spec.internalTrafficPolicy ? {internalTrafficPolicy: spec.internalTrafficPolicy} : {}),
    ...(spec.trafficDistribution ? {trafficDistribution: spec.trafficDistribution} : {}),
  };
  return clusters.map((cluster) => ({
    cluster,
    ...common,
    ...ageOf(object, cluster),
    service: {...service, ports: all.filter((port) => servedBy[portKey(port)]?.includes(cluster) ?? true)},
    ...(ignoring.includes(cluster) ? {ignoreDrain: true} : {}),
    ...(ready === undefined ? {} : {ready: ready.includes(cluster)}),
  }));
}

/**
 * Of the export that decided its own age. Others come right after it: all that an import remembers of them was accepted, so that
 * nothing of it may lose now to one that lost then. Where nothing is told: that of the import, just younger than the first export.
 */
function ageOf(object: ServiceImport, cluster: string): Pick<MemberExport, 'createdAtMs' | 'rank'> {
  const importMs = Date.parse(object.metadata.creationTimestamp ?? '') || 0;
  const [oldest, since = ''] = object.metadata.annotations?.[OLDEST_EXPORT_ANNOTATION]?.split('/') ?? [];
  const sinceMs = Date.parse(since);
  if (oldest === undefined || Number.isNaN(sinceMs)) return {createdAtMs: importMs};
  return {createdAtMs: sinceMs, ...(oldest === cluster ? {} : {rank: `${oldest} ${cluster}`})};
}

/**
 * The ports of an import in the order in which they are there; new ones last. That order followed the ages of all exports, and of those
 * that are only remembered it isn't known.
 */
export function inRememberedOrder(merged: MergedImport, object: ServiceImport | undefined): MergedImport {
  const ids = (object?.spec?.ports ?? []).map(portKey);
  const places = new Map(ids.map((id, place) => [id, place]));
  const ports = merged.ports.toSorted(
    (a, b) => (places.get(portKey(a)) ?? ids.length) - (places.get(portKey(b)) ?? ids.length),
  );
  const rows = ports.flatMap((port) => {
    const clusters = merged.portClusters[portKey(port)];
    return clusters === undefined ? [] : [[portKey(port), clusters] as const];
  });
  return {...merged, ports, portClusters: Object.fromEntries(rows)};
}
