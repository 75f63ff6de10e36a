import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {forbiddenField, immutable, invalidValue, required, tooLong} from './field-errors.ts';
import {wrongConfigKey} from './name-rules.ts';
import {objectIn, textIn, textMapIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';

const MAX_BYTES = 1024 * 1024;
const IS_IMMUTABLE = 'field is immutable when `immutable` is set';

export const configMapStrategy: Strategy = {
  validate: (map, old) => [
    ...validateKeys(map, 'data'),
    ...validateKeys(map, 'binaryData'),
    ...(bytesIn(map, 'data') + bytesIn(map, 'binaryData') > MAX_BYTES ? [tooLong('[]', MAX_BYTES)] : []),
    ...validateImmutable(map, old, ['data', 'binaryData']),
  ],
};

export const secretStrategy: Strategy = {
  prepare: prepareSecret,
  validate: (secret, old) => [
    ...validateKeys(secret, 'data'),
    ...(bytesIn(secret, 'data') > MAX_BYTES ? [tooLong('data', MAX_BYTES)] : []),
    ...validateType(secret),
    ...(old === undefined || secret['type'] === old['type'] ? [] : [immutable('type', secret['type'])]),
    ...validateImmutable(secret, old, ['data']),
  ],
};

/** `stringData` is write-only: it ends up in `data`. */
function prepareSecret(secret: JsonObject): JsonObject {
  const {stringData: _written, ...rest} = secret;
  const encoded = Object.entries(textMapIn(secret, 'stringData')).map(([key, text]) => [
    key,
    Buffer.from(text).toString('base64'),
  ]);
  const complete = {...rest, type: textIn(secret, 'type') || 'Opaque'};
  return encoded.length === 0
    ? complete
    : {...complete, data: {...objectIn(secret, 'data'), ...Object.fromEntries(encoded)}};
}

function validateKeys(object: JsonObject, field: string): FieldError[] {
  return Object.keys(objectIn(object, field)).flatMap((key) =>
    wrongConfigKey(key).map((text) => invalidValue(`${field}[${key}]`, key, text)),
  );
}

function bytesIn(object: JsonObject, field: string): number {
  return Object.values(textMapIn(object, field)).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

function validateType(secret: JsonObject): FieldError[] {
  const data = objectIn(secret, 'data');
  const keys = REQUIRED_KEYS[textIn(secret, 'type')] ?? [];
  return keys.filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`));
}

function validateImmutable(object: JsonObject, old: JsonObject | undefined, fields: readonly string[]): FieldError[] {
  if (old?.['immutable'] !== true) return [];
  const errors = object['immutable'] === true ? [] : [forbiddenField('immutable', IS_IMMUTABLE)];
  const changed = fields.filter((field) => !jsonEquals(objectIn(object, field), objectIn(old, field)));
  return [...errors, ...changed.map((field) => forbiddenField(field, IS_IMMUTABLE))];
}
