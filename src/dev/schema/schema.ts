/** A structural schema: what a CRD version carries under `openAPIV3Schema`, and what the built-in kinds are described with. */
export interface Schema {
  'type'?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  'properties'?: Record<string, Schema>;
  'additionalProperties'?: Schema | boolean;
  'items'?: Schema;
  'required'?: string[];
  'enum'?: unknown[];
  'default'?: unknown;
  'nullable'?: boolean;
  'format'?: string;
  'pattern'?: string;
  'minimum'?: number;
  'maximum'?: number;
  'exclusiveMinimum'?: boolean;
  'exclusiveMaximum'?: boolean;
  'multipleOf'?: number;
  'minLength'?: number;
  'maxLength'?: number;
  'minItems'?: number;
  'maxItems'?: number;
  'minProperties'?: number;
  'maxProperties'?: number;
  'uniqueItems'?: boolean;
  'oneOf'?: Schema[];
  'anyOf'?: Schema[];
  'allOf'?: Schema[];
  'not'?: Schema;
  'title'?: string;
  'description'?: string;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-validations'?: unknown[];
  /**
   * Set at the root of the built-in kinds. A real API server decodes these into Go structs, which shows on the wire: empty
   * lists and maps vanish, and structs are there even where nobody wrote them.
   */
  'goType'?: boolean;
  /** The Go struct of a built-in kind's object: `PodSpec`. What cannot be decoded is told by it. */
  'goStruct'?: string;
}

/** One error of one field. The server joins them to a 422 and turns `type` into the cause's reason (`FieldValue…`). */
export interface FieldError {
  readonly type:
    | 'Required'
    | 'Invalid'
    | 'TypeInvalid'
    | 'NotSupported'
    | 'NotFound'
    | 'Duplicate'
    | 'Forbidden'
    | 'TooLong'
    | 'TooMany'
    | 'Internal';
  readonly field: string;
  /** The text after "field: ". */
  readonly message: string;
}

/** The schema of a named member, whether it is declared or one of a map's. Undefined: not declared. */
export function memberSchema(schema: Schema, name: string): Schema | undefined {
  const declared = schema.properties;
  if (declared !== undefined && Object.hasOwn(declared, name)) return declared[name];
  const rest = schema.additionalProperties;
  if (rest === true) return anySchema;
  return typeof rest === 'object' ? rest : undefined;
}

/** Anything goes, and everything in it is kept. */
export const anySchema: Schema = {'x-kubernetes-preserve-unknown-fields': true};
