import {expect} from 'vitest';
import {invalid} from '../answers.ts';
import {CM, configMap, GADGETS, gadget} from '../kinds.ts';
import {get, merge, post} from '../row.ts';
import type {Row} from '../row.ts';
import type {WatchRow} from '../watch-row.ts';

const OPTIONS = 'ListOptions.meta.k8s.io ""';
const MATCH = 'resourceVersionMatch';
const INITIAL = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
const UNMATCHED = [
  'Forbidden',
  MATCH,
  'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
] as const;
const UNASKED = [
  'Forbidden',
  MATCH,
  'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
] as const;
const WITHOUT_VERSION = [
  'Forbidden',
  MATCH,
  'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
] as const;
const PAGED = ['Forbidden', MATCH, 'Forbidden: resourceVersionMatch is forbidden when continue is provided'] as const;
const LISTED = ['Forbidden', 'sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list'] as const;

/** The options that a watch or a list refuses (apiserver §3.3). */
export const watchList: readonly Row[] = [
  {
    name: 'a WatchList without a match',
    call: get(`${GADGETS}?watch=true&sendInitialEvents=true`),
    answer: invalid(OPTIONS, UNMATCHED),
  },
  {
    name: 'one that is asked for by nothing but its name',
    call: get(`${CM}?watch=true&sendInitialEvents=`),
    answer: invalid(OPTIONS, UNMATCHED),
  },
  {
    name: 'one that is declined needs the match, too',
    call: get(`${CM}?watch=true&sendInitialEvents=false`),
    answer: invalid(OPTIONS, UNMATCHED),
  },
  {
    name: 'a WatchList of exactly one version',
    call: get(`${CM}?watch=true&sendInitialEvents=true&resourceVersionMatch=Exact`),
    answer: invalid(OPTIONS, UNMATCHED, [
      'NotSupported',
      MATCH,
      'Unsupported value: "Exact": supported values: "NotOlderThan"',
    ]),
  },
  {
    name: 'a watch with a match and no WatchList',
    call: get(`${CM}?watch=true&resourceVersionMatch=NotOlderThan`),
    answer: invalid(OPTIONS, UNASKED),
  },
  {
    name: 'a WatchList that goes on with a page',
    call: get(`${CM}?watch=true&${INITIAL}&continue=abc`),
    answer: invalid(OPTIONS, PAGED),
  },
  {
    name: 'a WatchList from what is no version',
    call: get(`${CM}?watch=true&${INITIAL}&resourceVersion=abc`),
    answer: {
      code: 500,
      object: {
        message: 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
        code: 500,
      },
      lacks: ['reason'],
    },
  },
  ...['true', 'false', 'x'].map((value) => ({
    name: `a list with sendInitialEvents=${value}`,
    call: get(`${CM}?sendInitialEvents=${value}`),
    answer: invalid(OPTIONS, LISTED),
  })),
  {
    name: 'a list of exactly version 0',
    call: get(`${CM}?resourceVersionMatch=Exact&resourceVersion=0`),
    answer: invalid(OPTIONS, [
      'Forbidden',
      MATCH,
      'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ]),
  },
  {
    name: 'a list with an unknown match',
    call: get(`${CM}?resourceVersionMatch=Foo&resourceVersion=1`),
    answer: invalid(OPTIONS, [
      'NotSupported',
      MATCH,
      'Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""',
    ]),
  },
  {
    name: 'a list with a match and a page',
    call: get(`${CM}?resourceVersionMatch=NotOlderThan&continue=abc`),
    answer: invalid(OPTIONS, WITHOUT_VERSION, PAGED),
  },
  {
    name: 'a WatchList whose client takes no bookmarks: the objects and no end of them',
    before: [post(CM, configMap('wl1'))],
    call: get(`${CM}?watch=true&${INITIAL}&fieldSelector=metadata.name%3Dwl1&timeoutSeconds=1`),
    answer: {code: 200, object: {type: 'ADDED', object: {kind: 'ConfigMap', metadata: {name: 'wl1'}}}},
  },
];

const END = {'k8s.io/initial-events-end': 'true'};
const END_MARK = {
  resourceVersion: expect.stringMatching(/^[1-9]\d*$/) as string,
  annotations: END,
};
const named = (name: string, more: object = {}): object => ({metadata: {name}, ...more});
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json';
const WATCH_LIST = `watch=true&allowWatchBookmarks=true&${INITIAL}`;
const two = `${CM}?${WATCH_LIST}&labelSelector=wl2`;
const nobody = (path: string): string => `${path}?${WATCH_LIST}&fieldSelector=metadata.name%3Dwatch-list-nobody`;

/** The events of the beginning. */
export const watchListEvents: readonly WatchRow[] = [
  {
    name: 'everything there is, then a bookmark with a mark, then changes',
    path: two,
    before: [
      post(CM, configMap('wl2-b', {}, {labels: {wl2: ''}})),
      post(CM, configMap('wl2-a', {}, {labels: {wl2: ''}})),
    ],
    during: [merge(`${CM}/wl2-a`, {data: {a: '1'}})],
    sees: [
      ['ADDED', named('wl2-a')],
      ['ADDED', named('wl2-b')],
      ['BOOKMARK', {kind: 'ConfigMap', apiVersion: 'v1', metadata: END_MARK}],
      ['MODIFIED', named('wl2-a', {data: {a: '1'}})],
    ],
  },
  {
    name: 'of a custom kind',
    path: `${GADGETS}?${WATCH_LIST}&fieldSelector=metadata.name%3Dwl3`,
    before: [post(GADGETS, gadget('wl3', {min: 1}))],
    sees: [
      ['ADDED', named('wl3', {spec: {min: 1}})],
      ['BOOKMARK', {kind: 'Gadget', apiVersion: 't.dev/v1', metadata: END_MARK}],
    ],
  },
  {
    name: 'from a version that is long reached: the state of now',
    path: `${GADGETS}?${WATCH_LIST}&fieldSelector=metadata.name%3Dwl4&resourceVersion=1`,
    before: [post(GADGETS, gadget('wl4'))],
    sees: [
      ['ADDED', named('wl4')],
      ['BOOKMARK', {metadata: END_MARK}],
    ],
  },
  {
    name: 'an old watch from 0 that takes bookmarks is told the end as well',
    path: `${GADGETS}?watch=true&allowWatchBookmarks=true&resourceVersion=0&fieldSelector=metadata.name%3Dwl5`,
    before: [post(GADGETS, gadget('wl5'))],
    sees: [
      ['ADDED', named('wl5')],
      ['BOOKMARK', {metadata: END_MARK}],
    ],
  },
  {
    name: 'one from no version, too',
    path: `${GADGETS}?watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dwl6`,
    before: [post(GADGETS, gadget('wl6'))],
    sees: [
      ['ADDED', named('wl6')],
      ['BOOKMARK', {metadata: END_MARK}],
    ],
  },
  {
    name: 'limit counts for nothing',
    path: `${CM}?${WATCH_LIST}&limit=1&labelSelector=wl7`,
    before: [
      post(CM, configMap('wl7-a', {}, {labels: {wl7: ''}})),
      post(CM, configMap('wl7-b', {}, {labels: {wl7: ''}})),
    ],
    sees: [
      ['ADDED', named('wl7-a')],
      ['ADDED', named('wl7-b')],
      ['BOOKMARK', {metadata: END_MARK}],
    ],
  },
  {
    name: 'declined: only what comes, although there is no version',
    path: `${GADGETS}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dwl8`,
    before: [post(GADGETS, gadget('wl8', {min: 1}))],
    during: [merge(`${GADGETS}/wl8`, {spec: {min: 2}})],
    sees: [['MODIFIED', named('wl8', {spec: {min: 2}})]],
  },
  {
    name: 'declined from 0: the same',
    path: `${GADGETS}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0&fieldSelector=metadata.name%3Dwl9`,
    before: [post(GADGETS, gadget('wl9'))],
    sees: [],
  },
  {
    name: 'from a version that does not come: 200, an ERROR event after three seconds, the end',
    path: `${GADGETS}?${WATCH_LIST}&resourceVersion=99999999`,
    ends: 'itself',
    sees: [
      [
        'ERROR',
        {
          kind: 'Status',
          status: 'Failure',
          message: expect.stringMatching(/^Timeout: Too large resource version: 99999999, current: \d+$/),
          reason: 'Timeout',
          details: {
            causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}],
            retryAfterSeconds: 1,
          },
          code: 504,
        },
      ],
    ],
  },
  {
    name: 'as Tables',
    path: `${CM}?${WATCH_LIST}&fieldSelector=metadata.name%3Dwl10`,
    accept: TABLE,
    before: [post(CM, configMap('wl10'))],
    sees: [
      ['ADDED', {kind: 'Table', columnDefinitions: [{name: 'Name'}, {name: 'Data'}, {name: 'Age'}]}],
      [
        'BOOKMARK',
        {
          kind: 'Table',
          metadata: {resourceVersion: END_MARK.resourceVersion},
          columnDefinitions: null,
          rows: [
            {
              cells: ['', 0, '<unknown>'],
              object: {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: END_MARK},
            },
          ],
        },
      ],
    ],
  },
  {
    name: 'as Tables of nothing: the columns come with the bookmark',
    path: nobody(CM),
    accept: TABLE,
    sees: [['BOOKMARK', {columnDefinitions: [{name: 'Name'}, {name: 'Data'}, {name: 'Age'}], rows: [{}]}]],
  },
  {
    name: 'as Tables of a custom kind',
    path: nobody(GADGETS),
    accept: TABLE,
    sees: [
      ['BOOKMARK', {kind: 'Table', rows: [{cells: expect.arrayContaining(['', null]), object: {metadata: END_MARK}}]}],
    ],
  },
  {
    name: 'as metadata',
    path: nobody(CM),
    accept: METADATA,
    sees: [['BOOKMARK', {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: END_MARK}]],
  },
  ...Object.entries({
    namespaces: {spec: {}, status: {}},
    services: {spec: {}, status: {loadBalancer: {}}},
    pods: {spec: {containers: null}, status: {}},
    serviceaccounts: {},
  }).map(([plural, more]) => ({
    name: `a bookmark of ${plural} carries what Go writes of an empty one`,
    path: nobody(`/api/v1/${plural}`),
    sees: [['BOOKMARK', {metadata: END_MARK, ...more}] as const],
  })),
  {
    name: 'a bookmark of EndpointSlices',
    path: nobody('/apis/discovery.k8s.io/v1/endpointslices'),
    sees: [['BOOKMARK', {kind: 'EndpointSlice', metadata: END_MARK, addressType: '', endpoints: null, ports: null}]],
  },
];
