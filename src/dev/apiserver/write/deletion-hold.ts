import type {JsonObject} from '../../schema/json.ts';
import {metaOf} from '../object-meta.ts';
import type {ResourceType} from '../resource-type.ts';

/** True while a deleted object must stay: finalizers, the grace period of a running Pod, what the kind itself says. */
export function isHeldBack(type: ResourceType, object: JsonObject): boolean {
  const meta = metaOf(object);
  if ((meta.finalizers ?? []).length > 0) return true;
  if (type.strategy.isHeld?.(object) === true) return true;
  return type.strategy.gracefulDelete === true && (meta.deletionGracePeriodSeconds ?? 0) > 0;
}
