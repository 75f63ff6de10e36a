import {expect} from 'vitest';
import {about, invalid, refused} from '../answers.ts';
import {CM, configMap, GADGETS, gadget, NS, PODS, pod, SVC, service} from '../kinds.ts';
import {get, jsonPatch, merge, post, remove} from '../row.ts';
import type {Row} from '../row.ts';

const OPTIONS = 'DeleteOptions.meta.k8s.io ""';
const UID_OF_ANY = expect.stringMatching(/^[0-9a-f-]{36}$/);
const HELD = {finalizers: ['example.dev/x']};

/** apiserver-errors §2.4. */
export const deletes: readonly Row[] = [
  {
    name: 'what is gone at once is told by its uid',
    before: [post(CM, configMap('d1'))],
    call: remove(`${CM}/d1`),
    answer: {
      code: 200,
      object: {kind: 'Status', status: 'Success', details: {...about('configmaps', 'd1'), uid: UID_OF_ANY}},
    },
  },
  {
    name: 'a custom object that is gone at once',
    before: [post(GADGETS, gadget('d1'))],
    call: remove(`${GADGETS}/d1`, {propagationPolicy: 'Background'}),
    answer: {code: 200, object: {status: 'Success', details: {...about('gadgets', 'd1', 't.dev'), uid: UID_OF_ANY}}},
  },
  {
    name: 'a dry run deletes nothing',
    before: [post(CM, configMap('d2')), remove(`${CM}/d2?dryRun=All`)],
    call: get(`${CM}/d2`),
    answer: {code: 200, lacks: ['metadata.deletionTimestamp']},
  },
  {
    name: 'a Service answers with itself',
    before: [post(SVC, service('d3', {ports: [{port: 80}]}))],
    call: remove(`${SVC}/d3`),
    answer: {code: 200, object: {kind: 'Service', metadata: {name: 'd3'}}, lacks: ['metadata.deletionTimestamp']},
  },
  {
    name: 'a Namespace answers with itself, without a grace period',
    before: [post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'd4'}})],
    call: remove(`${NS}/d4`),
    answer: {
      code: 200,
      object: {
        kind: 'Namespace',
        metadata: {deletionTimestamp: expect.any(String)},
        spec: {finalizers: ['kubernetes']},
        status: {phase: 'Terminating'},
      },
      lacks: ['metadata.deletionGracePeriodSeconds'],
    },
  },
  {
    name: 'a namespace that every cluster has',
    call: remove(`${NS}/default`),
    answer: refused(
      403,
      'Forbidden',
      'namespaces "default" is forbidden: this namespace may not be deleted',
      about('namespaces', 'default'),
    ),
  },
  {
    name: 'a create in a namespace that is being deleted',
    before: [
      post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'd5'}}),
      post('/api/v1/namespaces/d5/configmaps', configMap('holds', {}, HELD)),
      remove(`${NS}/d5`),
    ],
    call: post('/api/v1/namespaces/d5/configmaps', configMap('x')),
    answer: refused(
      403,
      'Forbidden',
      'configmaps "x" is forbidden: unable to create new content in namespace d5 because it is being terminated',
      {
        ...about('configmaps', 'x'),
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace d5 is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    ),
  },
  {
    name: 'a pod that a node runs is given its time',
    before: [post(PODS, pod('d6', {nodeName: 'n'}))],
    call: remove(`${PODS}/d6`),
    answer: {
      code: 200,
      object: {kind: 'Pod', metadata: {deletionGracePeriodSeconds: 30, deletionTimestamp: expect.any(String)}},
    },
  },
  {
    name: 'a pod deleted by force shows its end',
    before: [post(PODS, pod('d7', {nodeName: 'n'}))],
    call: remove(`${PODS}/d7`, {gracePeriodSeconds: 0, propagationPolicy: 'Background'}),
    answer: {
      code: 200,
      object: {kind: 'Pod', metadata: {deletionGracePeriodSeconds: 0, deletionTimestamp: expect.any(String)}},
    },
  },
  {
    name: 'finalizers hold an object back',
    before: [post(CM, configMap('h1', {}, HELD))],
    call: remove(`${CM}/h1`),
    answer: {
      code: 200,
      object: {kind: 'ConfigMap', metadata: {deletionGracePeriodSeconds: 0, deletionTimestamp: expect.any(String)}},
    },
  },
  {
    name: 'the deletion of a custom object raises its generation',
    before: [post(GADGETS, gadget('h2', {}, HELD))],
    call: remove(`${GADGETS}/h2`),
    answer: {code: 200, object: {metadata: {generation: 2}}},
  },
  {
    name: 'a second DELETE changes nothing',
    before: [post(GADGETS, gadget('h3', {}, HELD)), remove(`${GADGETS}/h3`)],
    call: remove(`${GADGETS}/h3`),
    answer: {code: 200, object: {metadata: {generation: 2}}},
  },
  {
    name: 'a create while the old one is being deleted',
    before: [post(CM, configMap('h4', {}, HELD)), remove(`${CM}/h4`)],
    call: post(CM, configMap('h4')),
    answer: refused(
      409,
      'AlreadyExists',
      'object is being deleted: configmaps "h4" already exists',
      about('configmaps', 'h4'),
    ),
  },
  {
    name: 'an object without its last finalizer is gone',
    before: [
      post(CM, configMap('h5', {}, HELD)),
      remove(`${CM}/h5`),
      merge(`${CM}/h5`, {metadata: {finalizers: null}}),
    ],
    call: get(`${CM}/h5`),
    answer: refused(404, 'NotFound', 'configmaps "h5" not found', about('configmaps', 'h5')),
  },
  {
    name: 'a custom object without its last finalizer is gone',
    before: [
      post(GADGETS, gadget('h6', {}, HELD)),
      remove(`${GADGETS}/h6`),
      jsonPatch(`${GADGETS}/h6`, [{op: 'remove', path: '/metadata/finalizers'}]),
    ],
    call: get(`${GADGETS}/h6`),
    answer: refused(404, 'NotFound', 'gadgets.t.dev "h6" not found', about('gadgets', 'h6', 't.dev')),
  },
  {
    name: 'a foreground deletion is a finalizer',
    before: [post(CM, configMap('h7', {}, HELD))],
    call: remove(`${CM}/h7`, {propagationPolicy: 'Foreground'}),
    answer: {code: 200, object: {metadata: {finalizers: ['example.dev/x', 'foregroundDeletion']}}},
  },
  {
    name: 'an orphaning deletion is one, too',
    before: [post(CM, configMap('h8', {}, HELD))],
    call: remove(`${CM}/h8?propagationPolicy=Orphan`),
    answer: {code: 200, object: {metadata: {finalizers: ['example.dev/x', 'orphan']}}},
  },
  {
    name: 'a uid that is not the live one',
    before: [post(CM, configMap('c1'))],
    call: remove(`${CM}/c1`, {kind: 'DeleteOptions', apiVersion: 'v1', preconditions: {uid: 'zzz'}}),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on ConfigMap "c1": the UID in the precondition (zzz) does not match the UID in record (<uid>). ' +
        'The object might have been deleted and then recreated',
      about('ConfigMap', 'c1'),
    ),
  },
  {
    name: 'a version that is not the live one',
    before: [post(CM, configMap('c2'))],
    call: remove(`${CM}/c2`, {preconditions: {resourceVersion: '1'}}),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on ConfigMap "c2": the ResourceVersion in the precondition (1) does not match the ResourceVersion ' +
        'in record (<rv>). The object might have been modified',
      about('ConfigMap', 'c2'),
    ),
  },
  {
    name: 'an unknown propagation policy',
    call: remove(`${CM}/x`, {propagationPolicy: 'X'}),
    answer: invalid(OPTIONS, [
      'NotSupported',
      'propagationPolicy',
      'Unsupported value: "X": supported values: "Foreground", "Background", "Orphan", "nil"',
    ]),
  },
  {
    name: 'two propagation policies',
    call: remove(`${CM}/x`, {propagationPolicy: 'Orphan', orphanDependents: true}),
    answer: invalid(OPTIONS, [
      'Invalid',
      'propagationPolicy',
      'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ]),
  },
  {
    name: 'a deletecollection that selects nothing',
    call: remove(`${CM}?labelSelector=no%3Dsuch`),
    answer: {code: 200, object: {kind: 'ConfigMapList', items: []}},
  },
  {
    name: 'a deletecollection answers with what it deleted',
    before: [post(CM, configMap('dc', {}, {labels: {dc: '1'}}))],
    call: remove(`${CM}?labelSelector=dc%3D1`),
    answer: {code: 200, object: {kind: 'ConfigMapList', items: [{metadata: {name: 'dc'}}]}},
  },
  {
    name: 'a delete of a document',
    call: remove('/version'),
    answer: refused(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
  },
];
