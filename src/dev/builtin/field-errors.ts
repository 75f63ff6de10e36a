import type {FieldError} from '../schema/schema.ts';

/*
 * The causes of a 422 in the words of a kube-apiserver (apiserver-errors.md §2.2). `field` is a path such as `spec.ports[0].name`.
 */

export function required(field: string, detail = ''): FieldError {
  return {type: 'Required', field, message: detail === '' ? 'Required value' : `Required value: ${detail}`};
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return {type: 'Invalid', field, message: `Invalid value: ${shown(value)}: ${detail}`};
}

export function immutable(field: string, value: unknown): FieldError {
  return invalidValue(field, value, 'field is immutable');
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const values = supported.map((text) => JSON.stringify(text)).join(', ');
  return {type: 'NotSupported', field, message: `Unsupported value: ${shown(value)}: supported values: ${values}`};
}

export function duplicate(field: string, value: unknown): FieldError {
  return {type: 'Duplicate', field, message: `Duplicate value: ${shown(value)}`};
}

export function forbiddenField(field: string, detail: string): FieldError {
  return {type: 'Forbidden', field, message: `Forbidden: ${detail}`};
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return {type: 'TooLong', field, message: `Too long: may not be more than ${maxBytes} bytes`};
}

export function tooMany(field: string, count: number, max: number): FieldError {
  return {type: 'TooMany', field, message: `Too many: ${count}: must have at most ${max} items`};
}

/** A reference to something that the object does not hold. */
export function notFoundValue(field: string, value: string): FieldError {
  return {type: 'NotFound', field, message: `Not found: ${shown(value)}`};
}

function shown(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}
