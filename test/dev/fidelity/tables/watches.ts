import {expect} from 'vitest';
import {CM, configMap, GADGETS, gadget} from '../kinds.ts';
import {apply, jsonPatch, merge, post, put, remove} from '../row.ts';
import type {WatchRow} from '../watch-row.ts';

const TWO = ['w2-b', 'w2-a'].map((name) => apply(`${CM}/${name}`, configMap(name, {}, {labels: {w2: ''}})));
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
export const watches: readonly WatchRow[] = [
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
    before: TWO,
    path: `${CM}?watch=true&labelSelector=w2`,
    sees: [
      ['ADDED', named('w2-a')],
      ['ADDED', named('w2-b')],
    ],
  },
  {
    name: 'from 0: the same',
    before: TWO,
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
    ends: 'itself',
    sees: [['ERROR', tooOld(expect.stringMatching(/^too old resource version: 1 \(\d+\)$/))]],
  },
  {
    name: 'with a time limit: a clean end when it is over',
    path: `${GADGETS}?watch=true&resourceVersion=NOW&fieldSelector=metadata.name%3Dnobody`,
    ends: {afterSeconds: 1},
    sees: [],
  },
  {
    name: 'a WatchList without bookmarks has no end',
    path: `${CM}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&labelSelector=w2`,
    before: TWO,
    sees: [
      ['ADDED', named('w2-a')],
      ['ADDED', named('w2-b')],
    ],
  },
  {
    name: 'as Tables: the columns once',
    before: TWO,
    path: `${CM}?watch=true&labelSelector=w2&resourceVersion=0`,
    accept: TABLE,
    sees: [
      ['ADDED', {kind: 'Table', columnDefinitions: [{name: 'Name'}, {name: 'Data'}, {name: 'Age'}], rows: [{}]}],
      ['ADDED', {kind: 'Table', columnDefinitions: null, rows: [{cells: ['w2-b', 0, expect.any(String)]}]}],
    ],
  },
  {
    name: 'as metadata',
    before: TWO,
    path: `${CM}?watch=true&labelSelector=w2&resourceVersion=0`,
    accept: METADATA,
    sees: [
      ['ADDED', {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: {name: 'w2-a'}}],
      ['ADDED', {kind: 'PartialObjectMetadata', metadata: {name: 'w2-b'}}],
    ],
  },
];
