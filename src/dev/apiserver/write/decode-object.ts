import {decodeKubernetesProtobuf} from '../../protobuf/decode.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {parseJson} from '../../schema/strict-json.ts';
import {parseYaml11} from '../../schema/yaml11.ts';
import {badRequest, invalid, reasonOf, unsupportedMediaType} from '../api-error.ts';
import {metaOf} from '../object-meta.ts';
import {apiVersionOfType} from '../resource-type.ts';
import type {ResourceType} from '../resource-type.ts';

export interface RequestBody {
  readonly bytes: Buffer;
  /** Lower case, without parameters; empty where the request has none. */
  readonly contentType: string;
}

/** How much of a protobuf body an error shows, in hexadecimal. */
const SHOWN_BYTES = 30;

export interface DecodedObject {
  readonly object: JsonObject;
  /** Paths of members that stand twice; the last one counts. */
  readonly duplicates: readonly string[];
}

const ACCEPTED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/**
 * The object of a POST or PUT. What is no content type at all is JSON.
 *
 * @throws ApiError 415, or 400 for a body that is no object of this type
 */
export function decodeObject(body: RequestBody, type: ResourceType): DecodedObject {
  const decoded = decodeBody(body, type.kind);
  if (!isObject(decoded.value)) throw unrecognized(type.kind, 'json: cannot unmarshal into an object', body);
  return {object: checkKind(decoded.value, type, body), duplicates: decoded.duplicates};
}

interface Decoded {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

/** @param kind - what the body should be; named in the error, but for options, whose errors stand alone */
export function decodeBody(body: RequestBody, kind: string | undefined): Decoded {
  switch (body.contentType) {
    case '':
    case 'application/json':
      return decodeText(body, kind, () => parseJson(body.bytes.toString()));
    case 'application/yaml':
      return decodeText(body, kind, () => ({value: parseYaml11(body.bytes.toString()), duplicates: []}));
    case 'application/vnd.kubernetes.protobuf':
      return decodeBinary(body, kind);
    default:
      throw unsupportedMediaType(ACCEPTED);
  }
}

function decodeText(body: RequestBody, kind: string | undefined, decode: () => Decoded): Decoded {
  try {
    return decode();
  } catch (error) {
    const why = `couldn't get version/kind; json parse error: ${reasonOf(error)}`;
    throw kind === undefined ? badRequest(why) : unrecognized(kind, why, body);
  }
}

function decodeBinary(body: RequestBody, kind: string | undefined): Decoded {
  try {
    return {value: decodeKubernetesProtobuf(body.bytes), duplicates: []};
  } catch {
    // Whatever is wrong with it, what Go's decoder runs into is an end that comes too early.
    const why = 'unexpected EOF';
    const shown = body.bytes.subarray(0, SHOWN_BYTES).toString('hex') + (body.bytes.length > SHOWN_BYTES ? ' ...' : '');
    throw badRequest(
      kind === undefined ? why : `the object provided is unrecognized (must be of type ${kind}): ${why} (${shown})`,
    );
  }
}

function unrecognized(kind: string, why: string, body: RequestBody): Error {
  const text = body.bytes.length === 0 ? '<empty>' : body.bytes.subarray(0, 1024).toString();
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${text})`);
}

/** `apiVersion` and `kind` must fit the URL. A built-in kind may leave both out, a custom one may not (§2.3). */
export function checkKind(object: JsonObject, type: ResourceType, body: RequestBody): JsonObject {
  const {apiVersion, kind} = object;
  const expected = apiVersionOfType(type);
  if (kind === undefined || kind === '') {
    if (!type.custom) return {...object, apiVersion: expected, kind: type.kind};
    throw unrecognized(type.kind, `Object 'Kind' is missing in '${body.bytes.toString()}'`, body);
  }
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected)
    throw wrongVersion(apiVersion, expected);
  if (kind !== type.kind) throw wrongKind(object, type);
  return {...object, apiVersion: expected};
}

function wrongVersion(apiVersion: unknown, expected: string): Error {
  return badRequest(
    `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
  );
}

function wrongKind(object: JsonObject, type: ResourceType): Error {
  const kind = String(object['kind']);
  if (type.custom) {
    return invalid({group: type.group, kind}, metaOf(object).name ?? '', [
      {type: 'Invalid', field: 'kind', message: `Invalid value: ${JSON.stringify(kind)}: must be ${type.kind}`},
    ]);
  }
  const {version, group} = type;
  // The internal package is called like the first word of its group.
  const inner = group === '' ? 'core' : group.split('.')[0];
  return badRequest(
    `${kind} in version "${version}" cannot be handled as a ${type.kind}: ` +
      `converting (${version}.${kind}) to (${inner}.${type.kind}): unknown conversion`,
  );
}
