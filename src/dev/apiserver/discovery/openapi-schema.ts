import type {JsonObject} from '../../schema/json.ts';
import {objectMetaSchema} from '../../schema/object-meta.ts';
import type {Schema} from '../../schema/schema.ts';
import {apiVersionOfType} from '../resource-type.ts';
import type {ResourceType} from '../resource-type.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** The name of a kind's schema: `dev.example.v1.Widget`, `io.k8s.api.core.v1.Pod`. */
export function schemaName(type: ResourceType): string {
  if (type.custom) return [...type.group.split('.').toReversed(), type.version, type.kind].join('.');
  const group = type.group === '' ? 'core' : (type.group.split('.')[0] ?? '');
  return `io.k8s.api.${group}.${type.version}.${type.kind}`;
}

/** `components.schemas` of one group version: its kinds, their lists and the metadata that both refer to. */
export function openApiSchemas(types: readonly ResourceType[]): JsonObject {
  const schemas: JsonObject = {
    [`${META}.ObjectMeta`]: plain(objectMetaSchema, []),
    [`${META}.ListMeta`]: {
      type: 'object',
      properties: {
        continue: {type: 'string'},
        remainingItemCount: {type: 'integer', format: 'int64'},
        resourceVersion: {type: 'string'},
      },
    },
  };
  for (const type of types) {
    schemas[schemaName(type)] = kindSchema(type);
    schemas[`${schemaName(type)}List`] = listSchema(type);
  }
  return schemas;
}

function kindSchema(type: ResourceType): JsonObject {
  const schema = plain(type.schema, []) as JsonObject & {properties?: JsonObject};
  return {
    ...schema,
    'type': 'object',
    'properties': {...schema.properties, ...typeProperties, metadata: refTo(`${META}.ObjectMeta`)},
    'x-kubernetes-group-version-kind': [groupVersionKind(type)],
  };
}

function listSchema(type: ResourceType): JsonObject {
  return {
    'type': 'object',
    'required': ['items'],
    'properties': {
      ...typeProperties,
      metadata: refTo(`${META}.ListMeta`),
      items: {type: 'array', items: {$ref: `#/components/schemas/${schemaName(type)}`}},
    },
    'x-kubernetes-group-version-kind': [{...groupVersionKind(type), kind: type.listKind}],
  };
}

const typeProperties = {apiVersion: {type: 'string'}, kind: {type: 'string'}} as const;

function refTo(name: string): JsonObject {
  return {allOf: [{$ref: `#/components/schemas/${name}`}]};
}

export function groupVersionKind(type: ResourceType): JsonObject {
  return {group: type.group, version: type.version, kind: type.kind};
}

/** A schema as plain JSON. One that contains itself (JSONSchemaProps) is cut to an open object where it comes round again. */
function plain(schema: Schema, above: readonly Schema[]): JsonObject {
  if (above.includes(schema)) return {'type': 'object', 'x-kubernetes-preserve-unknown-fields': true};
  const inside = [...above, schema];
  const {properties, additionalProperties, items, ...rest} = schema;
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : {properties: Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, plain(of, inside)]))}),
    ...(items === undefined ? {} : {items: plain(items, inside)}),
    ...(typeof additionalProperties === 'object'
      ? {additionalProperties: plain(additionalProperties, inside)}
      : additionalProperties === undefined
        ? {}
        : {additionalProperties}),
  };
}

/** What changes where a document changes: built-in kinds never do, custom ones with their schema. */
export function fingerprint(types: readonly ResourceType[]): string {
  return JSON.stringify(
    types.map((type) => [apiVersionOfType(type), type.kind, type.hasStatus, type.custom ? plain(type.schema, []) : '']),
  );
}
