import {formatError} from './formats.ts';
import {isObject} from './json.ts';
import type {JsonObject} from './json.ts';
import {Correlation} from './correlation.ts';
import {checkListKeys} from './list-keys.ts';
import {memberSchema} from './schema.ts';
import type {FieldError, Schema} from './schema.ts';
import {printValue, typeNameOf} from './value-text.ts';

/**
 * Checks a value against a structural schema, in the words of a kube-apiserver (reference: apiserver-errors §2.2).
 *
 * @param path - of the value itself, empty at the root
 * @returns all errors, those of list keys last
 */
export function validate(schema: Schema, value: unknown, path = ''): FieldError[] {
  return [...checkValue(schema, value, path), ...checkListKeys(schema, value, path)];
}

/** The same for an update: what did not change is let be, and so are lists whose items were not all different before. */
export function validateUpdate(schema: Schema, value: unknown, old: unknown): FieldError[] {
  const errors = checkValue(schema, value, '', new Correlation(value, old, schema));
  return [...errors, ...newListKeyErrors(schema, value, old)];
}

/**
 * The same for one field of an object whose other fields are as they were: a status. Its errors are where they are in the object, but
 * their texts begin at the field: `status.conditions[0]` is `conditions[0] in body`.
 */
export function validateField(
  schema: Schema,
  name: string,
  {value, old}: {value: unknown; old: unknown},
): FieldError[] {
  const member = memberSchema(schema, name);
  if (member === undefined) return [];
  const correlation = old === undefined ? undefined : new Correlation(value, old, member);
  const errors = [...checkValue(member, value, '', correlation), ...newListKeyErrors(member, value, old)];
  return errors.map((error) => ({...error, field: join(name, error.field)}));
}

function newListKeyErrors(schema: Schema, value: unknown, old: unknown): FieldError[] {
  const errors = checkListKeys(schema, value, '');
  return errors.length > 0 && checkListKeys(schema, old, '').length > 0 ? [] : errors;
}

/** @param correlation - with what the value was; undefined: that is not known, or was not there */
function checkValue(schema: Schema, value: unknown, path: string, correlation?: Correlation): FieldError[] {
  if (value === null && schema.nullable === true) return [];
  const errors = checkAll(schema, value, path, correlation);
  return errors.length > 0 && correlation?.isUnchanged === true ? [] : errors;
}

function checkAll(schema: Schema, value: unknown, path: string, correlation: Correlation | undefined): FieldError[] {
  const mismatch = checkType(schema, value, path);
  if (mismatch !== undefined) return [mismatch];
  const errors = [...checkCombinations(schema, value, path), ...checkEnum(schema, value, path)];
  if (typeof value === 'string') errors.push(...checkString(schema, value, path));
  else if (typeof value === 'number') errors.push(...checkNumber(schema, value, path));
  else if (Array.isArray(value)) errors.push(...checkList(schema, value, path, correlation));
  else if (isObject(value)) errors.push(...checkObject(schema, value, path, correlation));
  return errors;
}

function checkType(schema: Schema, value: unknown, path: string): FieldError | undefined {
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  if (isIntOrString && (typeof value === 'string' || Number.isInteger(value))) return undefined;
  const wanted = isIntOrString ? 'integer,string' : schema.type;
  if (wanted === undefined || fits(wanted, value)) return undefined;
  const found = typeNameOf(value);
  const said = `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`;
  return {type: 'TypeInvalid', field: path, message: `Invalid value: ${JSON.stringify(found)}: ${said}`};
}

function fits(type: string, value: unknown): boolean {
  const found = typeNameOf(value);
  return found === type || (type === 'number' && found === 'integer');
}

function checkCombinations(schema: Schema, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = (schema.allOf ?? []).flatMap((part) => checkValue(part, value, path));
  const passing = (parts: readonly Schema[]): number =>
    parts.filter((part) => checkValue(part, value, path).length === 0).length;
  const say = (text: string): void => {
    errors.push({type: 'Invalid', field: path, message: `Invalid value: "": ${JSON.stringify(path)} ${text}`});
  };
  if (schema.anyOf !== undefined && passing(schema.anyOf) === 0) say('must validate at least one schema (anyOf)');
  if (schema.oneOf !== undefined) {
    const valid = passing(schema.oneOf);
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    if (valid !== 1) say(`must validate one and only one schema (oneOf). ${found}`);
  }
  if (schema.not !== undefined && checkValue(schema.not, value, path).length === 0)
    say('must not validate the schema (not)');
  return errors;
}

function checkEnum(schema: Schema, value: unknown, path: string): FieldError[] {
  if (schema.enum === undefined || schema.enum.some((allowed) => printValue(allowed) === printValue(value))) return [];
  const supported = schema.enum.map((allowed) =>
    JSON.stringify(typeof allowed === 'string' ? allowed : JSON.stringify(allowed)),
  );
  const message = `Unsupported value: ${printValue(value)}: supported values: ${supported.join(', ')}`;
  return [{type: 'NotSupported', field: path, message}];
}

function checkString(schema: Schema, value: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const length = Array.from(value).length;
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    errors.push({type: 'TooLong', field: path, message: `Too long: may not be more than ${schema.maxLength} bytes`});
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(invalid(path, value, `should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !compilePattern(schema.pattern).test(value)) {
    errors.push(invalid(path, value, `should match '${schema.pattern}'`));
  }
  const format = formatError(schema.format, value);
  if (format !== undefined) {
    const said = `${path} in body must be of type ${format}: ${JSON.stringify(value)}`;
    errors.push({type: 'TypeInvalid', field: path, message: `Invalid value: ${JSON.stringify(value)}: ${said}`});
  }
  return errors;
}

const patterns = new Map<string, RegExp>();

/** Patterns come from CRDs, of which there are few; each is compiled once. */
function compilePattern(pattern: string): RegExp {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) patterns.set(pattern, (compiled = new RegExp(pattern, 'u')));
  return compiled;
}

function checkNumber(schema: Schema, value: number, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const {minimum, maximum, multipleOf} = schema;
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    errors.push(
      invalid(path, value, `should be less than ${schema.exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`),
    );
  }
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    errors.push(
      invalid(
        path,
        value,
        `should be greater than ${schema.exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`,
      ),
    );
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    errors.push(invalid(path, value, `should be a multiple of ${multipleOf}`));
  }
  return errors;
}

function checkList(
  schema: Schema,
  value: readonly unknown[],
  path: string,
  correlation: Correlation | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    errors.push(invalid(path, value.length, `should have at least ${schema.minItems} items`));
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    errors.push(tooMany(path, value.length, schema.maxItems));
  }
  if (schema.uniqueItems === true && new Set(value.map(printValue)).size < value.length) {
    errors.push({
      type: 'Invalid',
      field: path,
      message: `Invalid value: "": ${path} in body shouldn't contain duplicates`,
    });
  }
  const items = schema.items;
  if (items !== undefined) {
    errors.push(...value.flatMap((item, i) => checkValue(items, item, `${path}[${i}]`, correlation?.item(i))));
  }
  return errors;
}

function checkObject(
  schema: Schema,
  object: JsonObject,
  path: string,
  correlation: Correlation | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const size = Object.keys(object).length;
  if (schema.minProperties !== undefined && size < schema.minProperties) {
    errors.push(invalid(path, size, `should have at least ${schema.minProperties} properties`));
  }
  if (schema.maxProperties !== undefined && size > schema.maxProperties)
    errors.push(tooMany(path, size, schema.maxProperties));
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(object, name)) {
      errors.push(...checkValue(member, object[name], join(path, name), correlation?.member(name)));
    }
  }
  errors.push(...checkRest(schema, object, path, correlation));
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(object, name))
      errors.push({type: 'Required', field: join(path, name), message: 'Required value'});
  }
  return errors;
}

function checkRest(
  schema: Schema,
  object: JsonObject,
  path: string,
  correlation: Correlation | undefined,
): FieldError[] {
  const rest = schema.additionalProperties;
  if (typeof rest !== 'object') return [];
  const undeclared = Object.entries(object).filter(([name]) => !Object.hasOwn(schema.properties ?? {}, name));
  return undeclared.flatMap(([name, value]) => checkValue(rest, value, join(path, name), correlation?.member(name)));
}

function invalid(path: string, value: unknown, text: string): FieldError {
  return {type: 'Invalid', field: path, message: `Invalid value: ${printValue(value)}: ${path} in body ${text}`};
}

function tooMany(path: string, found: number, most: number): FieldError {
  return {type: 'TooMany', field: path, message: `Too many: ${found}: must have at most ${most} items`};
}

function join(path: string, name: string): string {
  return path === '' || name === '' ? path + name : `${path}.${name}`;
}
