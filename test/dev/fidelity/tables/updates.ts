import {expect} from 'vitest';
import {about, invalid, refused, STALE} from '../answers.ts';
import {CM, configMap, GADGETS, gadget} from '../kinds.ts';
import {apply, get, jsonPatch, merge, post, put, remove, strategic} from '../row.ts';
import type {Row} from '../row.ts';

const REJECTED = refused(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
const NOT_ALLOWED = refused(
  405,
  'MethodNotAllowed',
  'the server does not allow this method on the requested resource',
  {},
);
const PATCH_TYPES =
  'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';
const OPTIONS = 'PatchOptions.meta.k8s.io ""';

function stale(resource: string, name: string, group?: string): ReturnType<typeof refused> {
  const message = `Operation cannot be fulfilled on ${resource}${group === undefined ? '' : `.${group}`} "${name}": ${STALE}`;
  return refused(409, 'Conflict', message, about(resource, name, group));
}

/** PUT and PATCH: versions, identities, content types: apiserver-errors §2.3. */
export const updates: readonly Row[] = [
  {
    name: 'a PUT with a stale version',
    before: [post(CM, configMap('p1'))],
    call: put(`${CM}/p1`, configMap('p1', {data: {a: '2'}}, {resourceVersion: '1'})),
    answer: stale('configmaps', 'p1'),
  },
  {
    name: 'a PUT without a version overwrites a built-in kind',
    before: [post(CM, configMap('p2', {data: {a: '1'}}))],
    call: put(`${CM}/p2`, configMap('p2', {data: {a: '3'}})),
    answer: {code: 200, object: {data: {a: '3'}}},
  },
  {
    name: 'a PUT without a version is refused for a custom kind, by the name of its resource',
    before: [post(GADGETS, gadget('p3'))],
    call: put(`${GADGETS}/p3`, gadget('p3')),
    answer: refused(
      422,
      'Invalid',
      'gadgets.t.dev "p3" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      {
        ...about('gadgets', 'p3', 't.dev'),
        causes: [
          {
            reason: 'FieldValueInvalid',
            message: 'Invalid value: 0: must be specified for an update',
            field: 'metadata.resourceVersion',
          },
        ],
      },
    ),
  },
  {
    name: 'a PUT of a custom kind with a stale version',
    before: [post(GADGETS, gadget('p4'))],
    call: put(`${GADGETS}/p4`, gadget('p4', {}, {resourceVersion: '1'})),
    answer: stale('gadgets', 'p4', 't.dev'),
  },
  {
    name: 'a PUT with a version that is no number',
    before: [post(CM, configMap('p5'))],
    call: put(`${CM}/p5`, configMap('p5', {}, {resourceVersion: 'abc'})),
    answer: refused(500, undefined, 'strconv.ParseUint: parsing "abc": invalid syntax'),
  },
  {
    name: 'a PUT with another uid',
    before: [post(CM, configMap('p6'))],
    call: put(`${CM}/p6`, configMap('p6', {}, {uid: 'zzz'})),
    answer: {
      code: 409,
      object: {
        reason: 'Conflict',
        message: expect.stringMatching(
          /StorageError: invalid object, Code: 4, .*UID in precondition: zzz, UID in object meta: /,
        ),
      },
    },
  },
  {
    name: 'a PUT on nothing',
    call: put(`${CM}/absent`, configMap('absent')),
    answer: refused(404, 'NotFound', 'configmaps "absent" not found', about('configmaps', 'absent')),
  },
  {
    name: 'a PUT on nothing, custom',
    call: put(`${GADGETS}/absent`, gadget('absent', {}, {resourceVersion: '1'})),
    answer: refused(404, 'NotFound', 'gadgets.t.dev "absent" not found', about('gadgets', 'absent', 't.dev')),
  },
  {
    name: 'a PUT on the collection',
    call: put(CM, configMap('x')),
    answer: NOT_ALLOWED,
  },
  {
    name: 'a POST on an object',
    call: post(`${CM}/x`, {}),
    answer: NOT_ALLOWED,
  },
  {
    name: 'a merge patch with a stale version',
    before: [post(CM, configMap('m1'))],
    call: merge(`${CM}/m1`, {metadata: {resourceVersion: '1'}, data: {a: '9'}}),
    answer: stale('configmaps', 'm1'),
  },
  {
    name: 'a merge patch of nothing',
    call: merge(`${CM}/absent`, {}),
    answer: refused(404, 'NotFound', 'configmaps "absent" not found', about('configmaps', 'absent')),
  },
  {
    name: 'a merge patch of the name',
    before: [post(CM, configMap('m2'))],
    call: merge(`${CM}/m2`, {metadata: {name: 'other'}}),
    answer: refused(400, 'BadRequest', 'the name of the object (other) does not match the name on the URL (m2)'),
  },
  {
    name: 'a merge patch of the uid: two checks find it, each cause is told',
    before: [post(CM, configMap('m3'))],
    call: merge(`${CM}/m3`, {metadata: {uid: 'zzz'}}),
    answer: invalid(
      'ConfigMap "m3"',
      ['Invalid', 'metadata.uid', 'Invalid value: "zzz": field is immutable'],
      ['Invalid', 'metadata.uid', 'Invalid value: "zzz": field is immutable'],
    ),
  },
  {
    name: 'what only the server sets is kept silently',
    before: [post(CM, configMap('m4'))],
    call: merge(`${CM}/m4`, {metadata: {creationTimestamp: '2020-01-01T00:00:00Z', generation: 77, selfLink: 'x'}}),
    answer: {code: 200, lacks: ['metadata.generation', 'metadata.selfLink']},
  },
  {
    name: 'a list where a merge patch should be',
    before: [post(CM, configMap('m5'))],
    call: merge(`${CM}/m5`, []),
    answer: refused(
      400,
      'BadRequest',
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ),
  },
  {
    name: 'an object where a JSON patch should be',
    before: [post(CM, configMap('j1'))],
    call: jsonPatch(`${CM}/j1`, {}),
    answer: refused(
      400,
      'BadRequest',
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    ),
  },
  {
    name: 'a JSON patch whose test fails',
    before: [post(CM, configMap('j2', {data: {a: '1'}}))],
    call: jsonPatch(`${CM}/j2`, [{op: 'test', path: '/data/a', value: 'zz'}]),
    answer: REJECTED,
  },
  {
    name: 'a JSON patch that removes nothing',
    before: [post(CM, configMap('j3'))],
    call: jsonPatch(`${CM}/j3`, [{op: 'remove', path: '/data/zz'}]),
    answer: REJECTED,
  },
  {
    name: 'a content type that patches no built-in kind',
    before: [post(CM, configMap('t1'))],
    call: {method: 'PATCH', path: `${CM}/t1`, body: {}, contentType: 'application/json'},
    answer: refused(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {}),
  },
  {
    name: 'a strategic merge of a custom kind',
    before: [post(GADGETS, gadget('t2'))],
    call: strategic(`${GADGETS}/t2`, {}),
    answer: refused(415, 'UnsupportedMediaType', PATCH_TYPES),
  },
  {
    name: 'a field manager of 129 bytes',
    call: {...merge(`${CM}/x?fieldManager=${'x'.repeat(129)}`, {})},
    answer: invalid(OPTIONS, ['TooLong', 'fieldManager', 'Too long: may not be more than 128 bytes']),
  },
  {
    name: 'force without apply',
    call: merge(`${CM}/x?force=true`, {}),
    answer: invalid(OPTIONS, ['Forbidden', 'force', 'Forbidden: may not be specified for non-apply patch']),
  },
  {
    name: 'apply without a manager',
    call: apply(`${CM}/x`, configMap('x'), ''),
    answer: invalid(OPTIONS, ['Required', 'fieldManager', 'Required value: is required for apply patch']),
  },
  {
    name: 'a status in a main write is ignored',
    before: [post(GADGETS, gadget('s1'))],
    call: merge(`${GADGETS}/s1`, {status: {phase: 'zz'}, spec: {min: 2}}),
    answer: {code: 200, object: {metadata: {generation: 2}, spec: {min: 2}}, lacks: ['status']},
  },
  {
    name: 'a spec in a status write is ignored, and the generation stays',
    before: [post(GADGETS, gadget('s2'))],
    call: merge(`${GADGETS}/s2/status`, {status: {phase: 'yy'}, spec: {min: 3}}),
    answer: {code: 200, object: {metadata: {generation: 1}, status: {phase: 'yy'}}, lacks: ['spec.min']},
  },
  {
    name: 'a kind without a status',
    before: [post(CM, configMap('s3'))],
    call: get(`${CM}/s3/status`),
    answer: refused(404, 'NotFound', 'the server could not find the requested resource', {}),
  },
  {
    name: 'a new finalizer on an object that is being deleted',
    before: [post(CM, configMap('f1', {}, {finalizers: ['example.dev/x']})), remove(`${CM}/f1`)],
    call: merge(`${CM}/f1`, {metadata: {finalizers: ['example.dev/x', 'example.dev/y']}}),
    answer: invalid(
      'ConfigMap "f1"',
      ...Array.from(
        {length: 2},
        () =>
          [
            'Forbidden',
            'metadata.finalizers',
            'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.dev/y"}',
          ] as const,
      ),
    ),
  },
  {
    name: 'any other change of an object that is being deleted',
    before: [post(CM, configMap('f2', {}, {finalizers: ['example.dev/x']})), remove(`${CM}/f2`)],
    call: merge(`${CM}/f2`, {data: {a: 'b'}}),
    answer: {code: 200, object: {data: {a: 'b'}}},
  },
  {
    name: 'the write that removes the last finalizer answers with the object',
    before: [post(CM, configMap('f3', {}, {finalizers: ['example.dev/x']})), remove(`${CM}/f3`)],
    call: merge(`${CM}/f3`, {metadata: {finalizers: null}}),
    answer: {code: 200, object: {metadata: {name: 'f3', deletionGracePeriodSeconds: 0}}},
  },
];
