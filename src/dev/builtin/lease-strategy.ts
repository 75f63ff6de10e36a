import {badRequest} from '../apiserver/api-error.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {invalidValue} from './field-errors.ts';
import {numberIn, objectIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';

/** Leases: their times must be written with exactly six decimals (apiserver-errors.md §2.3). */
export const leaseStrategy: Strategy = {prepare: checkTimes, validate: validateLease};

function checkTimes(lease: JsonObject): JsonObject {
  const spec = objectIn(lease, 'spec');
  for (const key of ['acquireTime', 'renewTime']) {
    const value = spec[key];
    const wrong = typeof value === 'string' ? wrongMicroTime(value) : undefined;
    if (wrong !== undefined) throw badRequest(`Lease in version "v1" cannot be handled as a Lease: ${wrong}`);
  }
  return lease;
}

const SECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/;
const FRACTION = /^\.\d{6}/;
const ZONE = /^(Z|[+-]\d{2}:\d{2})$/;

/** What Go's `time.Parse` says of a text that is no `metav1.MicroTime`. */
function wrongMicroTime(text: string): string | undefined {
  const cannot = (rest: string, layout: string): string =>
    `parsing time "${text}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "${rest}" as "${layout}"`;
  const seconds = SECONDS.exec(text)?.[0];
  if (seconds === undefined || Number.isNaN(Date.parse(`${seconds}Z`))) return cannot(text, '2006');
  const rest = text.slice(seconds.length);
  const fraction = FRACTION.exec(rest)?.[0];
  if (fraction === undefined) return cannot(rest, '.000000');
  const zone = rest.slice(fraction.length);
  return ZONE.test(zone) ? undefined : cannot(zone, 'Z07:00');
}

function validateLease(lease: JsonObject): FieldError[] {
  const spec = objectIn(lease, 'spec');
  const seconds = numberIn(spec, 'leaseDurationSeconds');
  const transitions = numberIn(spec, 'leaseTransitions');
  return [
    ...(seconds === undefined || seconds > 0
      ? []
      : [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]),
    ...(transitions === undefined || transitions >= 0
      ? []
      : [invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]),
  ];
}
