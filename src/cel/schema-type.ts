import {BOOL, BYTES, DOUBLE, DURATION, DYN, INT, listType, mapType, STRING, TIMESTAMP} from './types.ts';
import type {CelType, ObjectField, ObjectType} from './types.ts';

/** The part of a structural schema (OpenAPI v3 with Kubernetes' extensions) that decides types. Any such schema fits. */
export interface TypedSchema {
  readonly 'type'?: string;
  readonly 'format'?: string;
  readonly 'nullable'?: boolean;
  readonly 'properties'?: Readonly<Record<string, TypedSchema>>;
  readonly 'additionalProperties'?: TypedSchema | boolean;
  readonly 'items'?: TypedSchema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

/** An object or list type that remembers the schema its JSON is read by. */
const SCHEMAS = new WeakMap<CelType, TypedSchema>();

/** The schema a type came of. Undefined: the JSON is read by the type alone. */
export function schemaOf(type: CelType): TypedSchema | undefined {
  return SCHEMAS.get(type);
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return'.split(' '),
);

const ESCAPES: Readonly<Record<string, string>> = {
  '__': '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/** The name an expression uses for a property (Kubernetes, "CEL property name escaping"). Undefined: no expression can name it. */
export function escapeProperty(name: string): string | undefined {
  if (!/^[a-zA-Z_.\-/][a-zA-Z0-9_.\-/]*$/.test(name)) return undefined;
  if (RESERVED.has(name)) return `__${name}__`;
  return name.replaceAll(/__|[.\-/]/g, (part) => ESCAPES[part] ?? part);
}

const METADATA: TypedSchema = {
  type: 'object',
  properties: {name: {type: 'string'}, generateName: {type: 'string'}},
};

/** An embedded resource has these three whether its schema declares them or not; of the metadata rules see only the names. */
export function withResourceFields(schema: TypedSchema): TypedSchema {
  return {
    ...schema,
    properties: {...schema.properties, kind: {type: 'string'}, apiVersion: {type: 'string'}, metadata: METADATA},
  };
}

function objectOf(schema: TypedSchema, name: string): ObjectType {
  const fields = new Map<string, ObjectField>();
  for (const [member, property] of Object.entries(schema.properties ?? {})) {
    const field = escapeProperty(member);
    const type = typeOf(property, `${name}.${member}`);
    if (field !== undefined && type !== undefined) fields.set(field, {type, member});
  }
  return {kind: 'object', name, fields};
}

function withSchema(type: CelType, schema: TypedSchema): CelType {
  // The basic types are shared constants; they can't carry a schema, and need none.
  if (type.kind === 'object' || type.kind === 'list' || type.kind === 'map') SCHEMAS.set(type, schema);
  return type;
}

const STRINGS: Readonly<Record<string, CelType>> = {
  'byte': BYTES,
  'duration': DURATION,
  'date': TIMESTAMP,
  'date-time': TIMESTAMP,
};

function containerOf(schema: TypedSchema, name: string): CelType | undefined {
  if (schema.type === 'array') {
    const element = schema.items === undefined ? undefined : typeOf(schema.items, `${name}.@idx`);
    return element === undefined ? undefined : listType(element);
  }
  const rest = schema.additionalProperties;
  if (typeof rest === 'object' && schema.properties === undefined) {
    const value = typeOf(rest, `${name}.@elem`);
    return value === undefined ? undefined : mapType(STRING, value);
  }
  if (rest === true && schema.properties === undefined) return mapType(STRING, DYN);
  return objectOf(schema['x-kubernetes-embedded-resource'] === true ? withResourceFields(schema) : schema, name);
}

function typeOf(schema: TypedSchema, name: string): CelType | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) return DYN;
  switch (schema.type) {
    case 'object':
    case 'array': {
      const type = containerOf(schema, name);
      return type === undefined ? undefined : withSchema(type, schema);
    }
    case 'boolean':
      return BOOL;
    case 'integer':
      return INT;
    case 'number':
      return DOUBLE;
    case 'string':
      return STRINGS[schema.format ?? ''] ?? STRING;
    case undefined:
    default:
      return undefined;
  }
}

/**
 * The type of values of a structural schema, as kube-apiserver sees it: only declared properties are fields, also where unknown ones
 * are preserved. Undefined: the schema has no type (an "unknown type"); declare `DYN`, or no variable at all.
 *
 * `root` adds what every object has at its top (`apiVersion`, `kind`, `metadata.name`, `metadata.generateName`).
 */
export function typeOfSchema(
  schema: TypedSchema,
  options: {readonly root?: boolean; readonly name?: string} = {},
): CelType | undefined {
  return typeOf(options.root === true ? withResourceFields(schema) : schema, options.name ?? 'selfType');
}
