import {jsonEquals} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {conflict, notFound, preconditionFailed} from '../api-error.ts';
import {metaOf, storageKey, withMeta} from '../object-meta.ts';
import {PLAIN_DELETE} from './delete-options.ts';
import type {DeleteOptions, PropagationPolicy} from './delete-options.ts';
import {isHeldBack} from './deletion-hold.ts';
import {graceOf, markDeleted} from './deletion-mark.ts';
import {storedForm} from './stored-form.ts';
import {admissionInput, liveObject, recordWrite, strategyContext} from './write-call.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

export interface Deletion {
  /** The last state, or the state with a `deletionTimestamp`. */
  readonly object: JsonObject;
  /** False while something holds the object back. */
  readonly gone: boolean;
}

/**
 * A delete from a client.
 *
 * @param unnamed - a deletecollection's: its reviews carry no name (apiserver.md §5.1)
 * @throws ApiError 404, 409 for failed preconditions, or of a refusal
 */
export async function deleteObject(
  context: WriteContext,
  call: WriteCall,
  request: DeleteOptions & {readonly unnamed?: boolean},
): Promise<Deletion> {
  const live = find(context, call, request);
  call.type.strategy.beforeDelete?.(live, strategyContext(context, call));
  if (call.admission !== undefined) {
    const input = admissionInput(call, 'DELETE', {
      ...(request.unnamed === true || call.name === undefined ? {} : {name: call.name}),
      object: null,
      oldObject: live,
      options: reviewedOptions(call, request, live),
    });
    await call.admission.mutate(input, call.warn);
    await call.admission.validate(input, call.warn);
  }
  return remove(context, call, request);
}

/** What webhooks are told of a DELETE; a graceful one always says its period (apiserver.md §5.1). */
function reviewedOptions(call: WriteCall, request: DeleteOptions, live: JsonObject): JsonObject {
  const graceful = call.type.strategy.gracefulDelete === true;
  const seconds = graceful ? graceOf(call, request, live) : request.gracePeriodSeconds;
  const {propagationPolicy, orphanDependents, uid, resourceVersion} = request;
  const preconditions = {
    ...(uid === undefined ? {} : {uid}),
    ...(resourceVersion === undefined ? {} : {resourceVersion}),
  };
  return {
    ...(seconds === undefined ? {} : {gracePeriodSeconds: seconds}),
    ...(Object.keys(preconditions).length === 0 ? {} : {preconditions}),
    ...(orphanDependents === undefined ? {} : {orphanDependents}),
    ...(propagationPolicy === undefined ? {} : {propagationPolicy}),
  };
}

/**
 * The same for the cluster's own controllers, at once: no grace period, no webhooks.
 *
 * @param policy - of the garbage collector; undefined: the finalizers on the object decide
 */
export function deleteNow(context: WriteContext, call: WriteCall, policy?: PropagationPolicy): Deletion {
  return remove(context, call, {...PLAIN_DELETE, propagationPolicy: policy});
}

function find(context: WriteContext, call: WriteCall, options: DeleteOptions): JsonObject {
  const {type} = call;
  const name = call.name ?? '';
  const stored = liveObject(context, call, name);
  if (stored === undefined) throw notFound(type, name);
  const live = context.conversion.show(stored, type);
  checkPreconditions(call, options, live);
  return live;
}

function checkPreconditions(call: WriteCall, options: DeleteOptions, live: JsonObject): void {
  const meta = metaOf(live);
  const rows = [
    {what: 'UID', asked: options.uid, live: meta.uid, might: 'deleted and then recreated'},
    {what: 'ResourceVersion', asked: options.resourceVersion, live: meta.resourceVersion, might: 'modified'},
  ];
  for (const {what, asked, live: is = '', might} of rows) {
    if (asked === undefined || asked === is) continue;
    if (call.type.strategy.withoutGracePeriod === true) throw failedPrecondition(call, what, {asked, is});
    const why = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${is}). `;
    throw preconditionFailed(call.type, call.name ?? '', `${why}The object might have been ${might}`);
  }
}

/** A Namespace, whose deletion is its own, says it in other words. */
function failedPrecondition(call: WriteCall, what: string, {asked, is}: {asked: string; is: string}): Error {
  const why = `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${is}`;
  return conflict(call.type, call.name ?? '', why);
}

function remove(context: WriteContext, call: WriteCall, options: DeleteOptions): Deletion {
  const {type} = call;
  const live = find(context, call, options);
  const strategy = strategyContext(context, call);
  const marked = markDeleted(context, call, options, type.strategy.beforeDelete?.(live, strategy) ?? live);
  if (isHeldBack(type, marked)) return hold(context, call, live, marked);
  if (options.dryRun) return {object: live, gone: true};
  const key = storageKey(call.namespace, call.name ?? '');
  const last = context.storage.remove(type.storageKey, key);
  recordWrite(context, call, call.name ?? '');
  type.strategy.afterDelete?.(live, strategy);
  // A kind that ends in two steps shows its end, however short it was.
  const shown = type.strategy.gracefulDelete === true ? marked : live;
  return {
    object: last === undefined ? live : withMeta(shown, {resourceVersion: metaOf(last).resourceVersion}),
    gone: true,
  };
}

function hold(context: WriteContext, call: WriteCall, live: JsonObject, marked: JsonObject): Deletion {
  const {type} = call;
  const before = metaOf(live);
  const after = metaOf(marked);
  // A second DELETE changes nothing, unless it shortens the grace period or asks for another propagation.
  const again =
    before.deletionTimestamp !== undefined &&
    before.deletionGracePeriodSeconds === after.deletionGracePeriodSeconds &&
    jsonEquals(before.finalizers, after.finalizers);
  if (again || call.options.dryRun) return {object: again ? live : marked, gone: false};
  const stored = context.storage.put(type.storageKey, storedForm(context.registry, marked, type));
  recordWrite(context, call, call.name ?? '');
  return {object: context.conversion.show(stored, type), gone: false};
}
