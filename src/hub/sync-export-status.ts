import {parseKey} from '../api/meta.ts';
import {isDnsLabel, isProtectedNamespace} from '../api/names.ts';
import type {MemberContext} from './member-context.ts';
import {hasUnknown} from './member-state.ts';
import {planExportStatus} from './plan-export-status.ts';

/** Why the hub doesn't take an export of this name from any member; undefined: it does. */
export function refuseExport(key: string, ownNamespace: string): string | undefined {
  const {namespace = '', name} = parseKey(key);
  if (isProtectedNamespace(namespace, ownNamespace)) {
    return `Namespace ${namespace} is protected: nothing in it is exported. Move the Service to another namespace.`;
  }
  if (isDnsLabel(name) && isDnsLabel(namespace)) return undefined;
  return 'The name is not one DNS label of at most 63 characters, so no Service can have it. Rename the export.';
}

/** A new export is usually delivered in milliseconds: `Pending` is told only where it takes longer than this. */
const PATIENCE_MS = 2_000;

/**
 * Writes the hub's conditions on all export objects of one name in one member. @throws KubeError
 *
 * @returns when to look again, where it is too early to say anything
 */
export async function syncExportStatus(
  context: MemberContext,
  key: string,
  signal: AbortSignal,
): Promise<{requeueAfterMs: number} | undefined> {
  const {facts, writers, consumer} = context;
  const delivery = facts.delivery(key);
  const refusal = refuseExport(key, facts.namespace);
  const complete = !hasUnknown(context, key);
  for (const writer of writers.exports.values()) {
    const object = writer.actual(key);
    if (object === undefined) continue;
    const ageMs = facts.nowMs() - object.claimedAtMs;
    const isNew = ageMs < PATIENCE_MS && object.status.conditions.length === 0;
    const isEarly = delivery.state === 'Pending' && (isNew || delivery.isChangingHands === true);
    if (isEarly && refusal === undefined) return {requeueAfterMs: PATIENCE_MS};
    const desired = planExportStatus({
      object,
      verdict: facts.merged(key).verdicts.get(consumer.id),
      refusal,
      delivery,
      complete,
      refusedEndpoints: facts.refusedEndpoints(consumer.id, key),
      nowMs: facts.nowMs(),
    });
    await writer.applyStatus(desired, signal);
  }
  return undefined;
}
