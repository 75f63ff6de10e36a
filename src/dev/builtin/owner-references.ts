import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {invalidValue} from './field-errors.ts';
import {textIn} from './read-json.ts';

/** One item of `metadata.ownerReferences`; whether the owner exists is found out later, by the garbage collector. */
export function validateOwnerReference(owner: JsonObject, field: string): FieldError[] {
  const apiVersion = textIn(owner, 'apiVersion');
  const errors: FieldError[] = [];
  if (apiVersion.slice(apiVersion.indexOf('/') + 1) === '') {
    errors.push(invalidValue(`${field}.apiVersion`, apiVersion, 'version must not be empty'));
  }
  for (const key of ['kind', 'name', 'uid']) {
    if (textIn(owner, key) === '') errors.push(invalidValue(`${field}.${key}`, '', 'must not be empty'));
  }
  if (apiVersion === 'v1' && owner['kind'] === 'Event') {
    errors.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return errors;
}

/** At most one owner may be the controller. */
export function duplicateControllers(owners: readonly JsonObject[]): FieldError[] {
  const [first, second] = owners.filter((owner) => owner['controller'] === true);
  if (first === undefined || second === undefined) return [];
  const names = `${textIn(first, 'name')} and ${textIn(second, 'name')}`;
  const text = `Only one reference can have Controller set to true. Found "true" in references for ${names}`;
  return [invalidValue('metadata.ownerReferences', owners, text)];
}
