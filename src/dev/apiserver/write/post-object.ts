import type {JsonObject} from '../../schema/json.ts';
import {createObject} from './create-object.ts';
import {decodeObject} from './decode-object.ts';
import type {RequestBody} from './decode-object.ts';
import {placeObject} from './name-check.ts';
import {acceptKnownFields} from './unknown-fields.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

/**
 * POST: a new object.
 *
 * @throws ApiError
 */
export function postObject(context: WriteContext, call: WriteCall, body: RequestBody): Promise<JsonObject> {
  const decoded = decodeObject(body, call.type);
  const object = placeObject(call, acceptKnownFields(call, decoded));
  return createObject(context, call, {object, tracked: false});
}
