import {beforeAll, expect, test} from 'vitest';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import type {HookedCluster} from './hooked-cluster.ts';
import {CM, configMap, GADGETS, gadget, NS, PODS, pod} from './kinds.ts';
import {send} from './replay.ts';
import {apply, merge, post, remove} from './row.ts';
import type {Call} from './row.ts';

let at: HookedCluster;

interface ReviewRow {
  readonly name: string;
  readonly resources: readonly string[];
  readonly before?: readonly Call[];
  readonly call: Call;
  /** The fields of the last review's request that are not objects. */
  readonly request: object;
  readonly object?: 'Null' | 'There';
  readonly oldObject?: 'Null' | 'There';
}

const options = (kind: string, fields: object = {}): object => ({
  kind: `${kind}Options`,
  apiVersion: 'meta.k8s.io/v1',
  ...fields,
});
const create = (name: string, fields: object = {}, named: object = {}): object => ({
  name,
  namespace: 'default',
  operation: 'CREATE',
  dryRun: false,
  options: options('Create', fields),
  ...named,
});
const update = (name: string, fields: object = {}, named: object = {}): object => ({
  ...create(name),
  operation: 'UPDATE',
  options: options('Update', fields),
  ...named,
});
const deleted = (name: string | undefined, fields: object = {}): object => ({
  ...(name === undefined ? {} : {name}),
  namespace: 'default',
  operation: 'DELETE',
  dryRun: false,
  options: options('Delete', fields),
});

/** What the webhook is asked: apiserver §5.1. */
export const reviewRows: readonly ReviewRow[] = [
  {
    name: 'a create with a manager',
    resources: ['pods'],
    call: post(`${PODS}?fieldManager=fm1`, pod('r1')),
    request: create('r1', {fieldManager: 'fm1'}),
    object: 'There',
    oldObject: 'Null',
  },
  {
    name: 'a create whose manager is only guessed',
    resources: ['pods'],
    call: post(PODS, pod('r2'), {headers: {'user-agent': 'kubectl/v1.36'}}),
    request: create('r2'),
  },
  {
    name: 'a dry run',
    resources: ['pods'],
    call: post(`${PODS}?dryRun=All`, pod('r3')),
    request: {...create('r3', {dryRun: ['All']}), dryRun: true},
  },
  {
    name: 'a generated name is there already',
    resources: ['configmaps'],
    call: post(CM, {apiVersion: 'v1', kind: 'ConfigMap', metadata: {generateName: 'gp-'}}),
    request: create(expect.stringMatching(/^gp-.{5}$/) as string),
  },
  {
    name: 'an apply that creates; force is not told',
    resources: ['configmaps'],
    call: apply(`${CM}/r4`, configMap('r4', {data: {a: '1'}}), 'fieldManager=isthmus-hub&force=true'),
    request: create('r4', {fieldManager: 'isthmus-hub'}),
    oldObject: 'Null',
  },
  {
    name: 'an apply that updates',
    resources: ['configmaps'],
    call: apply(`${CM}/r4`, configMap('r4', {data: {a: '2'}}), 'fieldManager=isthmus-hub&force=true'),
    request: update('r4', {fieldManager: 'isthmus-hub'}),
    object: 'There',
    oldObject: 'There',
  },
  {
    name: 'an apply that changes nothing is asked about all the same',
    resources: ['configmaps'],
    call: apply(`${CM}/r4`, configMap('r4', {data: {a: '2'}}), 'fieldManager=isthmus-hub&force=true'),
    request: update('r4', {fieldManager: 'isthmus-hub'}),
  },
  {
    name: 'a status',
    resources: ['pods/status'],
    before: [post(PODS, pod('r5'))],
    call: merge(`${PODS}/r5/status`, {status: {message: 'hi'}}),
    request: update('r5', {}, {subResource: 'status', requestSubResource: 'status'}),
  },
  {
    name: 'a delete with its policy',
    resources: ['configmaps'],
    call: remove(`${CM}/r4`, {propagationPolicy: 'Background'}),
    request: deleted('r4', {propagationPolicy: 'Background'}),
    object: 'Null',
    oldObject: 'There',
  },
  {
    name: 'a graceful delete with its period',
    resources: ['pods'],
    before: [post(PODS, pod('r6', {nodeName: 'n'}))],
    call: remove(`${PODS}/r6`),
    request: deleted('r6', {gracePeriodSeconds: 30}),
  },
  {
    name: 'a deletecollection names nobody',
    resources: ['configmaps'],
    before: [post(CM, configMap('r7', {}, {labels: {r7: ''}}))],
    call: remove(`${CM}?labelSelector=r7`),
    request: deleted(undefined),
    object: 'Null',
  },
  {
    name: 'a Namespace stands in its own',
    resources: ['namespaces'],
    before: [post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'r8'}})],
    call: merge(`${NS}/r8`, {metadata: {labels: {z: '1'}}}),
    request: update('r8', {}, {namespace: 'r8'}),
  },
  {
    name: 'a custom kind',
    resources: ['gadgets'],
    call: post(GADGETS, gadget('r9', {min: 1})),
    request: create('r9', {}, {kind: {group: 't.dev', version: 'v1', kind: 'Gadget'}}),
  },
  {
    name: 'another version than the rule names: converted',
    resources: ['gadgets'],
    call: post('/apis/t.dev/v1alpha1/namespaces/default/gadgets', {
      apiVersion: 't.dev/v1alpha1',
      kind: 'Gadget',
      metadata: {name: 'r10'},
    }),
    request: create(
      'r10',
      {},
      {
        kind: {group: 't.dev', version: 'v1', kind: 'Gadget'},
        resource: {group: 't.dev', version: 'v1', resource: 'gadgets'},
        requestKind: {group: 't.dev', version: 'v1alpha1', kind: 'Gadget'},
        requestResource: {group: 't.dev', version: 'v1alpha1', resource: 'gadgets'},
        object: expect.objectContaining({apiVersion: 't.dev/v1'}),
      },
    ),
  },
];

/** Makes tests of what a webhook is asked. */
export function admissionReviews(cluster: () => Promise<HookedCluster>): void {
  beforeAll(async () => {
    at = await cluster();
  });

  test.each(reviewRows)('$name', async ({resources, before = [], call, request, ...objects}) => {
    for (const step of before) expect((await send(at.http, step)).status).toBeLessThan(300);
    await at.configure({
      path: '/allow',
      resources,
      fields: {rules: [{apiGroups: ['*'], apiVersions: ['v1'], operations: ['*'], resources}]},
    });
    at.server.seen.length = 0;
    expect((await send(at.http, call)).status).toBeLessThan(300);
    expect(at.server.seen).toHaveLength(1);
    const asked: JsonObject = {...at.server.seen[0]?.request};
    expect(asked).toMatchObject(request);
    for (const part of ['name', 'subResource']) expect(part in asked, part).toBe(part in request);
    // No option more than was named.
    expect(asked['options']).toEqual((request as {options: object}).options);
    for (const [part, state] of Object.entries(objects)) expect(asked[part] === null, part).toBe(state === 'Null');
  });

  test('a custom object that breaks its schema: only mutating webhooks are asked', async () => {
    await at.configure({path: '/allow', resources: ['gadgets']});
    at.server.seen.length = 0;
    expect((await at.http.post(GADGETS, gadget('broken', {min: -1}))).status).toBe(422);
    expect(at.server.seen).toHaveLength(0);
    await at.configure({kind: 'Mutating', path: '/allow', resources: ['gadgets']});
    expect((await at.http.post(GADGETS, gadget('broken', {min: -1}))).status).toBe(422);
    expect(at.server.seen).toHaveLength(1);
  });
}
