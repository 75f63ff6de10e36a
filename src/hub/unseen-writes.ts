import type {EndpointSlice} from '../api/kinds.ts';
import {keyOf} from '../api/meta.ts';
import {MCS_SERVICE_NAME_LABEL} from '../api/names.ts';
import {
  clusterProperties,
  endpointSlices,
  flomeshServiceImports,
  remoteClusters,
  serviceImports,
  type Resource,
} from '../api/resources.ts';
import type {MemberWriters} from './member-writers.ts';
import {POLICY_KINDS, policyResources} from './policy-kinds.ts';
import type {SyncKind} from './sync-item.ts';

/**
 * What was written since the watch of its kind was lost, now that the kind was listed: who deleted it before the list left no
 * trace, neither in the list nor in any watch, so only comparing it tells.
 */
export function unseenWrites(writers: MemberWriters, listed: Resource): readonly (readonly [SyncKind, string])[] {
  const as = (kind: SyncKind, writer: {noteList(): readonly (readonly [string, unknown])[]} | undefined) =>
    (writer?.noteList() ?? []).map(([key]) => [kind, key] as const);
  switch (listed) {
    case serviceImports:
      // Slices belong to that very import.
      return as('import', writers.imports).flatMap((item) => [item, ['slices', item[1]] as const]);
    case endpointSlices:
      return writers.slices
        .noteList()
        .flatMap(([, slice]) => (slice === undefined ? [] : [['slices', importOf(slice)]]));
    case flomeshServiceImports:
      return as('flomesh-import', writers.flomeshImports);
    case remoteClusters:
      return as('remote-cluster', writers.remoteClusters);
    case clusterProperties:
      return as('property', writers.properties);
    default:
      return POLICY_KINDS.filter((kind) => policyResources[kind] === listed).flatMap((kind) =>
        as(kind, writers.policies.get(kind)),
      );
  }
}

function importOf({metadata}: EndpointSlice): string {
  return keyOf({...metadata, name: metadata.labels?.[MCS_SERVICE_NAME_LABEL] ?? ''});
}
