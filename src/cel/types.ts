/** A type of the language. `param` is a type parameter of an overload (`A`) or a variable of the checker (`_var3`). */
export type CelType =
  | {readonly kind: 'primitive'; readonly name: PrimitiveName}
  | {readonly kind: 'dyn'}
  | {readonly kind: 'error'}
  | {readonly kind: 'list'; readonly element: CelType}
  | {readonly kind: 'map'; readonly key: CelType; readonly value: CelType}
  | ObjectType
  | {readonly kind: 'opaque'; readonly name: string; readonly parameters: readonly CelType[]}
  | {readonly kind: 'type'; readonly of: CelType | undefined}
  | {readonly kind: 'param'; readonly name: string};

export type PrimitiveName =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null_type'
  | 'google.protobuf.Timestamp'
  | 'google.protobuf.Duration';

/** A type with declared fields. `read` turns a field's JSON into a value; without it the field's type decides. */
export interface ObjectType {
  readonly kind: 'object';
  readonly name: string;
  /** By the name the expression uses. */
  readonly fields: ReadonlyMap<string, ObjectField>;
}

export interface ObjectField {
  readonly type: CelType;
  /** The member of the JSON object, where it is not the field's name (escaped names). */
  readonly member: string;
}

function primitive(name: PrimitiveName): CelType {
  return {kind: 'primitive', name};
}

export const BOOL = primitive('bool');
export const INT = primitive('int');
export const UINT = primitive('uint');
export const DOUBLE = primitive('double');
export const STRING = primitive('string');
export const BYTES = primitive('bytes');
export const NULL = primitive('null_type');
export const TIMESTAMP = primitive('google.protobuf.Timestamp');
export const DURATION = primitive('google.protobuf.Duration');
export const DYN: CelType = {kind: 'dyn'};
export const ERROR: CelType = {kind: 'error'};
export const TYPE: CelType = {kind: 'type', of: undefined};

export function listType(element: CelType): CelType {
  return {kind: 'list', element};
}

export function mapType(key: CelType, value: CelType): CelType {
  return {kind: 'map', key, value};
}

export function optionalType(of: CelType): CelType {
  return {kind: 'opaque', name: 'optional_type', parameters: [of]};
}

export function opaqueType(name: string): CelType {
  return {kind: 'opaque', name, parameters: []};
}

/** An object with fields of these types; each field is the JSON member of its own name. */
export function objectType(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  const entries = Object.entries(fields).map(([member, type]) => [member, {type, member}] as const);
  return {kind: 'object', name, fields: new Map(entries)};
}

export function isOptional(type: CelType): type is Extract<CelType, {kind: 'opaque'}> {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

export function isDynOrError(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'error';
}

const PRINTED: Partial<Record<PrimitiveName, string>> = {
  'null_type': 'null',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
};

/** The type as compile errors print it: `list(int)`, `map(string, dyn)`, `optional_type(string)`. */
export function typeName(type: CelType): string {
  switch (type.kind) {
    case 'primitive':
      return PRINTED[type.name] ?? type.name;
    case 'dyn':
      return 'dyn';
    case 'error':
      return '!error!';
    case 'list':
      return `list(${typeName(type.element)})`;
    case 'map':
      return `map(${typeName(type.key)}, ${typeName(type.value)})`;
    case 'object':
    case 'param':
      return type.name;
    case 'opaque':
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(typeName).join(', ')})`;
    case 'type':
      return type.of === undefined ? 'type' : `type(${typeName(type.of)})`;
  }
}

/** The name `type(x)` has at run time, which leaves parameters out. */
export function runtimeTypeName(type: CelType): string {
  switch (type.kind) {
    case 'primitive':
    case 'object':
    case 'param':
    case 'opaque':
      return type.name;
    case 'dyn':
    case 'error':
    case 'list':
    case 'map':
    case 'type':
    default:
      return type.kind;
  }
}

export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case 'primitive':
    case 'param':
    case 'object':
      return b.kind === a.kind && b.name === a.name;
    case 'list':
      return b.kind === 'list' && sameType(a.element, b.element);
    case 'map':
      return b.kind === 'map' && sameType(a.key, b.key) && sameType(a.value, b.value);
    case 'opaque':
      return (
        b.kind === 'opaque' &&
        a.name === b.name &&
        a.parameters.every((each, index) => sameType(each, b.parameters[index] ?? DYN))
      );
    case 'type':
      return b.kind === 'type' && sameType(a.of ?? DYN, b.of ?? DYN);
    case 'dyn':
    case 'error':
      return a.kind === b.kind;
  }
}
