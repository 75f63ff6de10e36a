import {internal} from '../apiserver/api-error.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import {decodeAsGo} from '../apiserver/write/go-decoding.ts';
import {textIn} from '../builtin/read-json.ts';
import {parsePointer, resolvePointer} from '../patch/json-pointer.ts';
import {applyJsonPatch} from '../patch/json-patch.ts';
import {parseBoundedJson} from '../schema/bounded-json.ts';
import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {WebhookFailure} from './webhook-failure.ts';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * @param encoded - `response.patch`
 * @throws WebhookFailure for what is no JSON patch
 */
export function decodeWebhookPatch(encoded: string): unknown {
  const wrongAt = BASE64.test(encoded) ? -1 : encoded.search(/[^A-Za-z0-9+/]/);
  if (wrongAt >= 0) throw new WebhookFailure(`failed to call webhook: illegal base64 data at input byte ${wrongAt}`);
  const undecodable = (why: string): WebhookFailure =>
    new WebhookFailure(`received undecodable patch in webhook response: ${why}`);
  let patch: unknown;
  try {
    patch = parseBoundedJson(Buffer.from(encoded, 'base64').toString());
  } catch (error) {
    throw undecodable((error as Error).message);
  }
  if (Array.isArray(patch)) return patch;
  throw undecodable(`json: cannot unmarshal ${typeof patch} into Go value of type jsonpatch.Patch`);
}

/**
 * A patch that can't be applied fails the request whatever `failurePolicy` says: the webhook did answer (apiserver.md §5.2).
 *
 * @throws ApiError 500
 */
export function applyWebhookPatch(object: JsonObject, patch: unknown, type: ResourceType): JsonObject {
  const result = applyJsonPatch(object, patch);
  if (!result.ok) throw internal(whyNotApplied(object, patch) ?? result.message);
  if (!isObject(result.value)) throw internal('the patched object is no object');
  // Built-in kinds are decoded before anything is validated, so a wrong type is an error of its own.
  const wrong = type.custom ? undefined : decodeAsGo(type, result.value).error;
  if (wrong !== undefined) throw internal(wrong);
  return result.value;
}

/** Go's words for the first operation that can't be applied. */
function whyNotApplied(object: JsonObject, patch: unknown): string | undefined {
  let value: unknown = object;
  for (const operation of Array.isArray(patch) ? patch.filter(isObject) : []) {
    const result = applyJsonPatch(value, [operation]);
    if (!result.ok) return operationError(value, textIn(operation, 'op'), textIn(operation, 'path'));
    value = result.value;
  }
  return undefined;
}

function operationError(object: unknown, operation: string, path: string): string {
  const missing = `does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`;
  switch (operation) {
    case 'remove': {
      const parent = parsePointer(path.slice(0, path.lastIndexOf('/')));
      if (parent === undefined || resolvePointer(object, parent) === undefined) return `remove operation ${missing}`;
      const key = path.slice(path.lastIndexOf('/') + 1);
      return `error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`;
    }
    case 'test':
      return `testing value ${path} failed: test failed`;
    case 'add':
    case 'replace':
    case 'move':
    case 'copy':
      return `${operation} operation ${missing}`;
    default:
      return `Unexpected kind: ${operation}`;
  }
}
