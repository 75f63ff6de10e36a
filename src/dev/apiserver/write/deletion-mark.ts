import {toKubeTime} from '../../../api/meta.ts';
import type {JsonObject} from '../../schema/json.ts';
import {metaOf, withMeta} from '../object-meta.ts';
import type {DeleteOptions} from './delete-options.ts';
import {hasGeneration} from './generation.ts';
import {deletionFinalizers} from './propagation.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

/**
 * The object as it waits for its end. The garbage collector answers the two finalizers of the propagation policies.
 *
 * @returns the object itself where the request changes nothing about a deletion that has begun
 */
export function markDeleted(
  context: WriteContext,
  call: WriteCall,
  options: DeleteOptions,
  object: JsonObject,
): JsonObject {
  const {strategy} = call.type;
  const meta = metaOf(object);
  const first = meta.deletionTimestamp === undefined;
  const asked = graceOf(call, options, object);
  const left = meta.deletionGracePeriodSeconds ?? 0;
  // While a pod is given its time, only a shorter one is listened to, and no other propagation.
  if (!first && left > 0 && (options.gracePeriodSeconds === undefined || asked >= left)) return object;
  // A Namespace decides once how it is propagated.
  if (!first && strategy.withoutGracePeriod === true && strategy.isHeld?.(object) === true) return object;
  const nowMs = context.nowMs();
  const beganMs = first ? nowMs : Date.parse(meta.deletionTimestamp ?? '') - left * 1000;
  const grace = first ? asked : Math.min(asked, left);
  const overdue = beganMs + grace * 1000 < nowMs;
  const finalizers = deletionFinalizers(call.type, meta.finalizers ?? [], options);
  return withMeta(object, {
    finalizers: finalizers.length > 0 ? finalizers : undefined,
    deletionTimestamp:
      first || left > 0 ? toKubeTime(overdue ? nowMs : beganMs + grace * 1000) : meta.deletionTimestamp,
    // A shortened period that is over already still lets whoever runs the pod end it.
    deletionGracePeriodSeconds: strategy.withoutGracePeriod === true ? undefined : overdue ? Math.min(grace, 1) : grace,
    // Definitions and Namespaces have a deletion of their own, which is no change of what is wanted.
    generation:
      first && hasGeneration(call.type) && strategy.withoutGracePeriod !== true
        ? (meta.generation ?? 0) + 1
        : meta.generation,
  });
}

/** Seconds; 0 for kinds that end at once. */
export function graceOf(call: WriteCall, options: DeleteOptions, object: JsonObject): number {
  const {strategy} = call.type;
  if (strategy.gracefulDelete !== true) return 0;
  return options.gracePeriodSeconds ?? strategy.gracePeriodSeconds?.(object) ?? 0;
}
