import {expect} from 'vitest';
import {about, invalid, refused} from '../answers.ts';
import {CM, configMap, GADGETS, gadget, LEASES, lease, PODS, pod, SVC, service} from '../kinds.ts';
import {apply, jsonPatch, merge, post, strategic} from '../row.ts';
import type {Row} from '../row.ts';

/** What ends the list of errors where a kind has CEL rules. */
const UNCHECKED = [
  'Invalid',
  '<nil>',
  'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
] as const;

function badSpec(name: string, spec: object): Row['call'] {
  return post(GADGETS, gadget(name, spec));
}

function notTyped(object: string, why: string): ReturnType<typeof refused> {
  return refused(500, undefined, `failed to create typed patch object (${object}): ${why}`);
}

const CONDITION = {type: 'A', status: 'True', reason: 'R', message: ''};
const BAD_OPTIONS = 'CreateOptions.meta.k8s.io ""';

/** The schema of a custom kind, fields that no schema knows, what a dry run leaves out: apiserver-errors §2.2-2.3. */
export const fields: readonly Row[] = [
  {
    name: 'a value of another type',
    call: badSpec('e1', {min: 'x'}),
    answer: invalid(
      'Gadget.t.dev "e1"',
      ['TypeInvalid', 'spec.min', 'Invalid value: "string": spec.min in body must be of type integer: "string"'],
      UNCHECKED,
    ),
  },
  {
    name: 'many errors at once',
    call: badSpec('e1', {min: -1, max: 101, name: 'ABC', mode: 'Maybe', tags: ['a', 'b', 'c', 'd']}),
    answer: invalid(
      'Gadget.t.dev "e1"',
      ['TooMany', 'spec.tags', 'Too many: 4: must have at most 3 items'],
      ['Invalid', 'spec.min', 'Invalid value: -1: spec.min in body should be greater than or equal to 0'],
      ['Invalid', 'spec.max', 'Invalid value: 101: spec.max in body should be less than or equal to 100'],
      ['NotSupported', 'spec.mode', 'Unsupported value: "Maybe": supported values: "On", "Off"'],
      ['Invalid', 'spec.name', 'Invalid value: "ABC": spec.name in body should match \'^[a-z]+$\''],
      UNCHECKED,
    ),
  },
  {
    name: 'an item of a set twice; such an error does not stop rules',
    call: badSpec('e1', {tags: ['a', 'a']}),
    answer: invalid('Gadget.t.dev "e1"', ['Duplicate', 'spec.tags[1]', 'Duplicate value: "a"']),
  },
  {
    name: 'a key of a list twice',
    call: badSpec('e1', {items: [{name: 'a'}, {name: 'a'}]}),
    answer: invalid('Gadget.t.dev "e1"', ['Duplicate', 'spec.items[1]', 'Duplicate value: {"name":"a"}']),
  },
  {
    name: 'a required field of a list item',
    call: badSpec('e1', {items: [{value: 'a'}]}),
    answer: invalid('Gadget.t.dev "e1"', ['Required', 'spec.items[0].name', 'Required value'], UNCHECKED),
  },
  {
    name: 'a condition without its fields',
    before: [post(GADGETS, gadget('cond'))],
    call: merge(`${GADGETS}/cond/status`, {status: {conditions: [{type: 'A'}]}}),
    answer: invalid(
      'Gadget.t.dev "cond"',
      ...['lastTransitionTime', 'message', 'reason', 'status'].map(
        (field) => ['Required', `status.conditions[0].${field}`, 'Required value'] as const,
      ),
      UNCHECKED,
    ),
  },
  {
    name: 'a date of a custom kind keeps its fraction',
    before: [post(GADGETS, gadget('dated'))],
    call: merge(`${GADGETS}/dated/status`, {
      status: {conditions: [{...CONDITION, lastTransitionTime: '2026-01-01T00:00:00.123Z'}]},
    }),
    answer: {code: 200, object: {status: {conditions: [{lastTransitionTime: '2026-01-01T00:00:00.123Z'}]}}},
  },
  {
    name: 'a date of a built-in kind is cut to seconds',
    before: [post(SVC, service('dated', {ports: [{port: 80}]}))],
    call: merge(`${SVC}/dated/status`, {
      status: {conditions: [{...CONDITION, lastTransitionTime: '2026-01-01T00:00:00.123Z'}]},
    }),
    answer: {code: 200, object: {status: {conditions: [{lastTransitionTime: '2026-01-01T00:00:00Z'}]}}},
  },
  {
    name: 'a microsecond time keeps its six decimals',
    call: post(LEASES, lease('micro', {holderIdentity: 'a', renewTime: '2026-01-01T00:00:00.000000Z'})),
    answer: {code: 201, object: {spec: {renewTime: '2026-01-01T00:00:00.000000Z'}}},
  },
  {
    name: 'unknown fields of a custom kind: a warning each',
    call: post(GADGETS, gadget('u1', {foo: 1, bar: {x: 1}}, {zork: 1})),
    answer: {
      code: 201,
      lacks: ['spec.foo', 'spec.bar', 'metadata.zork'],
      warnings: ['unknown field "metadata.zork"', 'unknown field "spec.bar"', 'unknown field "spec.foo"'],
    },
  },
  {
    name: 'a field twice: a warning, and the last one counts',
    call: post(
      `${GADGETS}?fieldValidation=Warn`,
      '{"apiVersion":"t.dev/v1","kind":"Gadget","metadata":{"name":"u2"},"spec":{"min":1,"min":2,"foo":1},"extra":{}}',
    ),
    answer: {
      code: 201,
      object: {spec: {min: 2}},
      warnings: ['duplicate field "spec.min"', 'unknown field "extra"', 'unknown field "spec.foo"'],
    },
  },
  {
    name: 'unknown fields, strictly',
    call: post(
      `${GADGETS}?fieldValidation=Strict`,
      '{"apiVersion":"t.dev/v1","kind":"Gadget","metadata":{"name":"u3"},"spec":{"min":1,"min":2,"foo":1},"extra":{}}',
    ),
    answer: refused(
      400,
      'BadRequest',
      'Gadget in version "v1" cannot be handled as a Gadget: strict decoding error: duplicate field "spec.min", unknown field "extra", unknown field "spec.foo"',
    ),
  },
  {
    name: 'unknown fields, ignored: no warning',
    call: post(`${GADGETS}?fieldValidation=Ignore`, gadget('u4', {foo: 1})),
    answer: {code: 201, lacks: ['spec.foo']},
  },
  {
    name: 'an empty fieldValidation is Warn',
    call: post(`${GADGETS}?fieldValidation=`, gadget('u5', {foo: 1})),
    answer: {code: 201, warnings: ['unknown field "spec.foo"']},
  },
  {
    name: 'an unknown fieldValidation',
    call: post(`${GADGETS}?fieldValidation=Bogus`, gadget('u6')),
    answer: invalid(BAD_OPTIONS, [
      'NotSupported',
      'fieldValidation',
      'Unsupported value: "Bogus": supported values: "", "Ignore", "Strict", "Warn"',
    ]),
  },
  {
    name: 'unknown fields of a built-in kind, strictly',
    call: post(`${SVC}?fieldValidation=Strict`, service('z', {foo: 1, ports: [{port: 1, bar: 2}]})),
    answer: refused(
      400,
      'BadRequest',
      'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.foo", unknown field "spec.ports[0].bar"',
    ),
  },
  {
    name: 'an unknown field of a built-in kind',
    call: post(CM, configMap('cmu', {datum: 1})),
    answer: {code: 201, lacks: ['datum'], warnings: ['unknown field "datum"']},
  },
  {
    name: 'an unknown field in a JSON patch',
    before: [post(GADGETS, gadget('u7'))],
    call: jsonPatch(`${GADGETS}/u7`, [{op: 'add', path: '/spec/foo', value: 1}]),
    answer: {code: 200, lacks: ['spec.foo'], warnings: ['unknown field "spec.foo"']},
  },
  {
    name: 'an unknown field in an apply is a 500, whatever fieldValidation says',
    call: apply(`${GADGETS}/u8`, gadget('u8', {foo: 1}), 'fieldManager=m&fieldValidation=Ignore'),
    answer: notTyped('/u8; t.dev/v1, Kind=Gadget', '.spec.foo: field not declared in schema'),
  },
  {
    name: 'an unknown field in an apply of a built-in kind',
    call: apply(`${CM}/u9`, configMap('u9', {datum: {}})),
    answer: notTyped('/u9; /v1, Kind=ConfigMap', '.datum: field not declared in schema'),
  },
  {
    name: 'a wrong type in an apply',
    call: apply(`${GADGETS}/u8`, gadget('u8', {min: 'x'})),
    answer: notTyped('/u8; t.dev/v1, Kind=Gadget', '.spec.min: expected numeric (int or float), got string'),
  },
  {
    name: 'a key twice in an apply',
    call: apply(`${GADGETS}/u8`, gadget('u8', {items: [{name: 'a'}, {name: 'a'}]})),
    answer: notTyped('/u8; t.dev/v1, Kind=Gadget', '.spec.items: duplicate entries for key [name="a"]'),
  },
  {
    name: 'an item without its key in an apply',
    call: apply(`${GADGETS}/u8`, gadget('u8', {items: [{value: 'a'}]})),
    answer: notTyped(
      '/u8; t.dev/v1, Kind=Gadget',
      `.spec.items: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn't have default values for any key fields)`,
    ),
  },
  {
    name: 'a null in an apply is a value, not an absence',
    call: apply(`${GADGETS}/u8`, gadget('u8', {name: null})),
    answer: invalid(
      'Gadget.t.dev "u8"',
      ['TypeInvalid', 'spec.name', 'Invalid value: "null": spec.name in body must be of type string: "null"'],
      UNCHECKED,
    ),
  },
  {
    name: 'a dry run has everything but a version',
    call: post(`${CM}?dryRun=All`, configMap('dry')),
    answer: {code: 201, object: {metadata: {uid: expect.any(String)}}, lacks: ['metadata.resourceVersion']},
  },
  {
    name: 'a dry run of a Service shows an address',
    call: post(`${SVC}?dryRun=All`, service('dry', {ports: [{port: 80}]})),
    answer: {code: 201, object: {spec: {clusterIP: expect.stringMatching(/^10\.101\./)}}},
  },
  {
    name: 'a dry run of an apply has owners',
    call: apply(`${GADGETS}/dry`, gadget('dry', {min: 1}), 'fieldManager=m1&dryRun=All'),
    answer: {code: 201, owners: ['m1 Apply {"f:spec":{"f:min":{}}}'], lacks: ['metadata.resourceVersion']},
  },
  {
    name: 'an unknown dryRun',
    call: post(`${CM}?dryRun=x`, configMap('dry')),
    answer: invalid(BAD_OPTIONS, ['NotSupported', 'dryRun', 'Unsupported value: ["x"]: supported values: "All"']),
  },
  {
    name: 'what a pod may not change',
    before: [post(PODS, pod('fixed'))],
    call: strategic(`${PODS}/fixed`, {spec: {containers: [{name: 'c', image: 'i', command: ['x']}]}}),
    answer: {code: 422, object: {reason: 'Invalid', details: about('Pod', 'fixed')}},
  },
  {
    name: 'a volume mount of a volume that is not there',
    call: post(
      PODS,
      pod('mounts', {containers: [{name: 'c', image: 'i', volumeMounts: [{name: 'v', mountPath: '/v'}]}]}),
    ),
    answer: invalid('Pod "mounts"', ['NotFound', 'spec.containers[0].volumeMounts[0].name', 'Not found: "v"']),
  },
];
