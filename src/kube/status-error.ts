import {KubeError} from './kube-error.ts';
import type {StatusCause} from './kube-error.ts';
import {tlsRefusal} from './tls-refusal.ts';

/** How answers, and their absence, become a KubeError. Texts of the other side are untrusted: cut and cleaned here. */

const MAX_MESSAGE = 1_024;
const TYPE_MISSING = 'the server could not find the requested resource';

/** Reasons for answers that carry no Status, as apimachinery names them (`NewGenericServerResponse`). */
const REASONS: ReadonlyMap<number, string> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

interface StatusBody {
  readonly kind?: unknown;
  readonly code?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: {readonly name?: unknown; readonly causes?: unknown; readonly retryAfterSeconds?: unknown} | null;
}

/**
 * The error of an HTTP answer that is not 2xx.
 *
 * @param request - method and path, for the message
 */
export function answerError(
  answer: {readonly status: number; readonly headers: Headers; readonly body: string},
  request: string,
  nowMs: number,
): KubeError {
  const status = parseStatus(answer.body);
  const retryAfterMs = retryAfter(answer.headers['retry-after'], nowMs);
  if (status !== undefined) return statusError(status, {request, httpStatus: answer.status, retryAfterMs});
  const reason = REASONS.get(answer.status) ?? 'Unknown';
  // Under /apis a kube-apiserver answers for a type that it does not know with text (apiserver-errors.md §2.3).
  const kindMissing = answer.status === 404;
  const text = `${request} answered ${answer.status} ${reason}: ${cleanText(answer.body) || 'no text'}`;
  return new KubeError(codeOf(answer.status, reason), text, {
    status: answer.status,
    reason,
    retryAfterMs,
    kindMissing,
  });
}

/** The error of a Status: the body of an answer, or the object of an ERROR event inside a watch. */
export function statusError(
  status: object,
  at: {readonly request: string; readonly httpStatus?: number; readonly retryAfterMs?: number | undefined},
): KubeError {
  const body: StatusBody = status;
  const code = typeof body.code === 'number' && Number.isInteger(body.code) ? body.code : (at.httpStatus ?? 500);
  const reason = typeof body.reason === 'string' && body.reason !== '' ? body.reason : (REASONS.get(code) ?? 'Unknown');
  const message = typeof body.message === 'string' ? cleanText(body.message) : '';
  const seconds = body.details?.retryAfterSeconds;
  const facts = {
    status: code,
    reason,
    causes: parseCauses(body.details?.causes),
    retryAfterMs: at.retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : undefined),
    kindMissing: code === 404 && message.startsWith(TYPE_MISSING) && typeof body.details?.name !== 'string',
  };
  return new KubeError(codeOf(code, reason), `${at.request} answered ${code} ${reason}: ${message}`, facts);
}

/** No answer: the connection was refused or broke, or TLS did not agree. */
export function transportError(cause: unknown, request: string): KubeError {
  const text = tlsRefusal(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  const options = {cause};
  return new KubeError('ISTHMUS_KUBE_UNREACHABLE', `${request}: ${text}`, {status: 0, reason: 'Transport'}, options);
}

export function timeoutError(request: string, what: string): KubeError {
  return new KubeError('ISTHMUS_KUBE_TIMEOUT', `${request}: ${what}`, {status: 0, reason: 'Timeout'});
}

export function abortedError(request: string): KubeError {
  return new KubeError('ISTHMUS_KUBE_ABORTED', request, {status: 0, reason: 'Aborted'});
}

/** There was an answer, but not one that a kube-apiserver gives. */
export function badAnswer(request: string, what: string, status = 200): KubeError {
  return new KubeError('ISTHMUS_KUBE_BAD_ANSWER', `${request}: ${what}`, {status, reason: 'BadAnswer'});
}

function codeOf(status: number, reason: string): 'ISTHMUS_KUBE_EXPIRED' | 'ISTHMUS_KUBE_STATUS' {
  return status === 410 || reason === 'Expired' ? 'ISTHMUS_KUBE_EXPIRED' : 'ISTHMUS_KUBE_STATUS';
}

function parseStatus(body: string): object | undefined {
  if (!body.trimStart().startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    const isStatus = typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status';
    return isStatus ? parsed : undefined;
  } catch {
    // Half a body of some proxy: the text itself goes into the message.
    return undefined;
  }
}

function parseCauses(causes: unknown): StatusCause[] {
  if (!Array.isArray(causes)) return [];
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? cleanText(value) : undefined);
  return causes.slice(0, 100).map((cause: unknown) => {
    const {reason, message, field} = (typeof cause === 'object' && cause !== null ? cause : {}) as Record<
      string,
      unknown
    >;
    return Object.fromEntries(
      Object.entries({reason: text(reason), message: text(message), field: text(field)}).filter(
        ([, value]) => value !== undefined,
      ),
    );
  });
}

/** RFC 9110 §10.2.3: seconds, or an HTTP date. */
function retryAfter(header: string | string[] | undefined, nowMs: number): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined) return undefined;
  if (/^\d{1,7}$/.test(value.trim())) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** One line without control characters: it goes into logs, conditions and terminals. */
function cleanText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
}
