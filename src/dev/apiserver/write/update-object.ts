import {isUnchanged} from '../../apply/unchanged.ts';
import type {JsonObject} from '../../schema/json.ts';
import {conflict, notFound, serverError} from '../api-error.ts';
import {metaOf, storageKey, withField, withMeta} from '../object-meta.ts';
import {mutated, validated} from './admit.ts';
import {isHeldBack} from './deletion-hold.ts';
import {ownedByWriter} from './field-ownership.ts';
import {nextGeneration} from './generation.ts';
import {storedForm} from './stored-form.ts';
import {checkValid} from './validation.ts';
import {liveObject, recordWrite, strategyContext} from './write-call.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

export interface Change {
  /** The whole object as it should be, known fields only. */
  readonly object: JsonObject;
  /** `managedFields` are settled already (server-side apply). */
  readonly tracked: boolean;
}

/** What an update makes of the live object. Called again where another write came in between. */
export type Changer = (live: JsonObject) => Change;

const MAX_ATTEMPTS = 5;

/**
 * An update from a client. Webhooks take time, so the object may have moved on when they are done: a request that named a
 * resourceVersion then conflicts, any other is done again on the new state (as the server retries PATCH and versionless PUT).
 *
 * @throws ApiError
 */
export async function updateObject(context: WriteContext, call: WriteCall, change: Changer): Promise<JsonObject> {
  const name = call.name ?? '';
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const stored = liveObject(context, call, name);
    const step = begin(context, call, stored, change);
    const reviewed = await mutated(call, {object: step.object, old: step.live});
    const object = settle(context, call, step, reviewed);
    call.permissions?.checkGrant(call.type, object, step.live);
    checkValid(context, call, object, step.live);
    await validated(call, {object, old: step.live});
    if (liveObject(context, call, name) === stored) return commit(context, call, step.live, object);
    if (step.pinned) throw conflict(call.type, name);
  }
  throw conflict(call.type, name);
}

/** The same for the cluster's own controllers. */
export function updateNow(context: WriteContext, call: WriteCall, change: Changer): JsonObject {
  const step = begin(context, call, liveObject(context, call, call.name ?? ''), change);
  const object = settle(context, call, step, step.object);
  checkValid(context, call, object, step.live);
  return commit(context, call, step.live, object);
}

interface Step {
  readonly live: JsonObject;
  readonly object: JsonObject;
  readonly pinned: boolean;
}

function begin(context: WriteContext, call: WriteCall, stored: JsonObject | undefined, change: Changer): Step {
  const {type} = call;
  if (stored === undefined) throw notFound(type, call.name ?? '');
  const live = context.conversion.show(stored, type);
  const changed = change(live);
  const pinned = checkVersion(call, changed.object, live);
  const given = keepServerFields(call, changed.object, live);
  const prepared = prepare(context, call, given, live);
  const object = changed.tracked ? prepared : ownedByWriter(context, call, {before: live, given, prepared});
  return {live, object, pinned};
}

function settle(context: WriteContext, call: WriteCall, step: Step, reviewed: JsonObject): JsonObject {
  const object =
    reviewed === step.object
      ? reviewed
      : prepare(context, call, keepServerFields(call, reviewed, step.live), step.live);
  return withMeta(object, {generation: nextGeneration(call.type, step.live, object) ?? metaOf(object).generation});
}

function prepare(context: WriteContext, call: WriteCall, object: JsonObject, live: JsonObject): JsonObject {
  return call.type.strategy.prepare?.(object, live, strategyContext(context, call)) ?? object;
}

/** @returns whether the request named a version; the object then must not have moved on at all */
function checkVersion(call: WriteCall, object: JsonObject, live: JsonObject): boolean {
  const asked = metaOf(object).resourceVersion;
  if (asked === undefined || asked === '' || asked === '0') return false;
  if (!/^\d+$/.test(asked)) throw serverError(`strconv.ParseUint: parsing "${asked}": invalid syntax`);
  if (asked !== metaOf(live).resourceVersion) throw conflict(call.type, call.name ?? '');
  return true;
}

/**
 * What a client cannot change by an update: the server's own metadata, the status by the main resource, everything else by the
 * status subresource (metadata too for custom kinds); `finalize` is all of a Namespace but its status.
 */
function keepServerFields(call: WriteCall, object: JsonObject, live: JsonObject): JsonObject {
  const {type, subresource} = call;
  const liveMeta = metaOf(live);
  const meta = metaOf(object);
  const fixed = {
    uid: meta.uid === undefined || meta.uid === '' ? liveMeta.uid : meta.uid,
    creationTimestamp: liveMeta.creationTimestamp,
    deletionTimestamp: liveMeta.deletionTimestamp,
    deletionGracePeriodSeconds: liveMeta.deletionGracePeriodSeconds,
    generation: liveMeta.generation,
    resourceVersion: liveMeta.resourceVersion,
    selfLink: undefined,
  };
  if (subresource === undefined) {
    const kept = type.hasStatus ? withField(object, 'status', live['status']) : object;
    return withMeta(kept, fixed);
  }
  if (subresource === 'finalize') return withMeta({...object, status: live['status']}, fixed);
  const withStatus = withField(live, 'status', object['status']);
  if (type.custom) return withMeta(withStatus, {managedFields: meta.managedFields});
  return withMeta({...withStatus, metadata: object['metadata']}, fixed);
}

function commit(context: WriteContext, call: WriteCall, live: JsonObject, object: JsonObject): JsonObject {
  const {type} = call;
  for (const warning of type.strategy.warnings?.(object, live) ?? []) call.warn(warning);
  if (isUnchanged(live, object)) return live;
  if (call.options.dryRun) return object;
  const name = call.name ?? '';
  recordWrite(context, call, name);
  if (metaOf(object).deletionTimestamp !== undefined && !isHeldBack(type, object)) {
    // The write that removes the last finalizer is the deletion; it answers with the old version (§2.4) and is itself never stored:
    // who watches sees the object as it was before, finalizer included.
    context.storage.remove(type.storageKey, storageKey(call.namespace, name));
    type.strategy.afterDelete?.(object, strategyContext(context, call));
    return object;
  }
  const stored = context.storage.put(type.storageKey, storedForm(context.registry, object, type));
  return context.conversion.show(stored, type);
}
