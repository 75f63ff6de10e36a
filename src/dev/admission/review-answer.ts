import type {StatusBody} from '../apiserver/api-error.ts';
import {textIn, textsIn} from '../builtin/read-json.ts';
import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {WebhookFailure} from './webhook-failure.ts';

/** What a webhook said, checked. */
export interface ReviewAnswer {
  readonly allowed: boolean;
  readonly warnings: readonly string[];
  readonly status: JsonObject;
  /** Base64 of a JSON patch. */
  readonly patch: string | undefined;
}

/**
 * @param expected - the uid of the request, and whether a patch may come back
 * @throws WebhookFailure in the words of apiserver.md §5.2
 */
export function readReviewAnswer(body: unknown, expected: {uid: string; mayPatch: boolean}): ReviewAnswer {
  const review = isObject(body) ? body : {};
  const response = review['response'];
  if (!isObject(response)) throw invalidAnswer('webhook response was absent');
  const uid = textIn(response, 'uid');
  if (uid !== expected.uid)
    throw invalidAnswer(`expected response.uid=${JSON.stringify(expected.uid)}, got ${JSON.stringify(uid)}`);
  const apiVersion = textIn(review, 'apiVersion');
  const kind = textIn(review, 'kind');
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') {
    // Go prints a group version without a group as "/version".
    const found = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw invalidAnswer(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${found}, Kind=${kind}`,
    );
  }
  const status = response['status'];
  return {
    allowed: response['allowed'] === true,
    warnings: textsIn(response, 'warnings'),
    status: isObject(status) ? status : {},
    patch: readPatch(response, expected.mayPatch),
  };
}

function readPatch(response: JsonObject, mayPatch: boolean): string | undefined {
  const patch = textIn(response, 'patch');
  const type = textIn(response, 'patchType');
  if (patch === '' && type === '') return undefined;
  if (!mayPatch)
    throw invalidAnswer(`validating webhook may not return response.${patch === '' ? 'patchType' : 'patch'}`);
  if (type === '') throw invalidAnswer('webhook returned response.patch but not response.patchType');
  if (patch === '') throw invalidAnswer('webhook returned response.patchType but not response.patch');
  if (type !== 'JSONPatch') throw invalidAnswer(`invalid response.patchType of ${JSON.stringify(type)}`);
  return patch;
}

function invalidAnswer(why: string): WebhookFailure {
  return new WebhookFailure(`received invalid webhook response: ${why}`);
}

/** What the client sees of a denial: 400 where the webhook names no error code; its reason and causes pass through. */
export function toDenial(webhook: string, status: JsonObject): StatusBody {
  const message = textIn(status, 'message');
  const reason = textIn(status, 'reason');
  const code = typeof status['code'] === 'number' && status['code'] >= 400 ? status['code'] : 400;
  const why = message || reason;
  const details = status['details'];
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `admission webhook "${webhook}" denied the request${why === '' ? ' without explanation' : `: ${why}`}`,
    ...(reason === '' ? {} : {reason}),
    ...(isObject(details) ? {details} : {}),
    code,
  };
}
