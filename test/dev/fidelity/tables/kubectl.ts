import {expect} from 'vitest';
import {about, conflicts, owner, refused} from '../answers.ts';
import {CM, configMap, GADGETS, gadget, NS, SVC, service} from '../kinds.ts';
import {apply, get, jsonPatch, merge, post, put, remove, strategic} from '../row.ts';
import type {Call, Row} from '../row.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
const CSA = 'fieldManager=kubectl-client-side-apply&fieldValidation=Strict';
const SSA = 'fieldManager=kubectl&fieldValidation=Strict&force=false';
const ACCEPT_PROTOBUF = 'application/vnd.kubernetes.protobuf,application/json';
const PROTOBUF = {'content-type': 'application/vnd.kubernetes.protobuf'};
const JSON_INSTEAD = {'content-type': 'application/json'};
const TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

function lastApplied(a: string): object {
  const applied = {
    apiVersion: 'v1',
    data: {a},
    kind: 'ConfigMap',
    metadata: {annotations: {}, name: 'kc', namespace: 'default'},
  };
  return {annotations: {[ANNOTATION]: `${JSON.stringify(applied)}\n`}};
}

/** What kubectl's typed commands send: `create namespace kcpb`, its names as bytes. */
function protobuf(path: string, base64: string): Call {
  return post(`${path}?fieldManager=kubectl-create&fieldValidation=Strict`, Buffer.from(base64, 'base64'), {
    contentType: 'application/vnd.kubernetes.protobuf',
    headers: {accept: ACCEPT_PROTOBUF},
  });
}

const annotationOf = (manager: string, data: object): string =>
  owner(manager, 'Update', {
    'f:data': data,
    'f:metadata': {'f:annotations': {'.': {}, [`f:${ANNOTATION}`]: {}}},
  });
const port = (...fields: readonly string[]): object => ({
  'k:{"port":80,"protocol":"TCP"}': {'.': {}, ...Object.fromEntries(fields.map((field) => [`f:${field}`, {}]))},
});

/** The requests of kubectl's commands, in the order of a session; each row goes on from the one before: apiserver §1.1. */
export const kubectl: readonly Row[] = [
  {
    name: 'apply -f, absent: it looks first',
    call: get(`${CM}/kc`),
    answer: refused(404, 'NotFound', 'configmaps "kc" not found', about('configmaps', 'kc')),
  },
  {
    name: 'then creates',
    call: post(`${CM}?${CSA}`, configMap('kc', {data: {a: '1'}}, {namespace: 'default', ...lastApplied('1')})),
    answer: {code: 201, owners: [annotationOf('kubectl-client-side-apply', {'.': {}, 'f:a': {}})]},
  },
  {
    name: 'apply -f, changed: a strategic merge',
    call: strategic(`${CM}/kc?${CSA}`, {data: {a: '2'}, metadata: lastApplied('2')}),
    answer: {code: 200, object: {data: {a: '2'}, metadata: lastApplied('2')}},
  },
  {
    name: 'apply --server-side over it: taken over without a conflict, the annotation is renewed',
    call: apply(`${CM}/kc`, configMap('kc', {data: {a: '2'}}, {namespace: 'default'}), SSA),
    answer: {
      code: 200,
      owners: [
        owner('kubectl', 'Apply', {'f:data': {'f:a': {}}}),
        annotationOf('kubectl-client-side-apply', {'.': {}, 'f:a': {}}),
      ],
    },
  },
  {
    name: 'it moves the annotation to a manager of its own',
    call: apply(
      `${CM}/kc`,
      configMap('kc', {}, {namespace: 'default', annotations: {[ANNOTATION]: '{}\n'}}),
      'fieldManager=kubectl-last-applied&fieldValidation=Strict&force=true',
    ),
    answer: {code: 200, object: {metadata: {annotations: {[ANNOTATION]: '{}\n'}}}},
  },
  {
    name: 'and rewrites the owners by JSON patch',
    call: jsonPatch(`${CM}/kc?fieldManager=kubectl&fieldValidation=Strict`, [
      {
        op: 'replace',
        path: '/metadata/managedFields',
        value: [
          {
            manager: 'kubectl',
            operation: 'Apply',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: {'f:data': {'f:a': {}}},
          },
        ],
      },
    ]),
    answer: {code: 200, owners: [owner('kubectl', 'Apply', {'f:data': {'f:a': {}}})]},
  },
  {
    name: 'replace -f',
    call: put(`${CM}/kc?fieldManager=kubectl-replace&fieldValidation=Strict`, configMap('kc', {data: {a: '1'}})),
    answer: {
      code: 200,
      owners: [owner('kubectl-replace', 'Update', {'f:data': {'f:a': {}}})],
      lacks: ['metadata.annotations'],
    },
  },
  {
    name: 'create -f of what is there',
    call: post(`${CM}?fieldManager=kubectl-create&fieldValidation=Strict`, configMap('kc')),
    answer: refused(409, 'AlreadyExists', 'configmaps "kc" already exists', about('configmaps', 'kc')),
  },
  {
    name: 'apply --server-side of a Service',
    call: apply(`${SVC}/ks`, service('ks', {ports: [{name: 'http', port: 80}], selector: {app: 's'}}), SSA),
    answer: {
      code: 201,
      owners: [owner('kubectl', 'Apply', {'f:spec': {'f:ports': port('name', 'port'), 'f:selector': {}}})],
    },
  },
  {
    name: 'by another manager',
    call: apply(
      `${SVC}/ks`,
      service('ks', {ports: [{name: 'http', port: 80, targetPort: 8080}], selector: {app: 'zz'}}),
      'fieldManager=other&force=false',
    ),
    answer: conflicts(['"kubectl"', '.spec.selector']),
  },
  {
    name: 'by another manager and force',
    call: apply(
      `${SVC}/ks`,
      service('ks', {ports: [{name: 'http', port: 80, targetPort: 8080}], selector: {app: 's'}}),
      'fieldManager=other&force=true',
    ),
    answer: {
      code: 200,
      owners: [
        owner('kubectl', 'Apply', {'f:spec': {'f:ports': port('name', 'port'), 'f:selector': {}}}),
        owner('other', 'Apply', {'f:spec': {'f:ports': port('name', 'port', 'targetPort'), 'f:selector': {}}}),
      ],
    },
  },
  {
    name: 'get svc: a Table',
    call: get(`${SVC}?fieldSelector=metadata.name%3Dks&limit=500`, {accept: TABLE}),
    answer: {
      code: 200,
      object: {
        columnDefinitions: [
          {name: 'Name'},
          {name: 'Type'},
          {name: 'Cluster-IP'},
          {name: 'External-IP'},
          {name: 'Port(s)'},
          {name: 'Age'},
          {name: 'Selector', priority: 1},
        ],
        rows: [{cells: ['ks', 'ClusterIP', expect.any(String), '<none>', '80/TCP', expect.any(String), 'app=s']}],
      },
    },
  },
  {
    name: 'get pods: a Table',
    before: [
      post('/api/v1/namespaces/default/pods', {
        ...service('kp-table', {}, {labels: {kp: 'table'}}),
        kind: 'Pod',
        spec: {containers: [{name: 'c', image: 'i'}]},
      }),
    ],
    call: get('/api/v1/namespaces/default/pods?labelSelector=kp%3Dtable&limit=500', {accept: TABLE}),
    answer: {
      code: 200,
      object: {
        rows: [
          {cells: ['kp-table', '0/1', 'Pending', '0', expect.any(String), '<none>', '<none>', '<none>', '<none>']},
        ],
      },
    },
  },
  {
    name: 'get events of an object that has none',
    call: get(
      '/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind%3DService%2CinvolvedObject.name%3Dks&limit=500',
    ),
    answer: {code: 200, object: {kind: 'EventList', items: []}},
  },
  {
    name: 'cluster-info looks for Services of the cluster',
    call: get('/api/v1/namespaces/kube-system/services?labelSelector=kubernetes.io%2Fcluster-service%3Dtrue'),
    answer: {code: 200, object: {kind: 'ServiceList', items: []}},
  },
  {
    name: 'create namespace',
    call: protobuf(NS, 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEcGJucxIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA=='),
    answer: {code: 201, headers: PROTOBUF},
    embedded: {code: 201, headers: JSON_INSTEAD},
  },
  {
    name: 'and there it is',
    call: get(`${NS}/pbns`),
    answer: {code: 200, object: {kind: 'Namespace', metadata: {name: 'pbns'}, status: {phase: 'Active'}}},
  },
  {
    name: 'create serviceaccount',
    call: protobuf(
      '/api/v1/namespaces/default/serviceaccounts',
      'azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSFQoTCgNzYTkSABoAIgAqADIAOABCABoAIgA=',
    ),
    answer: {code: 201, headers: PROTOBUF},
    embedded: {code: 201, headers: JSON_INSTEAD},
  },
  {
    name: 'there it is, too',
    call: get('/api/v1/namespaces/default/serviceaccounts/sa9'),
    answer: {code: 200, object: {kind: 'ServiceAccount', metadata: {name: 'sa9', namespace: 'default'}}},
  },
  {
    name: 'create configmap',
    call: protobuf(CM, 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEh0KEwoDY205EgAaACIAKgAyADgAQgASBgoBYRIBYhoAIgA='),
    answer: {code: 201, headers: PROTOBUF},
    embedded: {code: 201, headers: JSON_INSTEAD},
  },
  {
    name: 'what was sent as protobuf is owned like anything else',
    call: get(`${CM}/cm9`),
    answer: {
      code: 200,
      object: {data: {a: 'b'}},
      owners: [owner('kubectl-create', 'Update', {'f:data': {'.': {}, 'f:a': {}}})],
    },
  },
  {
    name: 'patch of a custom kind: merge',
    before: [post(GADGETS, gadget('kg', {min: 1}))],
    call: merge(`${GADGETS}/kg?fieldManager=kubectl-patch`, {spec: {min: 2}}),
    answer: {code: 200, object: {metadata: {generation: 2}, spec: {min: 2}}},
  },
  {
    name: 'patch --type=json',
    call: jsonPatch(`${GADGETS}/kg?fieldManager=kubectl-patch`, [{op: 'replace', path: '/spec/min', value: 3}]),
    answer: {code: 200, object: {metadata: {generation: 3}, spec: {min: 3}}},
  },
  {
    name: 'patch --subresource=status',
    call: merge(`${GADGETS}/kg/status?fieldManager=kubectl-patch`, {status: {phase: 'ok'}}),
    answer: {code: 200, object: {metadata: {generation: 3}, status: {phase: 'ok'}}},
  },
  {
    name: 'label',
    call: merge(`${GADGETS}/kg?fieldManager=kubectl-label`, {metadata: {labels: {z: '1'}}}),
    answer: {code: 200, object: {metadata: {generation: 3, labels: {z: '1'}}}},
  },
  {
    name: 'apply -f of a typing error',
    call: post(`${GADGETS}?${CSA}`, gadget('bad', {foo: 1, min: 'x'})),
    answer: refused(
      400,
      'BadRequest',
      'Gadget in version "v1" cannot be handled as a Gadget: strict decoding error: unknown field "spec.foo"',
    ),
  },
  {
    name: 'apply --dry-run=server',
    call: merge(`${GADGETS}/kg?dryRun=All&${CSA}`, {spec: {min: 9}}),
    answer: {code: 200, object: {metadata: {generation: 4}, spec: {min: 9}}},
  },
  {
    name: 'delete, in the background',
    call: remove(`${GADGETS}/kg`, {propagationPolicy: 'Background'}),
    answer: {code: 200, object: {status: 'Success', details: about('gadgets', 'kg', 't.dev')}},
  },
  {
    name: 'and looks whether it is gone',
    call: get(`${GADGETS}/kg`),
    answer: refused(404, 'NotFound', 'gadgets.t.dev "kg" not found', about('gadgets', 'kg', 't.dev')),
  },
  {
    name: 'logs of a pod that no node has',
    before: [
      post('/api/v1/namespaces/default/pods', {
        ...service('kp'),
        kind: 'Pod',
        spec: {containers: [{name: 'c', image: 'i'}]},
      }),
    ],
    call: get('/api/v1/namespaces/default/pods/kp/log?container=c'),
    answer: {code: 204, text: ''},
  },
  {
    name: 'exec in a pod that no node has',
    call: get('/api/v1/namespaces/default/pods/kp/exec?command=ls'),
    answer: refused(400, 'BadRequest', 'pod kp does not have a host assigned'),
  },
  {
    name: 'nor anything of a container that there is not',
    call: get('/api/v1/namespaces/default/pods/kp/log?container=zz'),
    answer: refused(400, 'BadRequest', 'container zz is not valid for pod kp'),
  },
  {
    name: 'a pod that is not there has none',
    call: get('/api/v1/namespaces/default/pods/nope/exec?command=ls'),
    answer: refused(404, 'NotFound', 'pods "nope" not found', about('pods', 'nope')),
  },
];
