import {expect} from 'vitest';
import {about, invalid, refused} from '../answers.ts';
import {CM, configMap, GADGETS, gadget} from '../kinds.ts';
import {get, post} from '../row.ts';
import type {Row} from '../row.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
const AGE = expect.stringMatching(/^\d+s$/) as string;
const LIST_OPTIONS = 'ListOptions.meta.k8s.io ""';
const MISSING_TYPE = refused(404, 'NotFound', 'the server could not find the requested resource', {});
const NO_PAGE = {
  code: 404,
  text: '404 page not found\n',
  headers: {'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff'},
} as const;

/** A token that names this version and this key. */
function token(rv: number, start: string): string {
  return Buffer.from(JSON.stringify({v: 'meta.k8s.io/v1', rv, start})).toString('base64url');
}

const TOO_OLD_PAGE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue ' +
  'parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token ' +
  'results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and ' +
  'now may show up in the list.';

/** GET and LIST: what is not there, selectors, versions, pages, presentations: apiserver §1.6, §3.1. */
export const reads: readonly Row[] = [
  {
    name: 'a missing object',
    call: get(`${CM}/nope`),
    answer: refused(404, 'NotFound', 'configmaps "nope" not found', about('configmaps', 'nope')),
  },
  {
    name: 'a missing custom object',
    call: get(`${GADGETS}/nope`),
    answer: refused(404, 'NotFound', 'gadgets.t.dev "nope" not found', about('gadgets', 'nope', 't.dev')),
  },
  {name: 'a missing type of the core', call: get('/api/v1/namespaces/default/foos'), answer: MISSING_TYPE},
  {name: 'a missing type of a group', call: get('/apis/t.dev/v1/namespaces/default/foos'), answer: NO_PAGE},
  {name: 'a missing group', call: get('/apis/nope.dev/v1/x'), answer: NO_PAGE},
  {name: 'a path of nobody', call: get('/foo'), answer: NO_PAGE},
  {
    name: 'a list in a namespace that is not there is empty',
    call: get('/api/v1/namespaces/nons/configmaps'),
    answer: {code: 200, object: {kind: 'ConfigMapList', apiVersion: 'v1', items: []}},
  },
  {
    name: 'items of a built-in list carry no type',
    before: [post(CM, configMap('l1', {}, {labels: {l: '1'}}))],
    call: get(`${CM}?labelSelector=l%3D1`),
    answer: {code: 200, lacks: ['items.0.kind', 'items.0.apiVersion', 'metadata.continue']},
  },
  {
    name: 'items of a custom list do, and it always has a continue',
    before: [post(GADGETS, gadget('l2', {}, {labels: {l: '2'}}))],
    call: get(`${GADGETS}?labelSelector=l%3D2`),
    answer: {
      code: 200,
      object: {kind: 'GadgetList', metadata: {continue: ''}, items: [{kind: 'Gadget', apiVersion: 't.dev/v1'}]},
    },
  },
  {
    name: 'a label selector that is none',
    call: get(`${CM}?labelSelector=a%20b%20c`),
    answer: refused(
      400,
      'BadRequest',
      `unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt`,
    ),
  },
  {
    name: 'a field that no built-in kind is selected by',
    call: get(`${CM}?fieldSelector=data.a%3Db`),
    answer: refused(
      400,
      'BadRequest',
      '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ),
  },
  {
    name: 'a field that a custom kind is not selected by',
    call: get(`${GADGETS}?fieldSelector=spec.min%3D1`),
    answer: refused(400, 'BadRequest', 'field label not supported: spec.min'),
  },
  {
    name: 'a field that a custom kind is selected by',
    before: [post(GADGETS, gadget('l3', {mode: 'Off'}))],
    call: get(`${GADGETS}?fieldSelector=spec.mode%3DOff`),
    answer: {code: 200, object: {items: [{metadata: {name: 'l3'}}]}},
  },
  {
    name: 'a limit that is no number',
    call: get(`${CM}?limit=abc`),
    answer: refused(400, 'BadRequest', 'strconv.ParseInt: parsing "abc": invalid syntax'),
  },
  {name: 'a negative limit is none', call: get(`${CM}?limit=-1`), answer: {code: 200, lacks: ['metadata.continue']}},
  {
    name: 'a page',
    before: ['1', '2', '3'].map((n) => post(CM, configMap(`page-${n}`, {}, {labels: {page: 'yes'}}))),
    call: get(`${CM}?limit=2&labelSelector=page%3Dyes`),
    answer: {
      code: 200,
      object: {items: [{metadata: {name: 'page-1'}}, {metadata: {name: 'page-2'}}]},
      // A selector hides how much remains.
      lacks: ['metadata.remainingItemCount'],
    },
  },
  {
    name: 'version 0 is any, and no page',
    call: get(`${CM}?limit=1&resourceVersion=0&labelSelector=page%3Dyes`),
    answer: {code: 200, object: {items: [{}, {}, {}]}, lacks: ['metadata.continue']},
  },
  {
    name: 'a token that is none',
    call: get(`${CM}?continue=e25vcGV9`),
    answer: refused(
      400,
      'BadRequest',
      `invalid continue token: continue key is not valid: invalid character 'n' looking for beginning of object key string`,
    ),
  },
  {
    name: 'a token and a version',
    call: get(`${CM}?limit=3&resourceVersion=5&continue=${token(200, '/a\0')}`),
    answer: refused(400, 'BadRequest', 'specifying resource version is not allowed when using continue'),
  },
  {
    name: 'a token that is too old comes with one to go on with',
    forgotten: true,
    call: get(`${CM}?limit=3&continue=${token(50, '/c\0')}`),
    answer: {
      code: 410,
      object: {
        reason: 'Expired',
        message: TOO_OLD_PAGE,
        metadata: {continue: token(-1, 'c\0')},
      },
      lacks: ['details'],
    },
  },
  {
    name: 'that token goes on, inconsistently',
    call: get(`${CM}?labelSelector=page%3Dyes&continue=${token(-1, 'page-2\0')}`),
    answer: {code: 200, object: {items: [{metadata: {name: 'page-3'}}]}},
  },
  {
    name: 'an exact version that is too old',
    forgotten: true,
    call: get(`${CM}?resourceVersion=50&resourceVersionMatch=Exact`),
    answer: refused(410, 'Expired', 'The resourceVersion for the provided list is too old.'),
  },
  {
    name: 'a match without a version',
    call: get(`${CM}?resourceVersionMatch=Exact`),
    answer: invalid(LIST_OPTIONS, [
      'Forbidden',
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ]),
  },
  {
    name: 'a version that is no number',
    call: get(`${CM}?resourceVersion=abc`),
    answer: refused(
      400,
      'BadRequest',
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ),
  },
  {
    name: 'a version of the future is waited for, three seconds',
    call: get(`${CM}?resourceVersion=99999999`),
    answer: {
      ...refused(504, 'Timeout', 'Timeout: Too large resource version: 99999999, current: <rv>', {
        causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}],
        retryAfterSeconds: 1,
      }),
      headers: {'retry-after': '1'},
    },
  },
  {
    name: 'sendInitialEvents on a list',
    call: get(`${GADGETS}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`),
    answer: invalid(
      LIST_OPTIONS,
      [
        'Forbidden',
        'resourceVersionMatch',
        'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      ],
      ['Forbidden', 'sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list'],
    ),
  },
  {
    name: 'a match on a watch',
    call: get(`${GADGETS}?watch=true&resourceVersion=1227&resourceVersionMatch=Exact`),
    answer: invalid(
      LIST_OPTIONS,
      [
        'Forbidden',
        'resourceVersionMatch',
        'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ],
      ['NotSupported', 'resourceVersionMatch', 'Unsupported value: "Exact": supported values: "NotOlderThan"'],
    ),
  },
  {
    name: 'a watch from a version that is no number',
    call: get(`${GADGETS}?watch=true&resourceVersion=abc`),
    answer: refused(
      500,
      undefined,
      'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ),
  },
  {
    name: 'a watch of one object by its path is a GET',
    before: [post(GADGETS, gadget('l4'))],
    call: get(`${GADGETS}/l4?watch=true`),
    answer: {code: 200, object: {kind: 'Gadget', metadata: {name: 'l4'}}},
  },
  {
    name: 'a watch as YAML: refused as YAML',
    call: get(`${GADGETS}?watch=true&resourceVersion=0`, {accept: 'application/yaml'}),
    answer: {code: 406, headers: {'content-type': 'application/yaml'}},
  },
  {
    name: 'a timeout that is no duration',
    call: get(`${CM}?timeout=abc`),
    answer: refused(400, 'BadRequest', 'invalid timeout specified in the request URL - time: invalid duration "abc"'),
  },
  {
    name: 'a media type that no built-in kind has',
    call: get(CM, {accept: 'text/html'}),
    answer: refused(
      406,
      'NotAcceptable',
      '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, ' +
        'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
      {},
    ),
  },
  {
    name: 'a media type that no custom kind has',
    call: get(`${GADGETS}/x`, {accept: 'application/cbor'}),
    answer: refused(
      406,
      'NotAcceptable',
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ),
  },
  {
    name: 'protobuf or JSON: the first one that is served',
    call: get(`${GADGETS}?limit=1`, {accept: 'application/vnd.kubernetes.protobuf,application/json'}),
    answer: {code: 200, headers: {'content-type': 'application/json'}},
  },
  {
    name: 'YAML',
    before: [post(CM, configMap('l5'))],
    call: get(`${CM}/l5`, {accept: 'application/yaml'}),
    answer: {code: 200, headers: {'content-type': 'application/yaml'}},
  },
  {
    name: 'metadata alone',
    before: [post(CM, configMap('l6', {data: {a: '1'}}))],
    call: get(`${CM}/l6`, {accept: METADATA}),
    answer: {
      code: 200,
      object: {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: {name: 'l6'}},
      lacks: ['data'],
    },
  },
  {
    name: 'a list of metadata',
    call: get(`${GADGETS}?limit=1`, {accept: METADATA_LIST}),
    answer: {
      code: 200,
      object: {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        items: [{kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1'}],
      },
    },
  },
  {
    name: 'a Table of a custom kind: its columns, lists as JSON, null for what is missing',
    before: [post(GADGETS, gadget('table', {tags: ['x', 'z']}, {labels: {table: '1'}}))],
    call: get(`${GADGETS}?labelSelector=table%3D1`, {accept: TABLE}),
    answer: {
      code: 200,
      object: {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        columnDefinitions: [
          {name: 'Name', type: 'string', format: 'name', priority: 0},
          {name: 'Mode', type: 'string', format: '', description: 'the mode', priority: 0},
          {name: 'Min', type: 'integer', priority: 1},
          {name: 'Tags', type: 'string'},
          {name: 'Age', type: 'date'},
        ],
        rows: [
          {
            cells: ['table', 'On', null, '["x","z"]', AGE],
            object: {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: {name: 'table'}},
          },
        ],
      },
      headers: {'content-type': 'application/json'},
    },
  },
  {
    name: 'a Table without objects',
    before: [post(GADGETS, gadget('bare'))],
    call: get(`${GADGETS}/bare?includeObject=None`, {accept: TABLE}),
    answer: {
      code: 200,
      object: {kind: 'Table', rows: [{cells: ['bare', 'On', null, null, AGE], object: null}]},
    },
  },
  {
    name: 'another version of a custom kind: its own defaults, without what it does not know',
    before: [post(GADGETS, gadget('two', {name: 'n', atoms: ['a']}))],
    call: get('/apis/t.dev/v1alpha1/namespaces/default/gadgets/two'),
    answer: {code: 200, object: {apiVersion: 't.dev/v1alpha1', spec: {mode: 'On', atoms: ['a']}}, lacks: ['spec.name']},
  },
];
