import type {KubeObject, ObjectKey} from '../../src/api/meta.ts';
import {AGENT_MANAGED_BY, AGENT_MANAGER, MANAGED_BY_LABEL} from '../../src/api/names.ts';
import {apiVersionOf} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import type {Edit} from '../wiring/cluster-dns-objects.ts';

export type Writer = Pick<KubeClient, 'create' | 'patch' | 'delete'>;

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly onTried?: () => Promise<void>;
  readonly onWritten?: (edit: Edit) => void;
}

/**
 * Writes all, or none where the API server would refuse one: each is tried first, so that rights, admission and what somebody else wrote
 * meanwhile are known before anything is written. What is left is the moment between the two: an object that changes then, or an API
 * server that goes away, leaves the edits before it written; whoever calls reads, plans and writes again.
 *
 * @param o - `dryRun`: nothing is written; `onTried`: awaited before the first is written; `onWritten`: called after each one
 * @throws KubeError as {@link writeEdit}
 */
export async function writeEdits(
  client: Writer,
  edits: readonly Edit[],
  {dryRun = false, onTried, onWritten}: WriteOptions = {},
): Promise<void> {
  for (const edit of edits) await writeEdit(client, edit, true);
  await onTried?.();
  for (const edit of edits) {
    if (!dryRun) await writeEdit(client, edit);
    onWritten?.(edit);
  }
}

/**
 * Writes one field, and only if the object is still as it was read: its resourceVersion goes along, so that what somebody else writes
 * meanwhile is not lost.
 *
 * @param dryRun - the API server checks rights and admission and writes nothing
 * @throws KubeError `isConflict`, or `isAlreadyExists` for an object that was absent: read and plan again
 */
async function writeEdit(client: Writer, edit: Edit, dryRun = false): Promise<void> {
  const {resource, object} = edit;
  const at = placeOf(edit);
  const write = {fieldManager: AGENT_MANAGER, dryRun};
  if (object === undefined) {
    const labels = {[MANAGED_BY_LABEL]: AGENT_MANAGED_BY};
    const {apiVersion, kind} = {apiVersion: apiVersionOf(resource), kind: resource.kind};
    await client.create(resource, {apiVersion, kind, metadata: {...at, labels}, ...fieldOf(edit)}, write);
    return;
  }
  const {resourceVersion, uid} = object.metadata;
  if (edit.after === undefined && isOursAlone(object, edit) && !dryRun) {
    await client.delete(resource, at, {
      ...(resourceVersion === undefined ? {} : {resourceVersion}),
      ...(uid === undefined ? {} : {uid}),
    });
    return;
  }
  const metadata = {resourceVersion, ...(edit.annotations === undefined ? {} : {annotations: edit.annotations})};
  await client.patch(resource, at, {type: 'merge', body: {metadata, ...fieldOf(edit)}}, write);
}

function placeOf({namespace, name}: Edit): ObjectKey {
  return namespace === undefined ? {name} : {namespace, name};
}

/** In a merge patch null takes a field away. */
function fieldOf({field: [outer, inner], after}: Edit): Readonly<Record<string, unknown>> {
  return {[outer]: {[inner]: after ?? null}};
}

/** We made the object, and nobody has put anything else into it. */
function isOursAlone(object: KubeObject, {field: [outer, inner]}: Edit): boolean {
  if (object.metadata.labels?.[MANAGED_BY_LABEL] !== AGENT_MANAGED_BY) return false;
  const {[outer]: fields = {}, ...rest} = object as KubeObject & Readonly<Record<string, object>>;
  const isEmpty = Object.keys(fields).every((key) => key === inner);
  return isEmpty && !('binaryData' in rest);
}
