import {expect} from 'vitest';
import {refused} from '../answers.ts';
import {CM, configMap, GADGETS, gadget} from '../kinds.ts';
import {get, merge, post} from '../row.ts';
import type {Row} from '../row.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
/** The first bytes of a protobuf envelope, `k8s\0`, and a length that nothing follows. */
const BROKEN = Buffer.from('6b3873000a35', 'hex');

/** In which form bodies come and go (apiserver §1.2, §1.5, §2.1). */
export const representations: readonly Row[] = [
  {
    name: 'a body without a content type is JSON',
    call: post(CM, JSON.stringify(configMap('untyped')), {contentType: ''}),
    answer: {code: 201, object: {metadata: {name: 'untyped'}}},
  },
  {
    name: 'an envelope that ends early',
    call: post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', BROKEN, {contentType: PROTOBUF}),
    answer: refused(
      400,
      'BadRequest',
      'the object provided is unrecognized (must be of type SelfSubjectAccessReview): unexpected EOF (6b3873000a35)',
    ),
  },
  {
    name: 'a custom object as YAML',
    before: [post(GADGETS, gadget('repr-1', {min: 1, mode: 'Off', opts: {a: 'yes', b: '1'}}))],
    call: get(`${GADGETS}/repr-1`, {accept: 'application/yaml'}),
    answer: {code: 200, headers: {'content-type': 'application/yaml'}},
  },
  {
    name: 'a custom object as protobuf alone: the refusal is protobuf',
    call: get(`${GADGETS}/repr-1`, {accept: PROTOBUF}),
    answer: {code: 406, headers: {'content-type': PROTOBUF}},
    embedded: {code: 406, headers: {'content-type': 'application/json'}},
  },
  {
    name: 'a built-in object as protobuf alone',
    call: get(`${CM}/untyped`, {accept: PROTOBUF}),
    answer: {code: 200, headers: {'content-type': PROTOBUF}},
    embedded: {code: 406, headers: {'content-type': 'application/json'}},
  },
  {
    name: 'gzip above 128 KiB',
    before: [post(CM, configMap('repr-large', {data: {a: 'x'.repeat(200_000)}}))],
    call: {method: 'GET', path: `${CM}/repr-large`, headers: {'accept-encoding': 'gzip', 'accept': 'application/json'}},
    answer: {code: 200, headers: {'content-encoding': 'gzip', 'vary': 'Accept-Encoding'}},
  },
  {
    name: 'no gzip below',
    call: {method: 'GET', path: `${CM}/untyped`, headers: {'accept-encoding': 'gzip'}},
    answer: {code: 200, object: {metadata: {name: 'untyped'}}},
  },
  {
    name: 'indented for who asks',
    call: get(`${CM}/untyped?pretty=true`),
    answer: {code: 200, text: expect.stringMatching(/^\{\n {2}"(kind|apiVersion)": "/) as string},
  },
  {
    name: 'aggregated discovery that is known already',
    call: get('/apis', {'accept': AGGREGATED, 'if-none-match': '"0"'}),
    answer: {code: 200, headers: {vary: 'Accept'}},
  },
  {
    name: 'health in detail',
    call: get('/readyz?verbose'),
    answer: {
      code: 200,
      text: expect.stringMatching(/^\[\+\]ping ok\n(\[\+\].* ok\n)+readyz check passed\n$/) as string,
    },
  },
  {
    name: 'one check of them',
    call: get('/healthz/ping'),
    answer: {code: 200, text: 'ok', headers: {'content-type': 'text/plain; charset=utf-8'}},
  },
  {name: 'a check that there is not', call: get('/healthz/nope'), answer: {code: 404, text: '404 page not found\n'}},
  {
    name: 'the paths that there are',
    call: get('/'),
    answer: {
      code: 200,
      object: {
        paths: expect.arrayContaining(['/api', '/api/v1', '/apis', '/apis/t.dev', '/apis/t.dev/v1', '/version']),
      },
    },
  },
  {
    name: 'an unknown field in a merge patch, strictly: the whole object is told',
    call: merge(`${GADGETS}/repr-1?fieldValidation=Strict`, {spec: {foo: 1}}),
    answer: {
      code: 422,
      object: {
        reason: 'Invalid',
        message: expect.stringMatching(
          /^ "" is invalid: patch: Invalid value: "\{.*strict decoding error: unknown field "spec\.foo"$/s,
        ),
      },
    },
  },
];
