import type {KubeObject} from '../src/api/meta.ts';
import {IsthmusError} from '../src/errors.ts';

/** `admission.k8s.io/v1`: what a kube-apiserver asks. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  readonly resource: {readonly group: string; readonly version: string; readonly resource: string};
  readonly subResource?: string;
  /** Empty in a `deletecollection` review. */
  readonly name?: string;
  readonly namespace?: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** Null on DELETE. */
  readonly object: KubeObject | null;
  /** Null on CREATE. */
  readonly oldObject: KubeObject | null;
  readonly dryRun?: boolean;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** `metav1.StatusCause`: kubectl prints them as `field: message`. */
export interface Cause {
  readonly reason: 'FieldValueInvalid' | 'FieldValueForbidden';
  readonly message: string;
  readonly field: string;
}

/** RFC 6902, as much of it as injection needs: nothing is ever removed from a pod. */
export interface PatchOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

export interface ReviewAnswer {
  readonly allowed: boolean;
  /** Only with `allowed: false`. Without a code the client would see a 400. */
  readonly denial?: {
    readonly code: 403 | 422;
    readonly message: string;
    readonly causes: readonly Cause[];
  };
  readonly warnings?: readonly string[];
  /** Empty or absent: nothing is changed. */
  readonly patch?: readonly PatchOperation[];
  /** For the log line and the counters, never shown to the user. */
  readonly audits?: readonly string[];
}

/** Synchronous on purpose: a review never waits for a lookup or another host. */
export type ReviewHandler = (request: AdmissionRequest) => ReviewAnswer;

export const ALLOWED: ReviewAnswer = {allowed: true};

/**
 * Reads the body of a review.
 *
 * @throws IsthmusError ISTHMUS_WEBHOOK_BAD_REVIEW naming what is missing; never quotes the body, which may hold secrets
 */
export function readReview(body: string): AdmissionRequest {
  const review = parse(body);
  if (!isRecord(review)) throw bad('the body is not a JSON object');
  if (review['kind'] !== 'AdmissionReview') throw bad('kind is not AdmissionReview');
  if (review['apiVersion'] !== 'admission.k8s.io/v1') {
    throw bad('apiVersion is not admission.k8s.io/v1; set admissionReviewVersions to ["v1"]');
  }
  const request = review['request'];
  if (!isRecord(request)) throw bad('there is no request in it');
  for (const field of ['uid', 'operation'] as const) {
    if (typeof request[field] !== 'string' || request[field] === '') throw bad(`request.${field} is missing`);
  }
  for (const field of ['kind', 'resource'] as const) {
    if (!isRecord(request[field])) throw bad(`request.${field} is missing`);
  }
  const object = readObject(request, 'object');
  const oldObject = readObject(request, 'oldObject');
  return {...(request as unknown as AdmissionRequest), object, oldObject};
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // JSON.parse quotes its input, which may be a kubeconfig.
    throw bad('the body is not JSON');
  }
}

/** Not every object is one: a TokenRequest or a Binding has no metadata that a handler could rely on. */
function readObject(request: Record<string, unknown>, field: 'object' | 'oldObject'): KubeObject | null {
  const value = request[field];
  if (value === undefined || value === null) return null;
  if (!isRecord(value)) throw bad(`request.${field} is not an object`);
  const metadata = value['metadata'];
  if (metadata === undefined || metadata === null) return {...value, metadata: {name: ''}} as KubeObject;
  if (!isRecord(metadata)) throw bad(`request.${field}.metadata is not an object`);
  return value as unknown as KubeObject;
}

/** The AdmissionReview that answers `uid`. */
export function toReview(uid: string, answer: ReviewAnswer, request?: AdmissionRequest): object {
  const patch = answer.patch ?? [];
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: answer.allowed,
      ...(answer.denial !== undefined && {status: toStatus(answer.denial, request)}),
      ...((answer.warnings?.length ?? 0) > 0 && {warnings: (answer.warnings ?? []).map(toWarning)}),
      ...(patch.length > 0 && {
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch), 'utf8').toString('base64'),
      }),
    },
  };
}

function toStatus(denial: NonNullable<ReviewAnswer['denial']>, request: AdmissionRequest | undefined): object {
  return {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    code: denial.code,
    reason: denial.code === 403 ? 'Forbidden' : 'Invalid',
    message: denial.message,
    details: {
      ...(request?.name !== undefined && request.name !== '' && {name: request.name}),
      ...(request !== undefined && {group: request.kind.group, kind: request.kind.kind}),
      causes: denial.causes,
    },
  };
}

/** They become HTTP headers: a control character would make the API server drop all of them. */
function toWarning(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ');
}

function bad(reason: string): IsthmusError {
  return new IsthmusError('ISTHMUS_WEBHOOK_BAD_REVIEW', reason);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
