import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {CM, configMap, GADGET_CRD, GADGETS, gadget} from './kinds.ts';
import {send} from './replay.ts';
import {jsonPatch, merge, post, put, remove} from './row.ts';
import type {Call} from './row.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
  for (const name of ['w2-b', 'w2-a']) await at.http.post(CM, configMap(name, {}, {labels: {w2: ''}}));
});

afterAll(() => at.close());

interface Row {
  readonly name: string;
  /** `NOW` is the version when the watch begins. */
  readonly path: string;
  readonly accept?: string;
  readonly before?: readonly Call[];
  readonly during?: readonly Call[];
  /** The events until the watch ends after a second, all of them and in this order; each a type and a part of its object. */
  readonly sees: readonly (readonly [type: string, object: object])[];
}

const named = (name: string, more: object = {}): object => ({metadata: {name}, ...more});
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const tooOld = (message: unknown): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason: 'Expired',
  code: 410,
});

/** apiserver §3.2. */
const ROWS: readonly Row[] = [
  {
    name: 'from a version: every later change, in order',
    path: `${GADGETS}?watch=true&resourceVersion=NOW&fieldSelector=metadata.name%3Dw1`,
    during: [post(GADGETS, gadget('w1')), merge(`${GADGETS}/w1`, {spec: {min: 2}}), remove(`${GADGETS}/w1`)],
    sees: [
      ['ADDED', named('w1', {kind: 'Gadget', apiVersion: 't.dev/v1', spec: {mode: 'On'}})],
      ['MODIFIED', named('w1', {spec: {min: 2}})],
      ['DELETED', named('w1', {spec: {min: 2}})],
    ],
  },
  {
    name: 'without a version: what there is, by name',
    path: `${CM}?watch=true&labelSelector=w2`,
    sees: [
      ['ADDED', named('w2-a')],
      ['ADDED', named('w2-b')],
    ],
  },
  {
    name: 'from 0: the same',
    path: `${CM}?watch=true&labelSelector=w2&resourceVersion=0`,
    sees: [
      ['ADDED', named('w2-a')],
      ['ADDED', named('w2-b')],
    ],
  },
  {
    name: 'one object by its name',
    path: `${GADGETS}?watch=true&fieldSelector=metadata.name%3Dw3&resourceVersion=0`,
    before: [post(GADGETS, gadget('w3', {min: 1}))],
    during: [merge(`${GADGETS}/w3`, {spec: {min: 2}})],
    sees: [
      ['ADDED', named('w3', {spec: {min: 1}})],
      ['MODIFIED', named('w3', {spec: {min: 2}})],
    ],
  },
  {
    name: 'entering a selector is ADDED, leaving it is DELETED in the state that still matched',
    path: `${GADGETS}?watch=true&resourceVersion=NOW&labelSelector=x%3D1`,
    before: [post(GADGETS, gadget('w4', {min: 1}))],
    during: [
      merge(`${GADGETS}/w4`, {metadata: {labels: {x: '1'}}}),
      merge(`${GADGETS}/w4`, {spec: {min: 2}}),
      merge(`${GADGETS}/w4`, {metadata: {labels: {x: '2'}}, spec: {min: 3}}),
      merge(`${GADGETS}/w4`, {spec: {min: 4}}),
    ],
    sees: [
      ['ADDED', {metadata: {name: 'w4', labels: {x: '1'}}, spec: {min: 1}}],
      ['MODIFIED', {metadata: {labels: {x: '1'}}, spec: {min: 2}}],
      ['DELETED', {metadata: {labels: {x: '1'}}, spec: {min: 2}}],
    ],
  },
  {
    name: 'the same for a field',
    path: `${GADGETS}?watch=true&resourceVersion=NOW&fieldSelector=spec.mode%3DOff`,
    before: [post(GADGETS, gadget('w5'))],
    during: [
      jsonPatch(`${GADGETS}/w5`, [{op: 'replace', path: '/spec/mode', value: 'Off'}]),
      jsonPatch(`${GADGETS}/w5`, [{op: 'replace', path: '/spec/mode', value: 'On'}]),
    ],
    sees: [
      ['ADDED', named('w5', {spec: {mode: 'Off'}})],
      ['DELETED', named('w5', {spec: {mode: 'Off'}})],
    ],
  },
  {
    name: 'a write that changes nothing is no event',
    path: `${CM}?watch=true&resourceVersion=NOW&fieldSelector=metadata.name%3Dw6`,
    before: [post(CM, configMap('w6', {data: {a: '1'}}))],
    during: [
      put(`${CM}/w6`, configMap('w6', {data: {a: '1'}})),
      merge(`${CM}/w6`, {data: {a: '1'}}),
      merge(`${CM}/w6`, {data: {a: '2'}}),
    ],
    sees: [['MODIFIED', named('w6', {data: {a: '2'}})]],
  },
  {
    name: 'a dry run is no event',
    path: `${CM}?watch=true&resourceVersion=NOW&labelSelector=w7`,
    during: [
      post(`${CM}?dryRun=All`, configMap('w7-dry', {}, {labels: {w7: ''}})),
      post(CM, configMap('w7', {}, {labels: {w7: ''}})),
    ],
    sees: [['ADDED', named('w7')]],
  },
  {
    name: 'a deletion that waits is a change first',
    path: `${CM}?watch=true&resourceVersion=NOW&fieldSelector=metadata.name%3Dw8`,
    before: [post(CM, configMap('w8', {}, {finalizers: ['example.dev/x']}))],
    during: [remove(`${CM}/w8`), merge(`${CM}/w8`, {metadata: {finalizers: null}})],
    sees: [
      ['MODIFIED', {metadata: {deletionTimestamp: expect.any(String), finalizers: ['example.dev/x']}}],
      ['DELETED', {metadata: {deletionTimestamp: expect.any(String)}}],
    ],
  },
  {
    name: 'from the future: silence',
    path: `${GADGETS}?watch=true&resourceVersion=99999999`,
    during: [post(GADGETS, gadget('w9'))],
    sees: [],
  },
  {
    name: 'from a version that is too old: 200 and an ERROR event, then the end',
    path: `${GADGETS}?watch=true&resourceVersion=1`,
    sees: [['ERROR', tooOld(expect.stringMatching(/^too old resource version: 1 \(\d+\)$/))]],
  },
  {
    name: 'a bookmark right before the end, where it was asked for',
    path: `${GADGETS}?watch=true&resourceVersion=NOW&allowWatchBookmarks=true&labelSelector=none`,
    sees: [
      [
        'BOOKMARK',
        {kind: 'Gadget', apiVersion: 't.dev/v1', metadata: {resourceVersion: expect.stringMatching(/^\d+$/)}},
      ],
    ],
  },
  {
    name: 'as Tables: the columns once',
    path: `${CM}?watch=true&labelSelector=w2&resourceVersion=0`,
    accept: TABLE,
    sees: [
      ['ADDED', {kind: 'Table', columnDefinitions: [{name: 'Name'}, {name: 'Data'}, {name: 'Age'}], rows: [{}]}],
      ['ADDED', {kind: 'Table', columnDefinitions: null, rows: [{cells: ['w2-b', 0, expect.any(String)]}]}],
    ],
  },
  {
    name: 'as metadata',
    path: `${CM}?watch=true&labelSelector=w2&resourceVersion=0`,
    accept: METADATA,
    sees: [
      ['ADDED', {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: {name: 'w2-a'}}],
      ['ADDED', {kind: 'PartialObjectMetadata', metadata: {name: 'w2-b'}}],
    ],
  },
];

describe('a watch:', () => {
  test.concurrent.each(ROWS)('$name', async ({path, accept, before = [], during = [], sees}) => {
    for (const call of before) expect((await send(at.http, call)).status).toBeLessThan(300);
    const now = (await at.http.get(`${CM}?limit=1`)).body.metadata.resourceVersion as string;
    const from = `${path.replace('=NOW', `=${now}`)}&timeoutSeconds=1`;
    const watch = await at.http.watch(from, accept === undefined ? {} : {accept});
    expect(watch.status).toBe(200);
    for (const call of during) expect((await send(at.http, call)).status).toBeLessThan(300);
    await watch.until(({ended}) => ended === 'Clean');
    expect(watch.events).toMatchObject(sees.map(([type, object]) => ({type, object})));
    expect(watch.events).toHaveLength(sees.length);
  });

  test('the end of a definition ends its watches', async () => {
    const watch = await at.http.watch(`${GADGETS}?watch=true&fieldSelector=metadata.name%3Dnobody`);
    await at.http.delete('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.t.dev');
    await watch.until(({ended}) => ended !== undefined);
    expect(watch.events.at(-1)).toMatchObject({type: 'ERROR', object: {code: 410}});
  });
});
