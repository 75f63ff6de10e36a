import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {invalidValue} from './field-errors.ts';
import {numberIn, objectIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';

/** Leases: durations and counts that make sense. */
export const leaseStrategy: Strategy = {validate: validateLease};

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
