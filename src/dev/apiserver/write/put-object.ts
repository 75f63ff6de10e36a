import {conflict, failure, qualified} from '../api-error.ts';
import {metaOf} from '../object-meta.ts';
import type {JsonObject} from '../../schema/json.ts';
import {acceptKnownFields} from './unknown-fields.ts';
import {decodeObject} from './decode-object.ts';
import type {RequestBody} from './decode-object.ts';
import {placeObject} from './name-check.ts';
import {updateObject} from './update-object.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

/**
 * PUT: the body replaces the object.
 *
 * @throws ApiError
 */
export function putObject(context: WriteContext, call: WriteCall, body: RequestBody): Promise<JsonObject> {
  const decoded = decodeObject(body, call.type);
  const object = placeObject(call, acceptKnownFields(call, decoded));
  return updateObject(context, call, (live) => {
    checkVersionGiven(call, object);
    checkUid(call, object, live);
    return {object, tracked: false};
  });
}

/** Custom kinds cannot be overwritten blindly; built-in ones can, the last writer wins (apiserver-errors.md §2.3). */
function checkVersionGiven(call: WriteCall, object: JsonObject): void {
  const version = metaOf(object).resourceVersion ?? '';
  if (!call.type.custom || version !== '') return;
  const {group, plural} = call.type;
  const name = call.name ?? '';
  const message = 'Invalid value: 0: must be specified for an update';
  const field = 'metadata.resourceVersion';
  throw failure({
    code: 422,
    reason: 'Invalid',
    message: `${qualified(plural, group)} "${name}" is invalid: ${field}: ${message}`,
    details: {name, group, kind: plural, causes: [{reason: 'FieldValueInvalid', message, field}]},
  });
}

function checkUid(call: WriteCall, object: JsonObject, live: JsonObject): void {
  const asked = metaOf(object).uid ?? '';
  const uid = metaOf(live).uid ?? '';
  if (asked === '' || asked === uid) return;
  const {type, namespace, name = ''} = call;
  const path = [type.plural, namespace, name].filter((part) => part !== undefined).join('/');
  throw conflict(
    type,
    name,
    `StorageError: invalid object, Code: 4, Key: /registry/${path}, ResourceVersion: 0, ` +
      `AdditionalErrorMsg: Precondition failed: UID in precondition: ${asked}, UID in object meta: ${uid}`,
  );
}
