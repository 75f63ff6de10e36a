import {applyJsonPatch} from '../../patch/json-patch.ts';
import {applyMergePatch} from '../../patch/merge-patch.ts';
import {applyStrategicMerge} from '../../patch/strategic-merge.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {parseJson} from '../../schema/strict-json.ts';
import {badRequest, failure, reasonOf, tooLarge, unsupportedMediaType} from '../api-error.ts';
import {metaOf, withMeta} from '../object-meta.ts';
import {checkKind} from './decode-object.ts';
import type {RequestBody} from './decode-object.ts';
import {placeObject} from './name-check.ts';
import {acceptKnownFields} from './unknown-fields.ts';
import {updateObject} from './update-object.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

const ACCEPTED = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];

/** What a patch makes of the live object, and the paths that it names twice. */
interface Patch {
  readonly duplicates: readonly string[];
  readonly apply: (live: JsonObject) => unknown;
}

/**
 * PATCH other than apply. It is applied to the live object, again where that moved on meanwhile; a patch that carries a
 * `resourceVersion` conflicts instead.
 *
 * @throws ApiError
 */
export function patchObject(context: WriteContext, call: WriteCall, body: RequestBody): Promise<JsonObject> {
  const patch = parsePatch(call, body);
  return updateObject(context, call, (live) => {
    const patched = patch.apply(live);
    if (!isObject(patched)) throw cannotApply();
    const decoded = {object: checkKind(patched, call.type, body), duplicates: patch.duplicates};
    const object = placeObject(call, acceptKnownFields(call, decoded));
    return {object: withoutInheritedVersion(object, live), tracked: false};
  });
}

/** The version that the live object brought along is no wish of the patch's. */
function withoutInheritedVersion(object: JsonObject, live: JsonObject): JsonObject {
  const inherited = metaOf(object).resourceVersion === metaOf(live).resourceVersion;
  return inherited ? withMeta(object, {resourceVersion: undefined}) : object;
}

function parsePatch(call: WriteCall, body: RequestBody): Patch {
  switch (body.contentType) {
    case 'application/json-patch+json':
      return jsonPatch(body);
    case 'application/merge-patch+json':
      return mergePatch(body, (live, patch) => applyMergePatch(live, patch));
    case 'application/strategic-merge-patch+json':
      if (call.type.custom) throw unsupportedMediaType(ACCEPTED);
      return mergePatch(body, (live, patch) => applyStrategicMerge(live, patch, call.type.schema));
    default:
      throw call.type.custom ? unsupportedMediaType(ACCEPTED) : unsupportedOfBuiltin();
  }
}

function jsonPatch(body: RequestBody): Patch {
  const {value} = parse(body);
  if (!Array.isArray(value)) throw wrongShape(value, '[]handlers.jsonPatchOp');
  return {
    duplicates: [],
    apply: (live) => {
      const result = applyJsonPatch(live, value);
      if (result.ok) return result.value;
      throw result.tooLarge === true ? tooLarge(result.message) : cannotApply();
    },
  };
}

function mergePatch(body: RequestBody, merge: (live: JsonObject, patch: JsonObject) => unknown): Patch {
  const {value, duplicates} = parse(body);
  if (!isObject(value)) throw wrongShape(value, 'map[string]interface {}');
  return {duplicates, apply: (live) => merge(live, value)};
}

function parse(body: RequestBody): {value: unknown; duplicates: readonly string[]} {
  try {
    return parseJson(body.bytes.toString());
  } catch (error) {
    throw badRequest(`error decoding patch: ${reasonOf(error)}`);
  }
}

function wrongShape(value: unknown, wanted: string): Error {
  const found = Array.isArray(value) ? 'array' : isObject(value) ? 'object' : typeof value;
  return badRequest(`error decoding patch: json: cannot unmarshal ${found} into Go value of type ${wanted}`);
}

function cannotApply(): Error {
  const message = 'the server rejected our request due to an error in our request';
  return failure({code: 422, reason: 'Invalid', message, details: {}});
}

function unsupportedOfBuiltin(): Error {
  return failure({code: 415, reason: 'UnsupportedMediaType', message: '415: Unsupported Media Type', details: {}});
}
