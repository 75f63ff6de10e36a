import {expect} from 'vitest';
import {about, invalid, refused} from '../answers.ts';
import {configMap, DEFINITIONS, definition, version} from '../kinds.ts';
import {apply, get, jsonPatch, merge, post, remove} from '../row.ts';
import type {Row} from '../row.ts';

const SPEC = {properties: {spec: {type: 'object', properties: {a: {type: 'string'}}}}};
const V1 = version('v1', SPEC);
const defaulted = {properties: {spec: {type: 'object', default: {}, properties: {a: {type: 'string', default: 'd'}}}}};
const condition = (type: string, status: string, reason: string, message: string): object => ({
  type,
  status,
  reason,
  message,
});

function items(plural: string): string {
  return `/apis/zoo.dev/v1/namespaces/default/${plural}`;
}

function item(kind: string, name: string, fields: object = {}, metadata: object = {}): object {
  return {apiVersion: 'zoo.dev/v1', kind, metadata: {name, ...metadata}, ...fields};
}

/** CustomResourceDefinitions: apiserver §8. */
export const definitions: readonly Row[] = [
  {
    name: 'a new one has no conditions yet; names and conversion are filled in',
    call: post(DEFINITIONS, definition('ants', 'Ant', [V1])),
    answer: {
      code: 201,
      object: {
        spec: {
          names: {plural: 'ants', singular: 'ant', kind: 'Ant', listKind: 'AntList'},
          conversion: {strategy: 'None'},
        },
        status: {conditions: null, storedVersions: ['v1']},
      },
      owners: [
        'unknown Update ' +
          '{"f:spec":{"f:conversion":{".":{},"f:strategy":{}},"f:group":{},"f:names":{"f:kind":{},"f:listKind":{},"f:plural":{},"f:singular":{}},"f:scope":{},"f:versions":{}}}',
      ],
    },
  },
  {
    name: 'a moment later it is served',
    before: [post(DEFINITIONS, definition('bees', 'Bee', [V1]))],
    call: get(`${DEFINITIONS}/bees.zoo.dev`),
    answer: {
      code: 200,
      object: {
        status: {
          acceptedNames: {plural: 'bees', singular: 'bee', kind: 'Bee', listKind: 'BeeList'},
          conditions: [
            condition('NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'),
            condition('Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'),
          ],
        },
      },
    },
  },
  {
    name: 'a list kind that another one has',
    before: [
      post(DEFINITIONS, definition('cats', 'Cat', [V1])),
      post(DEFINITIONS, {
        ...definition('cows', 'Cow', [V1]),
        spec: {
          group: 'zoo.dev',
          scope: 'Namespaced',
          names: {plural: 'cows', kind: 'Cow', listKind: 'CatList'},
          versions: [V1],
        },
      }),
    ],
    call: get(`${DEFINITIONS}/cows.zoo.dev`),
    eventually: true,
    answer: {
      code: 200,
      object: {
        status: {
          conditions: [
            condition('NamesAccepted', 'False', 'ListKindConflict', '"CatList" is already in use'),
            condition('Established', 'False', 'NotAccepted', 'not all names are accepted'),
          ],
        },
      },
    },
  },
  {
    name: 'one that is there',
    call: post(DEFINITIONS, definition('ants', 'Ant', [V1])),
    answer: refused(
      409,
      'AlreadyExists',
      'customresourcedefinitions.apiextensions.k8s.io "ants.zoo.dev" already exists',
      about('customresourcedefinitions', 'ants.zoo.dev', 'apiextensions.k8s.io'),
    ),
  },
  {
    name: 'fields without a type, at any depth',
    call: post(DEFINITIONS, definition('dogs', 'Dog', [version('v1', {properties: {spec: {properties: {a: {}}}}})])),
    answer: invalid(
      'CustomResourceDefinition.apiextensions.k8s.io "dogs.zoo.dev"',
      [
        'Required',
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].type',
        'Required value: must not be empty for specified object fields',
      ],
      [
        'Required',
        'spec.validation.openAPIV3Schema.properties[spec].type',
        'Required value: must not be empty for specified object fields',
      ],
    ),
  },
  {
    name: 'two versions that are stored',
    call: post(DEFINITIONS, definition('dogs', 'Dog', [V1, version('v2', SPEC)])),
    answer: {
      code: 422,
      object: {message: expect.stringContaining('must have exactly one version marked as storage version')},
    },
  },
  {
    name: 'a default of another type',
    call: post(
      DEFINITIONS,
      definition('dogs', 'Dog', [
        version('v1', {properties: {spec: {type: 'object', properties: {a: {type: 'string', default: 1}}}}}),
      ]),
    ),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "dogs.zoo.dev"', [
      'TypeInvalid',
      'spec.validation.openAPIV3Schema.properties[spec].properties[a].default',
      'Invalid value: "integer":  in body must be of type string: "integer"',
    ]),
  },
  {
    name: 'a name that does not fit',
    call: post(DEFINITIONS, {...definition('dogs', 'Dog', [V1]), metadata: {name: 'cats.zoo.dev'}}),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "cats.zoo.dev"', [
      'Invalid',
      'metadata.name',
      'Invalid value: "cats.zoo.dev": must be spec.names.plural+"."+spec.group',
    ]),
  },
  {
    name: 'a version without a schema',
    call: post(DEFINITIONS, definition('dogs', 'Dog', [{name: 'v1', served: true, storage: true}])),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "dogs.zoo.dev"', [
      'Required',
      'spec.versions[0].schema.openAPIV3Schema',
      'Required value',
    ]),
  },
  {
    name: 'a field without a type',
    call: post(DEFINITIONS, definition('dogs', 'Dog', [version('v1', {properties: {spec: {}}})])),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "dogs.zoo.dev"', [
      'Required',
      'spec.validation.openAPIV3Schema.properties[spec].type',
      'Required value: must not be empty for specified object fields',
    ]),
  },
  {
    name: 'a group of Kubernetes without its blessing',
    call: post(DEFINITIONS, {
      ...definition('dogs', 'Dog', [V1]),
      metadata: {name: 'dogs.x.k8s.io'},
      spec: {group: 'x.k8s.io', scope: 'Namespaced', names: {plural: 'dogs', kind: 'Dog'}, versions: [V1]},
    }),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "dogs.x.k8s.io"', [
      'Required',
      'metadata.annotations[api-approved.kubernetes.io]',
      'Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ]),
  },
  {
    name: 'a version that objects may still be stored in cannot go',
    before: [
      post(DEFINITIONS, definition('elks', 'Elk', [V1])),
      merge(`${DEFINITIONS}/elks.zoo.dev`, {
        spec: {versions: [version('v1', SPEC, {storage: false}), version('v2', SPEC)]},
      }),
    ],
    call: jsonPatch(`${DEFINITIONS}/elks.zoo.dev`, [{op: 'remove', path: '/spec/versions/0'}]),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "elks.zoo.dev"', [
      'Invalid',
      'status.storedVersions[0]',
      'Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a ' +
        'storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
    ]),
  },
  {
    name: 'a default that is added later shows on old objects, without a write',
    before: [
      post(DEFINITIONS, definition('fish', 'Fish', [V1])),
      post(items('fish'), item('Fish', 'x')),
      merge(`${DEFINITIONS}/fish.zoo.dev`, {spec: {versions: [version('v1', defaulted)]}}),
    ],
    call: get(`${items('fish')}/x`),
    eventually: true,
    answer: {code: 200, object: {metadata: {generation: 1}, spec: {a: 'd'}}},
  },
  {
    name: 'an object is shown in a version that came after it',
    before: [
      post(DEFINITIONS, definition('emus', 'Emu', [V1])),
      post(items('emus'), item('Emu', 'x', {spec: {a: 'b'}})),
      merge(`${DEFINITIONS}/emus.zoo.dev`, {
        spec: {versions: [version('v1', SPEC, {storage: false}), version('v2', SPEC)]},
      }),
    ],
    call: get('/apis/zoo.dev/v2/namespaces/default/emus/x'),
    answer: {code: 200, object: {apiVersion: 'zoo.dev/v2', spec: {a: 'b'}}},
    eventually: true,
  },
  {
    name: 'a null takes the default, or goes through a field without one',
    before: [post(DEFINITIONS, definition('gnus', 'Gnu', [version('v1', defaulted)]))],
    call: post(items('gnus'), item('Gnu', 'x', {spec: {a: null}})),
    answer: {code: 201, object: {spec: {a: 'd'}}},
  },
  {
    name: 'a deletion waits for the objects, and says so',
    before: [
      post(DEFINITIONS, definition('hens', 'Hen', [V1])),
      post(items('hens'), item('Hen', 'x', {}, {finalizers: ['example.dev/x']})),
    ],
    call: remove(`${DEFINITIONS}/hens.zoo.dev`),
    answer: {
      code: 200,
      object: {
        metadata: {
          generation: 1,
          deletionTimestamp: expect.any(String),
          finalizers: ['customresourcecleanup.apiextensions.k8s.io'],
        },
        status: {
          conditions: [
            {type: 'NamesAccepted'},
            {type: 'Established'},
            condition(
              'Terminating',
              'True',
              'InstanceDeletionPending',
              'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
            ),
          ],
        },
      },
      lacks: ['metadata.deletionGracePeriodSeconds'],
    },
  },
  {
    name: 'nothing new meanwhile',
    call: post(items('hens'), item('Hen', 'y')),
    answer: refused(
      403,
      'Forbidden',
      'hens.zoo.dev "y" is forbidden: create not allowed while custom resource definition is terminating',
      about('hens', 'y', 'zoo.dev'),
    ),
  },
  {
    name: 'the objects are deleted',
    call: get(`${items('hens')}/x`),
    answer: {code: 200, object: {metadata: {generation: 2, deletionTimestamp: expect.any(String)}}},
    eventually: true,
  },
  {
    name: 'with the last object it is gone',
    before: [merge(`${items('hens')}/x`, {metadata: {finalizers: null}})],
    call: get(`${DEFINITIONS}/hens.zoo.dev`),
    eventually: true,
    answer: refused(
      404,
      'NotFound',
      'customresourcedefinitions.apiextensions.k8s.io "hens.zoo.dev" not found',
      about('customresourcedefinitions', 'hens.zoo.dev', 'apiextensions.k8s.io'),
    ),
  },
  {
    name: 'and its type',
    call: get(items('hens')),
    answer: {code: 404, text: '404 page not found\n'},
    eventually: true,
  },
  {
    name: 'an apply of another kind than the path names',
    call: apply('/apis/zoo.dev/v1/namespaces/default/ants/x', configMap('x')),
    answer: refused(400, 'BadRequest', 'invalid object type: /v1, Kind=ConfigMap'),
  },
];
