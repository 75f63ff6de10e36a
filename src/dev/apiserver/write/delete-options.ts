import type {FieldError} from '../../schema/schema.ts';
import {invalidValue, notSupported} from '../../builtin/field-errors.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {badRequest, invalidOptions} from '../api-error.ts';
import {dryRunErrors} from './write-options.ts';

export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly propagationPolicy: PropagationPolicy | undefined;
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

const POLICIES: readonly string[] = ['Foreground', 'Background', 'Orphan'];

/**
 * `DeleteOptions` out of the body, or out of the query where there is no body.
 *
 * @throws ApiError 422 or 400
 */
export function parseDeleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  if (body !== undefined && !isObject(body))
    throw badRequest('the object provided is unrecognized (must be of type DeleteOptions)');
  const given = body ?? {};
  const policy = textOf(given['propagationPolicy']) ?? query.get('propagationPolicy') ?? '';
  const dryRun = [...(Array.isArray(given['dryRun']) ? given['dryRun'].map(String) : []), ...query.getAll('dryRun')];
  const errors: FieldError[] = [...dryRunErrors(dryRun)];
  if (policy !== '' && given['orphanDependents'] !== undefined) {
    errors.push(
      invalidValue('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  } else if (policy !== '' && !POLICIES.includes(policy)) {
    errors.push(notSupported('propagationPolicy', policy, [...POLICIES, 'nil']));
  }
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  const preconditions: JsonObject = isObject(given['preconditions']) ? given['preconditions'] : {};
  return {
    dryRun: dryRun.includes('All'),
    propagationPolicy: policyOf(policy, given['orphanDependents']),
    gracePeriodSeconds: secondsOf(given['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds') ?? undefined),
    uid: textOf(preconditions['uid']),
    resourceVersion: textOf(preconditions['resourceVersion']),
  };
}

function policyOf(policy: string, orphanDependents: unknown): PropagationPolicy | undefined {
  if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan') return policy;
  return orphanDependents === true ? 'Orphan' : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function secondsOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const seconds = Number(value);
  return Number.isSafeInteger(seconds) && seconds >= 0 ? seconds : undefined;
}
