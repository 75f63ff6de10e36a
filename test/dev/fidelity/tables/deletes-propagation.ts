import {expect} from 'vitest';
import {about, invalid, refused} from '../answers.ts';
import {CM, configMap, NS, PODS, pod, SVC, service} from '../kinds.ts';
import {get, merge, post, remove} from '../row.ts';
import type {Call, Expected, Row} from '../row.ts';

const OPTIONS = 'DeleteOptions.meta.k8s.io ""';
const HELD = {finalizers: ['example.dev/x']};
const EVENTS = '/api/v1/namespaces/default/events';

/** An object that waits for its end. */
function waits(finalizers: readonly string[], code = 200): Expected {
  return {
    code,
    object: {
      kind: 'ConfigMap',
      metadata: {finalizers, deletionGracePeriodSeconds: 0, deletionTimestamp: expect.any(String)},
    },
  };
}

const GONE: Expected = {code: 200, object: {kind: 'Status', status: 'Success'}};
const held = (name: string, finalizers: readonly string[] = HELD.finalizers): Call =>
  post(CM, configMap(name, {}, {finalizers}));
const namespace = (name: string): Call => post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {name}});

/** What the options of a DELETE may be, and what they make of `metadata.finalizers` (apiserver-errors §2.4). */
export const deletesPropagation: readonly Row[] = [
  {
    name: 'orphanDependents: true is Orphan',
    before: [held('dp1')],
    call: remove(`${CM}/dp1`, {orphanDependents: true}),
    answer: waits(['example.dev/x', 'orphan']),
  },
  {
    name: 'orphanDependents: false is Background, and who asks so is told with 202 that it is not over',
    before: [held('dp2')],
    call: remove(`${CM}/dp2`, {orphanDependents: false}),
    answer: waits(['example.dev/x'], 202),
  },
  {
    name: 'orphanDependents: false of what is gone at once',
    before: [post(CM, configMap('dp3'))],
    call: remove(`${CM}/dp3`, {orphanDependents: false}),
    answer: GONE,
  },
  {
    name: 'orphanDependents in the query',
    before: [held('dp4')],
    call: remove(`${CM}/dp4?orphanDependents=true`),
    answer: waits(['example.dev/x', 'orphan']),
  },
  {
    name: 'any text in the query but false and 0 is true',
    before: [held('dp5')],
    call: remove(`${CM}/dp5?orphanDependents=x`),
    answer: waits(['example.dev/x', 'orphan']),
  },
  {
    name: 'a body makes the query count for nothing',
    before: [held('dp6')],
    call: remove(`${CM}/dp6?propagationPolicy=Foreground`, {propagationPolicy: 'Background'}),
    answer: waits(['example.dev/x']),
  },
  {
    name: 'an empty object in the body, too',
    before: [held('dp7')],
    call: remove(`${CM}/dp7?propagationPolicy=Foreground`, {}),
    answer: waits(['example.dev/x']),
  },
  {
    name: 'an unknown policy in the query',
    call: remove(`${CM}/dp8?propagationPolicy=X`),
    answer: invalid(OPTIONS, [
      'NotSupported',
      'propagationPolicy',
      'Unsupported value: "X": supported values: "Foreground", "Background", "Orphan", "nil"',
    ]),
  },
  {
    name: 'both in the query, even where they would agree on nothing',
    call: remove(`${CM}/dp8?propagationPolicy=Orphan&orphanDependents=false`),
    answer: invalid(OPTIONS, [
      'Invalid',
      'propagationPolicy',
      'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ]),
  },
  ...[remove(`${CM}/dp8`, {propagationPolicy: ''}), remove(`${CM}/dp8?propagationPolicy=`)].map((call) => ({
    name: `an empty policy is none: ${call.body === undefined ? 'query' : 'body'}`,
    call,
    answer: invalid(OPTIONS, [
      'NotSupported',
      'propagationPolicy',
      'Unsupported value: "": supported values: "Foreground", "Background", "Orphan", "nil"',
    ]),
  })),
  {
    name: 'everything that is wrong is told',
    call: remove(`${CM}/dp8`, {orphanDependents: true, propagationPolicy: 'X', dryRun: ['x']}),
    answer: invalid(
      OPTIONS,
      [
        'Invalid',
        'propagationPolicy',
        'Invalid value: "X": orphanDependents and deletionPropagation cannot be both set',
      ],
      [
        'NotSupported',
        'propagationPolicy',
        'Unsupported value: "X": supported values: "Foreground", "Background", "Orphan", "nil"',
      ],
      ['NotSupported', 'dryRun', 'Unsupported value: ["x"]: supported values: "All"'],
    ),
  },
  ...[
    ['propagationPolicy', 5, 'number', 'v1.DeletionPropagation'],
    ['orphanDependents', 'x', 'string', 'bool'],
    ['gracePeriodSeconds', 'x', 'string', 'int64'],
  ].map(([field, value, found, type]) => ({
    name: `a ${found} as ${field}`,
    call: remove(`${CM}/dp8`, {[String(field)]: value}),
    answer: refused(
      400,
      'BadRequest',
      `json: cannot unmarshal ${found} into Go struct field DeleteOptions.${field} of type ${type}`,
    ),
  })),
  {
    name: 'a grace period that is no number',
    call: remove(`${CM}/dp8?gracePeriodSeconds=x`),
    answer: refused(400, 'BadRequest', 'strconv.ParseInt: parsing "x": invalid syntax'),
  },
  {
    name: 'a negative grace period is a second, which a ConfigMap does not have',
    before: [post(CM, configMap('dp9'))],
    call: remove(`${CM}/dp9`, {gracePeriodSeconds: -1}),
    answer: GONE,
  },
  {
    name: 'an unknown field of the options',
    before: [post(CM, configMap('dp10'))],
    call: remove(`${CM}/dp10`, {foo: 1}),
    answer: GONE,
  },
  {
    name: 'options of another version',
    before: [post(CM, configMap('dp11'))],
    call: remove(`${CM}/dp11`, {kind: 'DeleteOptions', apiVersion: 'apps/v1'}),
    answer: GONE,
  },
  {
    name: 'options of another kind',
    call: remove(`${CM}/dp12`, {kind: 'Foo', apiVersion: 'v1'}),
    answer: refused(
      400,
      'BadRequest',
      'no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    ),
  },
  {
    name: 'a list as options',
    call: remove(`${CM}/dp12`, []),
    answer: refused(
      400,
      'BadRequest',
      "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct " +
        '{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    ),
  },
  {
    name: 'a uid in the query is a precondition',
    before: [post(CM, configMap('dp13'))],
    call: remove(`${CM}/dp13?uid=zzz`),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on ConfigMap "dp13": the UID in the precondition (zzz) does not match the UID in record (<uid>). ' +
        'The object might have been deleted and then recreated',
      about('ConfigMap', 'dp13'),
    ),
  },
  {
    name: 'so is a version',
    before: [post(CM, configMap('dp14'))],
    call: remove(`${CM}/dp14?resourceVersion=1`),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on ConfigMap "dp14": the ResourceVersion in the precondition (1) does not match the ResourceVersion ' +
        'in record (<rv>). The object might have been modified',
      about('ConfigMap', 'dp14'),
    ),
  },
  {
    name: 'an empty uid is one that does not fit',
    before: [post(CM, configMap('dp15'))],
    call: remove(`${CM}/dp15`, {preconditions: {uid: ''}}),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on ConfigMap "dp15": the UID in the precondition () does not match the UID in record (<uid>). ' +
        'The object might have been deleted and then recreated',
      about('ConfigMap', 'dp15'),
    ),
  },
  {
    name: 'a dry run of a foreground deletion shows the finalizer',
    before: [held('dp16')],
    call: remove(`${CM}/dp16`, {dryRun: ['All'], propagationPolicy: 'Foreground'}),
    answer: waits(['example.dev/x', 'foregroundDeletion']),
  },
  {
    name: 'and sets none',
    before: [held('dp17'), remove(`${CM}/dp17`, {dryRun: ['All'], propagationPolicy: 'Foreground'})],
    call: get(`${CM}/dp17`),
    answer: {code: 200, object: {metadata: HELD}, lacks: ['metadata.deletionTimestamp']},
  },
  {
    name: 'a second DELETE may change Foreground to Orphan',
    before: [held('dp18'), remove(`${CM}/dp18`, {propagationPolicy: 'Foreground'})],
    call: remove(`${CM}/dp18`, {propagationPolicy: 'Orphan'}),
    answer: waits(['example.dev/x', 'orphan']),
  },
  {
    name: 'one to Background takes either away',
    before: [held('dp19'), remove(`${CM}/dp19`, {propagationPolicy: 'Orphan'})],
    call: remove(`${CM}/dp19`, {propagationPolicy: 'Background'}),
    answer: waits(['example.dev/x']),
  },
  {
    name: 'a finalizer on the object decides where the request says nothing',
    before: [held('dp20', ['orphan', 'example.dev/x'])],
    call: remove(`${CM}/dp20`),
    answer: waits(['orphan', 'example.dev/x']),
  },
  {
    name: 'Background ends an object that only its orphan finalizer held',
    before: [held('dp21', ['orphan'])],
    call: remove(`${CM}/dp21`, {propagationPolicy: 'Background'}),
    answer: GONE,
  },
  {
    name: 'so does orphanDependents: false',
    before: [held('dp34', ['orphan'])],
    call: remove(`${CM}/dp34`, {orphanDependents: false}),
    answer: GONE,
  },
  ...[
    {name: 'another policy', options: {propagationPolicy: 'Orphan'}, grace: 30},
    {name: 'a longer period', options: {gracePeriodSeconds: 60, propagationPolicy: 'Orphan'}, grace: 30},
    {name: 'a shorter period', options: {gracePeriodSeconds: 5}, grace: 5},
  ].map(({name, options, grace}, at) => ({
    name: `a pod that is given its time is deleted again: ${name}`,
    before: [post(PODS, pod(`dp35-${at}`, {nodeName: 'n'})), remove(`${PODS}/dp35-${at}`)],
    call: remove(`${PODS}/dp35-${at}`, options),
    answer: {
      code: 200,
      object: {metadata: {deletionGracePeriodSeconds: grace, generation: 2}},
      lacks: ['metadata.finalizers'],
    },
  })),
  {
    name: 'a policy takes the place of the finalizer on the object',
    before: [held('dp22', ['foregroundDeletion', 'example.dev/x'])],
    call: remove(`${CM}/dp22`, {propagationPolicy: 'Orphan'}),
    answer: waits(['example.dev/x', 'orphan']),
  },
  {
    name: 'an object cannot carry both finalizers',
    call: held('dp23', ['foregroundDeletion', 'orphan']),
    answer: invalid('ConfigMap "dp23"', [
      'Invalid',
      'metadata.finalizers',
      'Invalid value: ["foregroundDeletion","orphan"]: finalizer orphan and foregroundDeletion cannot be both set',
    ]),
  },
  {
    name: 'an Event owns nothing, so Foreground adds no finalizer',
    before: [
      post(EVENTS, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {name: 'dp24', ...HELD},
        involvedObject: {namespace: 'default'},
      }),
    ],
    call: remove(`${EVENTS}/dp24`, {propagationPolicy: 'Foreground'}),
    answer: {code: 200, object: {kind: 'Event', metadata: HELD}},
  },
  {
    name: 'a Service in foreground deletion',
    before: [post(SVC, service('dp25', {ports: [{port: 80}]}))],
    call: remove(`${SVC}/dp25`, {propagationPolicy: 'Foreground'}),
    answer: {
      code: 200,
      object: {
        kind: 'Service',
        metadata: {finalizers: ['foregroundDeletion'], deletionGracePeriodSeconds: 0},
        spec: {type: 'ClusterIP'},
      },
    },
  },
  {
    name: 'a pod in foreground deletion is given its time all the same',
    before: [post(PODS, pod('dp26', {nodeName: 'n'}))],
    call: remove(`${PODS}/dp26`, {propagationPolicy: 'Foreground'}),
    answer: {code: 200, object: {metadata: {finalizers: ['foregroundDeletion'], deletionGracePeriodSeconds: 30}}},
  },
  {
    name: 'a Namespace says failed preconditions in words of its own',
    before: [namespace('dp27')],
    call: remove(`${NS}/dp27`, {preconditions: {uid: 'zzz'}}),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on namespaces "dp27": Precondition failed: UID in precondition: zzz, UID in object meta: <uid>',
      about('namespaces', 'dp27'),
    ),
  },
  {
    name: 'a Namespace in foreground deletion',
    before: [namespace('dp28')],
    call: remove(`${NS}/dp28`, {propagationPolicy: 'Foreground'}),
    answer: {
      code: 200,
      object: {
        metadata: {finalizers: ['foregroundDeletion']},
        spec: {finalizers: ['kubernetes']},
        status: {phase: 'Terminating'},
      },
      lacks: ['metadata.deletionGracePeriodSeconds'],
    },
  },
  {
    name: 'a deletecollection tells its objects as they were',
    before: [post(CM, configMap('dp30', {}, {labels: {dp30: ''}, ...HELD}))],
    call: remove(`${CM}?labelSelector=dp30`, {propagationPolicy: 'Foreground'}),
    answer: {
      code: 200,
      object: {kind: 'ConfigMapList', items: [{metadata: {name: 'dp30', finalizers: ['example.dev/x']}}]},
      lacks: ['items[0].metadata.deletionTimestamp'],
    },
  },
  {
    name: 'and marks those that are held',
    before: [
      post(CM, configMap('dp31', {}, {labels: {dp31: ''}, ...HELD})),
      remove(`${CM}?labelSelector=dp31`, {propagationPolicy: 'Foreground'}),
    ],
    call: get(`${CM}/dp31`),
    // The collector takes its own finalizer away, sooner or later.
    answer: waits(['example.dev/x']),
    eventually: true,
  },
  {
    name: 'a precondition of a deletecollection is one of each object',
    before: [post(CM, configMap('dp32', {}, {labels: {dp32: ''}}))],
    call: remove(`${CM}?labelSelector=dp32`, {preconditions: {uid: 'zzz'}}),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on ConfigMap "dp32": the UID in the precondition (zzz) does not match the UID in record (<uid>). ' +
        'The object might have been deleted and then recreated',
      about('ConfigMap', 'dp32'),
    ),
  },
  {
    name: 'a deletecollection judges its list options first',
    call: remove(`${CM}?labelSelector=none&sendInitialEvents=true`, {propagationPolicy: 'X'}),
    answer: invalid('ListOptions.meta.k8s.io ""', [
      'Forbidden',
      'sendInitialEvents',
      'Forbidden: sendInitialEvents is forbidden for list',
    ]),
  },
  {
    name: 'the dry run of a deletecollection in the query',
    before: [post(CM, configMap('dp33', {}, {labels: {dp33: ''}})), remove(`${CM}?labelSelector=dp33&dryRun=All`)],
    call: get(`${CM}/dp33`),
    answer: {code: 200, lacks: ['metadata.deletionTimestamp']},
  },
];

const owner = (name: string, more: object = {}): object => configMap(name, {}, more);
const UNKNOWN_UID = '11111111-2222-3333-4444-555555555555';
const reference = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid: UNKNOWN_UID,
  ...more,
});

/** What the garbage collector makes of it, in time. */
export const collected: readonly Row[] = [
  {
    name: 'foreground deletion without dependents ends',
    before: [post(CM, owner('gc1')), remove(`${CM}/gc1`, {propagationPolicy: 'Foreground'})],
    call: get(`${CM}/gc1`),
    answer: refused(404, 'NotFound', 'configmaps "gc1" not found', about('configmaps', 'gc1')),
    eventually: true,
  },
  {
    name: 'an orphaning deletion without dependents ends',
    before: [post(CM, owner('gc2')), remove(`${CM}/gc2`, {propagationPolicy: 'Orphan'})],
    call: get(`${CM}/gc2`),
    answer: refused(404, 'NotFound', 'configmaps "gc2" not found', about('configmaps', 'gc2')),
    eventually: true,
  },
  {
    name: 'its own finalizer goes, those of others hold on',
    before: [post(CM, owner('gc3', HELD)), remove(`${CM}/gc3`, {propagationPolicy: 'Foreground'})],
    call: get(`${CM}/gc3`),
    answer: waits(['example.dev/x']),
    eventually: true,
  },
  {
    name: 'an owner that does not exist is no owner',
    before: [post(CM, owner('gc4', {ownerReferences: [reference('nobody')]}))],
    call: get(`${CM}/gc4`),
    answer: refused(404, 'NotFound', 'configmaps "gc4" not found', about('configmaps', 'gc4')),
    eventually: true,
  },
  {
    name: 'an object that is held is marked once its owner is gone',
    before: [post(CM, owner('gc5', {...HELD, ownerReferences: [reference('nobody')]}))],
    call: get(`${CM}/gc5`),
    answer: waits(['example.dev/x']),
    eventually: true,
  },
  {
    name: 'and goes with its last finalizer',
    before: [
      post(CM, owner('gc6', HELD)),
      remove(`${CM}/gc6`, {propagationPolicy: 'Background'}),
      merge(`${CM}/gc6`, {metadata: {finalizers: null}}),
    ],
    call: get(`${CM}/gc6`),
    answer: refused(404, 'NotFound', 'configmaps "gc6" not found', about('configmaps', 'gc6')),
  },
];
