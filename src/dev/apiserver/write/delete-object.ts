import {toKubeTime} from '../../../api/meta.ts';
import type {JsonObject} from '../../schema/json.ts';
import {notFound, preconditionFailed} from '../api-error.ts';
import {metaOf, storageKey, withMeta} from '../object-meta.ts';
import type {DeleteOptions} from './delete-options.ts';
import {isHeldBack} from './deletion-hold.ts';
import {hasGeneration} from './generation.ts';
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
  const {propagationPolicy, uid, resourceVersion} = request;
  const preconditions = {
    ...(uid === undefined ? {} : {uid}),
    ...(resourceVersion === undefined ? {} : {resourceVersion}),
  };
  return {
    ...(seconds === undefined ? {} : {gracePeriodSeconds: seconds}),
    ...(Object.keys(preconditions).length === 0 ? {} : {preconditions}),
    ...(propagationPolicy === undefined ? {} : {propagationPolicy}),
  };
}

/** The same for the cluster's own controllers, at once: no grace period, no webhooks. */
export function deleteNow(context: WriteContext, call: WriteCall): Deletion {
  return remove(context, call, {
    dryRun: false,
    propagationPolicy: undefined,
    gracePeriodSeconds: 0,
    uid: undefined,
    resourceVersion: undefined,
  });
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
  const name = call.name ?? '';
  if (options.uid !== undefined && options.uid !== meta.uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${meta.uid}). `;
    throw preconditionFailed(call.type, name, `${why}The object might have been deleted and then recreated`);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== meta.resourceVersion) {
    const asked = options.resourceVersion;
    const why = `the ResourceVersion in the precondition (${asked}) does not match the ResourceVersion in record `;
    throw preconditionFailed(call.type, name, `${why}(${meta.resourceVersion}). The object might have been modified`);
  }
}

function remove(context: WriteContext, call: WriteCall, options: DeleteOptions): Deletion {
  const {type} = call;
  const live = find(context, call, options);
  const strategy = strategyContext(context, call);
  const marked = mark(context, call, options, type.strategy.beforeDelete?.(live, strategy) ?? live);
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

/** The object as it waits for its end. The garbage collector answers the two finalizers of the propagation policies. */
function mark(context: WriteContext, call: WriteCall, options: DeleteOptions, object: JsonObject): JsonObject {
  const {type} = call;
  const meta = metaOf(object);
  const graceSeconds = graceOf(call, options, object);
  const finalizers = [...(meta.finalizers ?? [])];
  const extra = {Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: undefined} as const;
  const added = options.propagationPolicy === undefined ? undefined : extra[options.propagationPolicy];
  if (added !== undefined && !finalizers.includes(added)) finalizers.push(added);
  const first = meta.deletionTimestamp === undefined;
  const grace = first ? graceSeconds : Math.min(graceSeconds, meta.deletionGracePeriodSeconds ?? 0);
  return withMeta(object, {
    finalizers: finalizers.length > 0 ? finalizers : undefined,
    deletionTimestamp: meta.deletionTimestamp ?? toKubeTime(context.nowMs() + graceSeconds * 1000),
    deletionGracePeriodSeconds: type.strategy.withoutGracePeriod === true ? undefined : grace,
    generation: first && hasGeneration(type) ? (meta.generation ?? 0) + 1 : meta.generation,
  });
}

function graceOf(call: WriteCall, options: DeleteOptions, object: JsonObject): number {
  const {strategy} = call.type;
  if (strategy.gracefulDelete !== true) return 0;
  return options.gracePeriodSeconds ?? strategy.gracePeriodSeconds?.(object) ?? 0;
}

function hold(context: WriteContext, call: WriteCall, live: JsonObject, marked: JsonObject): Deletion {
  const {type} = call;
  const before = metaOf(live);
  const after = metaOf(marked);
  // A second DELETE changes nothing, unless it shortens the grace period or asks for another propagation.
  const again =
    before.deletionTimestamp !== undefined &&
    before.deletionGracePeriodSeconds === after.deletionGracePeriodSeconds &&
    before.finalizers?.length === after.finalizers?.length;
  if (again || call.options.dryRun) return {object: again ? live : marked, gone: false};
  const stored = context.storage.put(type.storageKey, storedForm(context.registry, marked, type));
  recordWrite(context, call, call.name ?? '');
  return {object: context.conversion.show(stored, type), gone: false};
}
