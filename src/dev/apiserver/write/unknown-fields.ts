import {applyDefaults} from '../../schema/defaults.ts';
import type {JsonObject} from '../../schema/json.ts';
import {prune} from '../../schema/prune.ts';
import {badRequest, invalid} from '../api-error.ts';
import {decodeAsGo} from './go-decoding.ts';
import type {DecodedObject} from './decode-object.ts';
import type {WriteCall} from './write-call.ts';

/**
 * What the schema knows of a decoded object, with its defaults. Unknown and duplicate fields are dropped; `fieldValidation` says
 * whether silently, with a warning each, or by refusing the request (apiserver-errors.md §2.2).
 *
 * @throws ApiError 400, or 422 for a patch, when Strict; 400 for a built-in kind's field of another type
 */
export function acceptKnownFields(call: WriteCall, given: DecodedObject): JsonObject {
  const {type, options} = call;
  const pruned = prune(type.schema, given.object);
  const complaints = [
    ...given.duplicates.map((path) => `duplicate field "${path}"`),
    ...pruned.unknown.map((path) => `unknown field "${path}"`),
  ];
  if (complaints.length > 0) {
    if (options.fieldValidation === 'Strict') throw strictError(call, given.object, complaints);
    if (options.fieldValidation !== 'Ignore') for (const complaint of complaints) call.warn(complaint);
  }
  if (type.custom) return applyDefaults(type.schema, pruned.object);
  const decoded = decodeAsGo(type, pruned.object);
  if (decoded.error !== undefined) throw cannotHandle(call, decoded.error);
  return applyDefaults(type.schema, decoded.object);
}

function strictError(call: WriteCall, object: JsonObject, complaints: readonly string[]): Error {
  const why = `strict decoding error: ${complaints.join(', ')}`;
  if (call.verb !== 'patch') return cannotHandle(call, why);
  const whole = JSON.stringify(JSON.stringify(object));
  return invalid({group: '', kind: ''}, '', [
    {type: 'Invalid', field: 'patch', message: `Invalid value: ${whole}: ${why}`},
  ]);
}

function cannotHandle(call: WriteCall, why: string): Error {
  const {kind, version} = call.type;
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}
