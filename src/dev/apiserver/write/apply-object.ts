import {toKubeTime} from '../../../api/meta.ts';
import {describeConflicts} from '../../apply/conflicts.ts';
import type {FieldConflict} from '../../apply/conflicts.ts';
import {serverSideApply} from '../../apply/managed-fields.ts';
import type {ApplyResult} from '../../apply/managed-fields.ts';
import {applyDefaults} from '../../schema/defaults.ts';
import {isObject, stringAt} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {parseYaml11} from '../../schema/yaml11.ts';
import {ApiError, badRequest, conflict, failure, notFound, reasonOf, serverError} from '../api-error.ts';
import {metaOf, withField, withMeta} from '../object-meta.ts';
import {apiVersionOfType} from '../resource-type.ts';
import {createObject} from './create-object.ts';
import type {RequestBody} from './decode-object.ts';
import {decodeAsGo} from './go-decoding.ts';
import {placeObject} from './name-check.ts';
import {updateNow, updateObject} from './update-object.ts';
import {liveObject} from './write-call.ts';
import type {WriteCall, WriteContext, Written} from './write-call.ts';

/**
 * Server-side apply (apiserver.md §4): creates the object or merges into it, by field ownership.
 *
 * @throws ApiError 409 with `FieldManagerConflict` causes for fields of others, or anything that a create or update may say
 */
export async function applyObject(context: WriteContext, call: WriteCall, body: RequestBody): Promise<Written> {
  const applied = decodeApplied(call, body);
  const name = call.name ?? '';
  if (liveObject(context, call, name) === undefined) {
    checkMayCreate(call, applied);
    try {
      return {object: await createApplied(context, call, applied), created: true};
    } catch (error) {
      // Another writer created it meanwhile: then this is an update.
      const raced = error instanceof ApiError && error.status.reason === 'AlreadyExists';
      if (!raced || liveObject(context, call, name) === undefined) throw error;
    }
  }
  const object = await updateObject(context, call, (live) => {
    const version = metaOf(applied).resourceVersion ?? '';
    const merged = merge(context, call, applied, live);
    return {object: withMeta(merged, {resourceVersion: version === '' ? undefined : version}), tracked: true};
  });
  return {object, created: false};
}

/**
 * The same for the cluster's own controllers, to an object that is there.
 *
 * @throws ApiError 404
 */
export function applyNow(context: WriteContext, call: WriteCall, applied: JsonObject): JsonObject {
  return updateNow(context, call, (live) => ({object: merge(context, call, applied, live), tracked: true}));
}

function decodeApplied(call: WriteCall, body: RequestBody): JsonObject {
  let value: unknown;
  try {
    value = parseYaml11(body.bytes.toString());
  } catch (error) {
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${reasonOf(error)}`);
  }
  if (!isObject(value)) throw badRequest('error decoding YAML: the body is not an object');
  const meta = metaOf(value);
  const expected = apiVersionOfType(call.type);
  if (value['apiVersion'] !== expected || value['kind'] !== call.type.kind) {
    throw badRequest(`invalid object type: ${shownType(value)}`);
  }
  if (meta.name === undefined || meta.name === '') {
    throw badRequest(
      `the name of the object (${call.name ?? ''} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (meta.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  placeObject(call, value);
  return onlyOwnPart(call, value);
}

/** `/v1, Kind=Pod`: the group of the core is empty, but its slash is there. */
function shownType(object: JsonObject): string {
  const apiVersion = stringAt(object, 'apiVersion') ?? '';
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${stringAt(object, 'kind') ?? ''}`;
}

/** `status` in a main apply and all but `status` in a status apply are ignored, silently and unowned (§4.3). */
function onlyOwnPart(call: WriteCall, applied: JsonObject): JsonObject {
  if (call.subresource === undefined) {
    return call.type.hasStatus ? withField(applied, 'status', undefined) : applied;
  }
  const {name, namespace, uid, resourceVersion} = metaOf(applied);
  const {apiVersion, kind, status} = applied;
  const metadata = JSON.parse(JSON.stringify({name, namespace, uid, resourceVersion})) as JsonObject;
  return withField({apiVersion, kind, metadata}, 'status', status);
}

/** A `metadata.uid` says: only this very object. Without it a metadata-only apply would bring back what was deleted. */
function checkMayCreate(call: WriteCall, applied: JsonObject): void {
  const name = call.name ?? '';
  if (call.subresource !== undefined) throw notFound(call.type, name);
  const {uid} = metaOf(applied);
  if (uid !== undefined && uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(call.type, name, why);
  }
}

function createApplied(context: WriteContext, call: WriteCall, applied: JsonObject): Promise<JsonObject> {
  // A resourceVersion is no precondition here: on an absent object it is ignored (§4.3).
  const merged = merge(context, call, withMeta(applied, {resourceVersion: undefined}), undefined);
  return createObject(context, call, {object: placeObject(call, merged), tracked: true, byApply: true});
}

function merge(context: WriteContext, call: WriteCall, applied: JsonObject, live: JsonObject | undefined): JsonObject {
  const result = serverSideApply({
    live,
    applied,
    manager: call.manager,
    force: call.options.force === true,
    apiVersion: apiVersionOfType(call.type),
    ...(call.subresource === undefined ? {} : {subresource: call.subresource}),
    hasStatus: call.type.hasStatus,
    schema: call.type.schema,
    now: toKubeTime(context.nowMs()),
  });
  if (!result.ok) throw refusal(result);
  if (call.type.custom) return applyDefaults(call.type.schema, result.object);
  const decoded = decodeAsGo(call.type, result.object);
  if (decoded.error !== undefined) throw serverError(decoded.error);
  return applyDefaults(call.type.schema, decoded.object);
}

function refusal(result: Exclude<ApplyResult, {ok: true}>): ApiError {
  if ('error' in result) {
    const {code, reason, message} = result.error;
    return code === 500 ? serverError(message) : failure({code, message, ...(reason === undefined ? {} : {reason})});
  }
  return fieldConflict(result.conflicts);
}

/** The 409 of fields that others own, worded as kubectl expects to print it (§4.2). */
function fieldConflict(conflicts: readonly FieldConflict[]): ApiError {
  return failure({
    code: 409,
    reason: 'Conflict',
    message: describeConflicts(conflicts),
    details: {
      causes: conflicts.map(({shown, field}) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${shown}`,
        field,
      })),
    },
  });
}
