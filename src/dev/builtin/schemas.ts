import {createRequire} from 'node:module';
import {IsthmusError} from '../../errors.ts';
import {objectMetaSchema} from '../schema/object-meta.ts';
import {anySchema} from '../schema/schema.ts';
import type {Schema} from '../schema/schema.ts';
import {atomicMaps, atomicStructs, defaults, keptWhenEmpty, listRules, quantities} from './tables/merge-rules.ts';
import {modelOfKind} from './tables/models.ts';
import {requiredFields} from './tables/required-fields.ts';

interface Attribute {
  readonly baseName: string;
  /** `string`, `V1PodSpec`, `Array<V1Container>`, `{ [key: string]: string; }` … */
  readonly type: string;
  readonly format: string;
}

const schemas = new Map<string, Schema>();
const models = new Map<string, Schema>();

/**
 * The schema of a built-in kind, put together from the client library's models (which fields there are) and own tables (how they merge).
 * Built at the first call for a kind and shared from then on: 30 ms for a Pod, 60 ms for all kinds.
 *
 * @returns undefined for a kind that is not built in
 */
export function builtinSchema(group: string, version: string, kind: string): Schema | undefined {
  const name = `${group}/${version}/${kind}`;
  if (!Object.hasOwn(modelOfKind, name)) return undefined;
  let schema = schemas.get(name);
  if (schema === undefined) schemas.set(name, (schema = {...modelSchema(modelOfKind[name] ?? ''), goType: true}));
  return schema;
}

/** Models are required one by one: importing the whole library costs half a second and pulls its HTTP clients in. */
const requireModel = createRequire(import.meta.url);

function attributesOf(model: string): readonly Attribute[] {
  const path = `@kubernetes/client-node/dist/gen/models/${model}.js`;
  const exported = requireModel(path) as Readonly<Record<string, {readonly attributeTypeMap?: readonly Attribute[]}>>;
  const attributes = exported[model]?.attributeTypeMap;
  if (attributes === undefined)
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `the client library has no model ${model}`, {model});
  return attributes;
}

function modelSchema(model: string): Schema {
  // CRD schemas nest without end; inside them everything is taken as it is.
  if (model === 'V1JSONSchemaProps') return {'type': 'object', 'x-kubernetes-preserve-unknown-fields': true};
  if (model === 'V1ObjectMeta') return objectMetaSchema;
  let schema = models.get(model);
  if (schema === undefined) models.set(model, (schema = buildModel(model)));
  return schema;
}

function buildModel(model: string): Schema {
  const properties = Object.fromEntries(
    attributesOf(model).map((attribute) => [
      attribute.baseName,
      fieldSchema(`${model}.${attribute.baseName}`, attribute),
    ]),
  );
  const required = requiredFields[model];
  return {
    type: 'object',
    // V1PodSpec, CoreV1Event, AuthenticationV1TokenRequest.
    goStruct: model.replace(/^[A-Za-z]*?V\d+(?=[A-Z])/, ''),
    properties,
    ...(required === undefined ? {} : {required: [...required]}),
    ...(atomicStructs.has(model) ? {'x-kubernetes-map-type': 'atomic' as const} : {}),
  };
}

/** @param field - `Model.field`, the key of the tables */
function fieldSchema(field: string, {type, format}: Attribute): Schema {
  return {
    ...typeSchema(type, quantities.has(field) ? 'quantity' : format),
    ...listSchema(field),
    ...(atomicMaps.has(field) ? {'x-kubernetes-map-type': 'atomic' as const} : {}),
    ...(keptWhenEmpty.has(field) ? {nullable: true} : {}),
    ...(Object.hasOwn(defaults, field) ? {default: defaults[field]} : {}),
  };
}

function listSchema(field: string): Schema {
  const rule = listRules[field];
  if (rule === undefined) return {};
  return {
    'x-kubernetes-list-type': rule.type,
    ...(rule.keys === undefined ? {} : {'x-kubernetes-list-map-keys': [...rule.keys]}),
    ...(rule.patchMergeKey === undefined ? {} : {'x-kubernetes-patch-merge-key': rule.patchMergeKey}),
    ...(rule.patchStrategy === undefined ? {} : {'x-kubernetes-patch-strategy': rule.patchStrategy}),
  };
}

function typeSchema(type: string, format: string): Schema {
  const list = /^(?:Array|Set)<(?<items>.+)>$/u.exec(type)?.groups?.['items'];
  if (list !== undefined) return {type: 'array', items: typeSchema(list, format)};
  const values = /^\{ \[key: string\]: (?<values>.+); \}$/u.exec(type)?.groups?.['values'];
  if (values !== undefined) return {type: 'object', additionalProperties: typeSchema(values, format)};
  switch (type) {
    case 'string':
      if (format === 'quantity') return {'x-kubernetes-int-or-string': true};
      return format === '' ? {type: 'string'} : {type: 'string', format};
    case 'number':
      return {
        type: format === 'double' || format === 'float' ? 'number' : 'integer',
        ...(format === '' ? {} : {format}),
      };
    case 'boolean':
      return {type: 'boolean'};
    case 'Date':
      return {type: 'string', format: 'date-time'};
    case 'V1MicroTime':
      return {type: 'string', format: 'micro-time'};
    case 'IntOrString':
      return {'x-kubernetes-int-or-string': true};
    case 'any':
    case 'object':
      return anySchema;
    default:
      return modelSchema(type);
  }
}
