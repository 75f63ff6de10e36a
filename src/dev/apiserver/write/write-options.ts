import type {FieldError} from '../../schema/schema.ts';
import {badRequest, invalidOptions} from '../api-error.ts';
import {notSupported, required, tooLong} from '../../builtin/field-errors.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface WriteOptions {
  readonly dryRun: boolean;
  /** Undefined: the name out of the User-Agent is used. */
  readonly fieldManager: string | undefined;
  /** Undefined: as Warn. */
  readonly fieldValidation: FieldValidation | undefined;
  readonly force: boolean | undefined;
}

const MAX_MANAGER_BYTES = 128;
const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];

/**
 * @param kind - CreateOptions, UpdateOptions or PatchOptions: named in the 422
 * @throws ApiError 422 as apiserver-errors.md §2.2-2.3 words it
 */
export function parseWriteOptions(query: URLSearchParams, kind: string, isApply = false): WriteOptions {
  const manager = query.get('fieldManager') ?? '';
  const validation = query.get('fieldValidation') ?? '';
  const force = query.get('force');
  const errors: FieldError[] = [...dryRunErrors(query.getAll('dryRun'))];
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES) errors.push(tooLong('fieldManager', MAX_MANAGER_BYTES));
  if (isApply && manager === '') errors.push(required('fieldManager', 'is required for apply patch'));
  if (!isApply && force !== null) {
    errors.push({type: 'Forbidden', field: 'force', message: 'Forbidden: may not be specified for non-apply patch'});
  }
  if (!FIELD_VALIDATIONS.includes(validation)) {
    errors.push(notSupported('fieldValidation', validation, FIELD_VALIDATIONS));
  }
  if (errors.length > 0) throw invalidOptions(kind, errors);
  return {
    dryRun: query.getAll('dryRun').includes('All'),
    fieldManager: manager === '' ? undefined : manager,
    fieldValidation: validation === '' ? undefined : (validation as FieldValidation),
    force: force === null ? undefined : parseForce(force),
  };
}

export function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.every((value) => value === 'All' || value === '') ? [] : [notSupported('dryRun', values, ['All'])];
}

function parseForce(text: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0' || text === '') return false;
  throw badRequest(`strconv.ParseBool: parsing "${text}": invalid syntax`);
}
