import {ERRORS, IsthmusError} from '../../errors.ts';
import type {FieldError} from '../schema/schema.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** `metav1.Status` as it stands on the wire; `metadata` is `{}` but for the 410 of a list page, which carries a token to go on with. */
export interface StatusBody {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: {readonly continue?: string};
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** What a request is refused with. The server turns it into an HTTP answer; nothing else is thrown on purpose in this room. */
export class ApiError extends Error {
  readonly status: StatusBody;

  constructor(status: StatusBody, options?: {cause?: unknown}) {
    super(status.message ?? status.reason ?? 'refused', options);
    this.name = 'ApiError';
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }
}

/** The resource that an error is about: `plural` in most details, `kind` in those of Invalid (apiserver.md §2.1). */
export interface ErrorSubject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

export interface FailureParts {
  readonly code: number;
  readonly message: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
}

export function failure(parts: FailureParts): ApiError {
  const {code, message, reason, details} = parts;
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === undefined ? {} : {reason}),
    ...(details === undefined ? {} : {details}),
    code,
  });
}

/** `widgets.example.dev`; the core group has no suffix. */
export function qualified(word: string, group: string): string {
  return group === '' ? word : `${word}.${group}`;
}

function subjectDetails(of: ErrorSubject, name: string, word: 'plural' | 'kind'): StatusDetails {
  return {...(name === '' ? {} : {name}), ...(of.group === '' ? {} : {group: of.group}), kind: of[word]};
}

export function notFound(of: ErrorSubject, name: string): ApiError {
  return failure({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(of.plural, of.group)} "${name}" not found`,
    details: subjectDetails(of, name, 'plural'),
  });
}

/** A type or subresource that is not served under a group version that is (§2.3). */
export function noSuchResource(): ApiError {
  return failure({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });
}

export function alreadyExists(of: ErrorSubject, name: string, terminating = false): ApiError {
  const prefix = terminating ? 'object is being deleted: ' : '';
  return failure({
    code: 409,
    reason: 'AlreadyExists',
    message: `${prefix}${qualified(of.plural, of.group)} "${name}" already exists`,
    details: subjectDetails(of, name, 'plural'),
  });
}

export const STALE_OBJECT =
  'the object has been modified; please apply your changes to the latest version and try again';

/** An operation that lost a race, or named a resourceVersion or uid that is not the live one. */
export function conflict(of: ErrorSubject, name: string, why: string = STALE_OBJECT): ApiError {
  return failure({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(of.plural, of.group)} "${name}": ${why}`,
    details: subjectDetails(of, name, 'plural'),
  });
}

/** Failed preconditions of a delete name the Kind, without its group (apiserver-errors.md §2.4). */
export function preconditionFailed(of: ErrorSubject, name: string, why: string): ApiError {
  return failure({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(of.kind, of.group)} "${name}": ${why}`,
    details: subjectDetails(of, name, 'kind'),
  });
}

const CAUSE_REASONS: Record<FieldError['type'], string> = {
  Required: 'FieldValueRequired',
  Invalid: 'FieldValueInvalid',
  TypeInvalid: 'FieldValueTypeInvalid',
  NotSupported: 'FieldValueNotSupported',
  NotFound: 'FieldValueNotFound',
  Duplicate: 'FieldValueDuplicate',
  Forbidden: 'FieldValueForbidden',
  TooLong: 'FieldValueTooLong',
  TooMany: 'FieldValueTooMany',
  Internal: 'InternalError',
};

/** 422 with one cause per error. An error that two checks found is told twice there, and once in the message, as upstream does. */
export function invalid(
  of: Pick<ErrorSubject, 'group' | 'kind'>,
  name: string,
  errors: readonly FieldError[],
): ApiError {
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const causes = errors.map((error) => ({
    reason: CAUSE_REASONS[error.type],
    message: error.message,
    field: error.field,
  }));
  return failure({
    code: 422,
    reason: 'Invalid',
    message: `${qualified(of.kind, of.group)} "${name}" is invalid: ${lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`}`,
    details: {
      ...(name === '' ? {} : {name}),
      ...(of.group === '' ? {} : {group: of.group}),
      ...(of.kind === '' ? {} : {kind: of.kind}),
      causes,
    },
  });
}

/** A bad query parameter: the subject is the options object of meta.k8s.io. */
export function invalidOptions(kind: string, errors: readonly FieldError[]): ApiError {
  return invalid({group: 'meta.k8s.io', kind}, '', errors);
}

export function badRequest(message: string): ApiError {
  return failure({code: 400, reason: 'BadRequest', message});
}

export function unauthorized(): ApiError {
  return failure({code: 401, reason: 'Unauthorized', message: 'Unauthorized'});
}

/** @param why - what stands after `is forbidden: ` */
export function forbidden(of: ErrorSubject, name: string, why: string, causes?: readonly StatusCause[]): ApiError {
  const about = name === '' ? qualified(of.plural, of.group) : `${qualified(of.plural, of.group)} "${name}"`;
  return failure({
    code: 403,
    reason: 'Forbidden',
    message: `${about} is forbidden: ${why}`,
    details: {...subjectDetails(of, name, 'plural'), ...(causes === undefined ? {} : {causes})},
  });
}

export function methodNotAllowed(): ApiError {
  return failure({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

export function notAcceptable(types: readonly string[]): ApiError {
  return failure({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${types.join(', ')}`,
  });
}

/** The 406 of built-in kinds, which a router below the API machinery words. */
export function noRepresentation(types: readonly string[]): ApiError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`;
  return failure({code: 406, reason: 'NotAcceptable', message, details: {}});
}

/** 410: a list page or an exact version that history no longer holds. */
export function expired(message: string, continueToken?: string): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: continueToken === undefined ? {} : {continue: continueToken},
    status: 'Failure',
    message,
    reason: 'Expired',
    code: 410,
  });
}

/** Only this ends a watch whose version is too old: HTTP 200 and an ERROR event with this Status (apiserver.md §3.2). */
export function watchTooOld(asked: number, oldest: number): ApiError {
  return failure({code: 410, reason: 'Expired', message: `too old resource version: ${asked} (${oldest})`});
}

export function tooLarge(why: string): ApiError {
  return failure({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: ${why}`,
  });
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return failure({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  });
}

/** A 500 without a reason, as the server sends where an error is not an API error (bad versions, failed typed patches). */
export function serverError(message: string): ApiError {
  return failure({code: 500, message});
}

export function internal(message: string): ApiError {
  return failure({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: {causes: [{message}]},
  });
}

export function tooLargeVersion(asked: number, current: number): ApiError {
  return failure({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}],
      retryAfterSeconds: 1,
    },
  });
}

/** What went wrong with a body, without the sentence of the error code in front: clients of an API server don't know our codes. */
export function reasonOf(error: unknown): string {
  if (error instanceof IsthmusError) return error.message.replace(`${ERRORS[error.code].message}: `, '');
  return error instanceof Error ? error.message : String(error);
}
