import type {FieldError} from '../../schema/schema.ts';
import {invalidValue, notSupported} from '../../builtin/field-errors.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {badRequest, invalidOptions} from '../api-error.ts';
import {isTrue} from '../query-values.ts';
import {dryRunErrors} from './write-options.ts';

export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly propagationPolicy: PropagationPolicy | undefined;
  /** What `propagationPolicy` replaced; a request has one of the two. */
  readonly orphanDependents: boolean | undefined;
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

const POLICIES: readonly string[] = ['Foreground', 'Background', 'Orphan'];

/** The fields of a body as Go reads them; another type in one is a 400. */
const GO_TYPES = {
  propagationPolicy: {type: 'string', goType: 'v1.DeletionPropagation'},
  orphanDependents: {type: 'boolean', goType: 'bool'},
  gracePeriodSeconds: {type: 'number', goType: 'int64'},
  dryRun: {type: 'array', goType: '[]string'},
  preconditions: {type: 'object', goType: 'v1.Preconditions'},
} as const;

const NO_KIND = "couldn't get version/kind; json parse error: json:";
/** What Go reads a body into before it knows its kind. */
const HEADER =
  'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/**
 * `DeleteOptions` out of the body; out of the query only where there is no body at all, so that an empty object in it
 * makes the query count for nothing (seen).
 *
 * @throws ApiError 422 or 400
 */
export function parseDeleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const given = body === undefined ? fromQuery(query) : checkTypes(body);
  const policy = textOf(given['propagationPolicy']);
  const orphan = given['orphanDependents'];
  const dryRun = Array.isArray(given['dryRun']) ? given['dryRun'].map(String) : [];
  const errors: FieldError[] = [];
  if (policy !== undefined && typeof orphan === 'boolean') {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(invalidValue('propagationPolicy', policy, why));
  }
  if (policy !== undefined && !POLICIES.includes(policy)) {
    errors.push(notSupported('propagationPolicy', policy, [...POLICIES, 'nil']));
  }
  errors.push(...dryRunErrors(dryRun));
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  const preconditions: JsonObject = isObject(given['preconditions']) ? given['preconditions'] : {};
  return {
    dryRun: dryRun.includes('All'),
    propagationPolicy: policy as PropagationPolicy | undefined,
    orphanDependents: typeof orphan === 'boolean' ? orphan : undefined,
    gracePeriodSeconds: secondsOf(given['gracePeriodSeconds']),
    uid: textOf(preconditions['uid']),
    resourceVersion: textOf(preconditions['resourceVersion']),
  };
}

/** A delete that names nothing, as the cluster's own controllers send it. */
export const PLAIN_DELETE: DeleteOptions = {
  dryRun: false,
  propagationPolicy: undefined,
  orphanDependents: undefined,
  gracePeriodSeconds: 0,
  uid: undefined,
  resourceVersion: undefined,
};

function fromQuery(query: URLSearchParams): JsonObject {
  const seconds = query.get('gracePeriodSeconds') ?? '';
  if (seconds !== '' && !/^[+-]?\d+$/.test(seconds)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(seconds)}: invalid syntax`);
  }
  const orphan = query.get('orphanDependents');
  const uid = query.get('uid') ?? '';
  const resourceVersion = query.get('resourceVersion') ?? '';
  return {
    ...(query.has('propagationPolicy') ? {propagationPolicy: query.get('propagationPolicy')} : {}),
    ...(orphan === null ? {} : {orphanDependents: isTrue(orphan)}),
    ...(seconds === '' ? {} : {gracePeriodSeconds: Number(seconds)}),
    dryRun: query.getAll('dryRun'),
    preconditions: {...(uid === '' ? {} : {uid}), ...(resourceVersion === '' ? {} : {resourceVersion})},
  };
}

function checkTypes(body: unknown): JsonObject {
  if (body === null) return {};
  if (!isObject(body)) throw badRequest(`${NO_KIND} cannot unmarshal ${goTypeName(jsonTypeOf(body))} into ${HEADER}`);
  const {kind = '', apiVersion = ''} = body;
  if (kind !== '' && kind !== 'DeleteOptions') {
    const version = JSON.stringify(apiVersion);
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${version} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  for (const [field, {type, goType}] of Object.entries(GO_TYPES)) {
    const found = jsonTypeOf(body[field]);
    if (found === undefined || found === type) continue;
    const said = goTypeName(found);
    throw badRequest(`json: cannot unmarshal ${said} into Go struct field DeleteOptions.${field} of type ${goType}`);
  }
  return body;
}

/** Null is the field's absence to Go. */
function jsonTypeOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? 'array' : typeof value;
}

function goTypeName(type = 'null'): string {
  return type === 'boolean' ? 'bool' : type;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Negative ones count as one second. */
function secondsOf(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
  return value < 0 ? 1 : value;
}
