import type {JsonObject} from '../../schema/json.ts';
import {badRequest} from '../api-error.ts';
import {metaOf, withMeta} from '../object-meta.ts';
import type {WriteCall} from './write-call.ts';

/**
 * Name and namespace of a body agree with the URL, or are filled in from it.
 *
 * @throws ApiError 400 where they differ
 */
export function placeObject(call: WriteCall, object: JsonObject): JsonObject {
  const meta = metaOf(object);
  if (call.name !== undefined && meta.name !== undefined && meta.name !== '' && meta.name !== call.name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${call.name})`);
  }
  if (call.namespace === undefined) {
    // A cluster-scoped object that names a namespace keeps none.
    return withMeta(object, {name: call.name ?? meta.name, namespace: undefined});
  }
  if (meta.namespace !== undefined && meta.namespace !== '' && meta.namespace !== call.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return withMeta(object, {name: call.name ?? meta.name, namespace: call.namespace});
}
