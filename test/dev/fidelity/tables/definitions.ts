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
  return `/apis/t.dev/v1/namespaces/default/${plural}`;
}

function item(kind: string, name: string, fields: object = {}, metadata: object = {}): object {
  return {apiVersion: 't.dev/v1', kind, metadata: {name, ...metadata}, ...fields};
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
    call: get(`${DEFINITIONS}/bees.t.dev`),
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
          group: 't.dev',
          scope: 'Namespaced',
          names: {plural: 'cows', kind: 'Cow', listKind: 'CatList'},
          versions: [V1],
        },
      }),
    ],
    call: get(`${DEFINITIONS}/cows.t.dev`),
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
    name: 'a name that does not fit',
    call: post(DEFINITIONS, {...definition('dogs', 'Dog', [V1]), metadata: {name: 'cats.t.dev'}}),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "cats.t.dev"', [
      'Invalid',
      'metadata.name',
      'Invalid value: "cats.t.dev": must be spec.names.plural+"."+spec.group',
    ]),
  },
  {
    name: 'a version without a schema',
    call: post(DEFINITIONS, definition('dogs', 'Dog', [{name: 'v1', served: true, storage: true}])),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "dogs.t.dev"', [
      'Required',
      'spec.versions[0].schema.openAPIV3Schema',
      'Required value',
    ]),
  },
  {
    name: 'a field without a type',
    call: post(DEFINITIONS, definition('dogs', 'Dog', [version('v1', {properties: {spec: {}}})])),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "dogs.t.dev"', [
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
      merge(`${DEFINITIONS}/elks.t.dev`, {
        spec: {versions: [version('v1', SPEC, {storage: false}), version('v2', SPEC)]},
      }),
    ],
    call: jsonPatch(`${DEFINITIONS}/elks.t.dev`, [{op: 'remove', path: '/spec/versions/0'}]),
    answer: invalid('CustomResourceDefinition.apiextensions.k8s.io "elks.t.dev"', [
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
      merge(`${DEFINITIONS}/fish.t.dev`, {spec: {versions: [version('v1', defaulted)]}}),
    ],
    call: get(`${items('fish')}/x`),
    answer: {code: 200, object: {metadata: {generation: 1}, spec: {a: 'd'}}},
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
    call: remove(`${DEFINITIONS}/hens.t.dev`),
    answer: {
      code: 200,
      object: {
        metadata: {
          generation: 2,
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
      'hens.t.dev "y" is forbidden: create not allowed while custom resource definition is terminating',
      about('hens', 'y', 't.dev'),
    ),
  },
  {
    name: 'with the last object it is gone',
    before: [merge(`${items('hens')}/x`, {metadata: {finalizers: null}})],
    call: get(`${DEFINITIONS}/hens.t.dev`),
    answer: refused(
      404,
      'NotFound',
      'customresourcedefinitions.apiextensions.k8s.io "hens.t.dev" not found',
      about('customresourcedefinitions', 'hens.t.dev', 'apiextensions.k8s.io'),
    ),
  },
  {name: 'and its type', call: get(items('hens')), answer: {code: 404, text: '404 page not found\n'}},
  {
    name: 'an apply of another kind than the path names',
    call: apply('/apis/t.dev/v1/namespaces/default/ants/x', configMap('x')),
    answer: refused(400, 'BadRequest', 'invalid object type: /v1, Kind=ConfigMap'),
  },
];
