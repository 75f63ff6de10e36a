import type {Schema} from './schema.ts';

const stringMap: Schema = {type: 'object', additionalProperties: {type: 'string'}};

/** metadata of every kind: list keys and merge keys as the API server owns and merges them (reference: apiserver §4.1). */
export const objectMetaSchema: Schema = {
  type: 'object',
  goStruct: 'ObjectMeta',
  properties: {
    name: {type: 'string'},
    generateName: {type: 'string'},
    namespace: {type: 'string'},
    selfLink: {type: 'string'},
    uid: {type: 'string'},
    resourceVersion: {type: 'string'},
    generation: {type: 'integer', format: 'int64'},
    creationTimestamp: {type: 'string', format: 'date-time', nullable: true},
    deletionTimestamp: {type: 'string', format: 'date-time', nullable: true},
    deletionGracePeriodSeconds: {type: 'integer', format: 'int64'},
    labels: stringMap,
    annotations: stringMap,
    finalizers: {
      'type': 'array',
      'items': {type: 'string'},
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    },
    ownerReferences: {
      'type': 'array',
      'items': {
        'type': 'object',
        'goStruct': 'OwnerReference',
        'properties': {
          apiVersion: {type: 'string'},
          kind: {type: 'string'},
          name: {type: 'string'},
          uid: {type: 'string'},
          controller: {type: 'boolean'},
          blockOwnerDeletion: {type: 'boolean'},
        },
        'required': ['apiVersion', 'kind', 'name', 'uid'],
        'x-kubernetes-map-type': 'atomic',
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
    },
    managedFields: {
      'type': 'array',
      'items': {
        type: 'object',
        goStruct: 'ManagedFieldsEntry',
        properties: {
          manager: {type: 'string'},
          operation: {type: 'string'},
          apiVersion: {type: 'string'},
          time: {type: 'string', format: 'date-time'},
          fieldsType: {type: 'string'},
          fieldsV1: {'type': 'object', 'x-kubernetes-preserve-unknown-fields': true},
          subresource: {type: 'string'},
        },
      },
      'x-kubernetes-list-type': 'atomic',
    },
  },
};

/** apiVersion, kind and metadata are declared nowhere and always known, at the root of a kind and in embedded resources. */
export function withTypeAndMeta(schema: Schema): Schema {
  const text: Schema = {type: 'string'};
  return {...schema, properties: {...schema.properties, apiVersion: text, kind: text, metadata: objectMetaSchema}};
}
