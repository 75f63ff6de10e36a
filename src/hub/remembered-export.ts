import type {ServiceImport} from '../api/kinds.ts';
import {IGNORE_DRAIN_ANNOTATION, PORT_CLUSTERS_ANNOTATION, READY_ANNOTATION} from '../api/names.ts';
import {MCS_GROUP} from '../api/resources.ts';
import type {ExportedPort, MemberExport} from '../clusterset/member-export.ts';
import {exportable} from '../clusterset/label-syntax.ts';

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
 * things (design §5). Each member's import is the memory of what the exporter offered when it was last seen, so the export
 * is read back from it. Its age is that of the import, which is just younger than the first export was.
 */
export function rememberExport(object: ServiceImport, cluster: string): MemberExport {
  const spec = object.spec ?? {type: 'ClusterSetIP', ports: []};
  const servedBy = portClustersOf(object);
  const ports = spec.ports
    .map((port): ExportedPort => ({...port, protocol: port.protocol ?? 'TCP'}))
    .filter((port) => servedBy[`${port.protocol}/${port.port}`]?.includes(cluster) ?? true);
  const ready = object.metadata.annotations?.[READY_ANNOTATION];
  const ignoring = object.metadata.annotations?.[IGNORE_DRAIN_ANNOTATION] ?? '';
  return {
    cluster,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    groups: [MCS_GROUP],
    createdAtMs: Date.parse(object.metadata.creationTimestamp ?? '') || 0,
    // The hub's own keys have reserved prefixes, so what passes is what was exported.
    exportedLabels: exportable(object.metadata.labels ?? {}, 'label'),
    exportedAnnotations: exportable(object.metadata.annotations ?? {}, 'annotation'),
    service: {
      type: 'ClusterIP',
      headless: spec.type === 'Headless',
      ports,
      ipFamilies: spec.ipFamilies ?? [],
      sessionAffinity: spec.sessionAffinity ?? 'None',
      ...(spec.sessionAffinityConfig ? {sessionAffinityConfig: spec.sessionAffinityConfig} : {}),
      ...(spec.internalTrafficPolicy ? {internalTrafficPolicy: spec.internalTrafficPolicy} : {}),
      ...(spec.trafficDistribution ? {trafficDistribution: spec.trafficDistribution} : {}),
    },
    ...(ignoring.split(',').includes(cluster) ? {ignoreDrain: true} : {}),
    ...(ready === undefined ? {} : {ready: ready.split(',').includes(cluster)}),
  };
}
