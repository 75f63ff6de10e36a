import {expect} from 'vitest';
import {CM, configMap, GADGETS, gadget} from '../kinds.ts';
import {get, merge, post} from '../row.ts';
import type {Row} from '../row.ts';

const ITEMS = ['lists-1', 'lists-2', 'lists-3'];
const OURS = `${CM}?labelSelector=lists%3Dyes`;
const named = (...names: readonly string[]): object => ({items: names.map((name) => ({metadata: {name}}))});

/** Versions, pages and their tokens (apiserver §3.1). */
export const lists: readonly Row[] = [
  {
    name: 'a page of a selection does not know how many are left',
    before: ITEMS.map((name) => post(CM, configMap(name, {}, {labels: {lists: 'yes'}}))),
    call: {...get(`${OURS}&limit=2`), keep: {page: 'metadata.continue', version: 'metadata.resourceVersion'}},
    answer: {code: 200, object: named('lists-1', 'lists-2'), lacks: ['metadata.remainingItemCount']},
  },
  {
    name: 'the next page is the last',
    call: get(`${OURS}&limit=2&continue={{page}}`),
    answer: {code: 200, object: named('lists-3'), lacks: ['metadata.continue']},
  },
  {
    name: 'a page of everything knows',
    call: get(`${CM}?limit=1`),
    answer: {code: 200, object: {metadata: {continue: expect.any(String), remainingItemCount: expect.any(Number)}}},
  },
  {
    name: 'exactly that version, although the objects changed',
    before: [merge(`${CM}/lists-1`, {data: {a: 'later'}})],
    call: get(`${OURS}&resourceVersion={{version}}&resourceVersionMatch=Exact`),
    answer: {code: 200, object: named(...ITEMS), lacks: ['items.0.data']},
  },
  {
    name: 'not older than it',
    call: get(`${OURS}&resourceVersion={{version}}&resourceVersionMatch=NotOlderThan`),
    answer: {code: 200, object: {items: [{metadata: {name: 'lists-1'}, data: {a: 'later'}}, {}, {}]}},
  },
  {
    name: 'a version without a match is not older than it',
    call: get(`${OURS}&resourceVersion={{version}}`),
    answer: {code: 200, object: {items: [{data: {a: 'later'}}, {}, {}]}},
  },
  {
    name: 'a version and a limit without a match is exactly it',
    call: get(`${OURS}&resourceVersion={{version}}&limit=2`),
    answer: {code: 200, object: named('lists-1', 'lists-2'), lacks: ['items.0.data']},
  },
  {
    name: 'one object at a version of the past is the one of now',
    before: [post(GADGETS, gadget('lists-g', {min: 1})), merge(`${GADGETS}/lists-g`, {spec: {min: 2}})],
    call: get(`${GADGETS}/lists-g?resourceVersion=1`),
    answer: {code: 200, object: {spec: {min: 2}}},
  },
  {
    name: 'a list that may take no time',
    call: get(`${OURS}&timeout=1s`),
    answer: {code: 200, object: named(...ITEMS)},
  },
  {
    name: 'in all namespaces',
    call: get('/api/v1/configmaps?labelSelector=lists%3Dyes'),
    answer: {code: 200, object: named(...ITEMS)},
  },
  {
    name: 'custom objects in all namespaces',
    call: get('/apis/t.dev/v1/gadgets?fieldSelector=metadata.name%3Dlists-g'),
    answer: {code: 200, object: named('lists-g')},
  },
];
