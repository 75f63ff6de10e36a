import {expect} from 'vitest';
import {about, invalid, refused} from '../answers.ts';
import {CM, configMap, GADGETS, gadget, NS, SVC, service} from '../kinds.ts';
import {post, put} from '../row.ts';
import type {Row} from '../row.ts';

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

function unrecognized(kind: string, why: string): ReturnType<typeof refused> {
  return refused(400, 'BadRequest', `the object provided is unrecognized (must be of type ${kind}): ${why}`);
}

const MEDIA_TYPES =
  'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf';

/** What a body must be before anybody looks at its fields: apiserver-errors §2.3. */
export const bodies: readonly Row[] = [
  {
    name: 'a body that ends early',
    call: post(CM, '{"a":'),
    answer: unrecognized(
      'ConfigMap',
      `couldn't get version/kind; json parse error: unexpected end of JSON input ({"a":)`,
    ),
  },
  {
    name: 'no body',
    call: post(CM, ''),
    answer: unrecognized(
      'ConfigMap',
      `couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`,
    ),
  },
  {
    name: 'a body that is no JSON',
    call: post(CM, '{nope}'),
    answer: unrecognized(
      'ConfigMap',
      `couldn't get version/kind; json parse error: invalid character 'n' looking for beginning of object key string ({nope})`,
    ),
  },
  {
    name: 'a content type that is none',
    call: post(CM, {}, {contentType: 'text/foo'}),
    answer: refused(415, 'UnsupportedMediaType', MEDIA_TYPES),
  },
  {
    name: 'a YAML body, where unquoted y is a boolean',
    call: post(GADGETS, 'apiVersion: t.dev/v1\nkind: Gadget\nmetadata: {name: yaml-1}\nspec: {tags: [x, "y"]}', {
      contentType: 'application/yaml',
    }),
    answer: {code: 201, object: {spec: {tags: ['x', 'y'], mode: 'On'}}},
  },
  {
    name: 'no kind: a built-in one is taken from the URL',
    call: post(CM, {metadata: {name: 'nokind'}}),
    answer: {code: 201, object: {kind: 'ConfigMap', apiVersion: 'v1'}},
  },
  {
    name: 'no kind: a custom one is refused',
    call: post(GADGETS, {metadata: {name: 'x'}}),
    answer: unrecognized(
      'Gadget',
      `Object 'Kind' is missing in '{"metadata":{"name":"x"}}' ({"metadata":{"name":"x"}})`,
    ),
  },
  {
    name: 'another kind than a built-in one',
    call: post(CM, {apiVersion: 'v1', kind: 'Secret', metadata: {name: 'x'}}),
    answer: refused(
      400,
      'BadRequest',
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ),
  },
  {
    name: 'another kind than a custom one',
    call: post(GADGETS, {apiVersion: 't.dev/v1', kind: 'Foo', metadata: {name: 'x'}}),
    answer: invalid('Foo.t.dev "x"', ['Invalid', 'kind', 'Invalid value: "Foo": must be Gadget']),
  },
  {
    name: 'another version',
    call: post(GADGETS, {apiVersion: 't.dev/v9', kind: 'Gadget', metadata: {name: 'x'}}),
    answer: refused(
      400,
      'BadRequest',
      'the API version in the data (t.dev/v9) does not match the expected API version (t.dev/v1)',
    ),
  },
  {
    name: 'another namespace than that of the URL',
    call: post(CM, configMap('x', {}, {namespace: 'other'})),
    answer: refused(
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ),
  },
  {
    name: 'another name than that of the URL',
    call: put(`${CM}/aaa`, configMap('bbb')),
    answer: refused(400, 'BadRequest', 'the name of the object (bbb) does not match the name on the URL (aaa)'),
  },
  {
    name: 'a namespace that is not there',
    call: post('/api/v1/namespaces/nons/configmaps', configMap('x')),
    answer: refused(404, 'NotFound', 'namespaces "nons" not found', about('namespaces', 'nons')),
  },
  {
    name: 'a namespace that is not there, for a custom kind',
    call: post('/apis/t.dev/v1/namespaces/nons/gadgets', gadget('x')),
    answer: refused(404, 'NotFound', 'namespaces "nons" not found', about('namespaces', 'nons')),
  },
  {
    name: 'no name',
    call: post(CM, {apiVersion: 'v1', kind: 'ConfigMap', metadata: {}}),
    answer: invalid('ConfigMap ""', ['Required', 'metadata.name', 'Required value: name or generateName is required']),
  },
  {
    name: 'a bad name',
    call: post(CM, configMap('Bad_Name')),
    answer: invalid('ConfigMap "Bad_Name"', ['Invalid', 'metadata.name', `Invalid value: "Bad_Name": ${SUBDOMAIN}`]),
  },
  {
    name: 'a bad name of a custom object',
    call: post(GADGETS, gadget('Bad_Name')),
    answer: invalid('Gadget.t.dev "Bad_Name"', ['Invalid', 'metadata.name', `Invalid value: "Bad_Name": ${SUBDOMAIN}`]),
  },
  {
    name: 'dots in the name of a Service',
    call: post(SVC, service('1.a', {ports: [{port: 80}]})),
    answer: invalid('Service "1.a"', ['Invalid', 'metadata.name', 'Invalid value: "1.a": must not contain dots']),
  },
  {
    name: 'a Service name of 64 characters',
    call: post(SVC, service('a'.repeat(64), {ports: [{port: 80}]})),
    answer: invalid(`Service "${'a'.repeat(64)}"`, [
      'Invalid',
      'metadata.name',
      `Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`,
    ]),
  },
  {
    name: 'a Service name of 63 characters is the longest',
    call: post(`${SVC}?dryRun=All`, service('a'.repeat(63), {ports: [{port: 80}]})),
    answer: {code: 201, lacks: ['metadata.resourceVersion']},
  },
  {
    name: 'dots in the name of a Namespace',
    call: post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'a.b'}}),
    answer: invalid('Namespace "a.b"', ['Invalid', 'metadata.name', 'Invalid value: "a.b": must not contain dots']),
  },
  {
    name: 'generateName is cut to 58 characters and gets five more',
    call: post(CM, {apiVersion: 'v1', kind: 'ConfigMap', metadata: {generateName: `${'g'.repeat(60)}-`}}),
    answer: {code: 201, object: {metadata: {name: expect.stringMatching(/^g{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/)}}},
  },
  {
    name: 'labels that are none',
    call: post(CM, configMap('x', {}, {labels: {'a b': 'c d', 'ok': '-x'}})),
    answer: invalid(
      'ConfigMap "x"',
      ['Invalid', 'metadata.labels', `Invalid value: "a b": ${LABEL_KEY}`],
      ['Invalid', 'metadata.labels', `Invalid value: "c d": ${LABEL_VALUE}`],
      ['Invalid', 'metadata.labels', `Invalid value: "-x": ${LABEL_VALUE}`],
    ),
  },
  {
    name: 'a finalizer without a slash',
    call: post(CM, configMap('finb', {}, {finalizers: ['noslash']})),
    answer: invalid('ConfigMap "finb"', [
      'Invalid',
      'metadata.finalizers[0]',
      'Invalid value: "noslash": name is neither a standard finalizer name nor is it fully qualified',
    ]),
  },
  {
    name: 'a resourceVersion on a new object',
    call: post(CM, configMap('rvx', {}, {resourceVersion: '5'})),
    answer: refused(500, undefined, 'resourceVersion should not be set on objects to be created'),
  },
  {
    name: 'an object that exists',
    before: [post(CM, configMap('exists'))],
    call: post(CM, configMap('exists')),
    answer: refused(409, 'AlreadyExists', 'configmaps "exists" already exists', about('configmaps', 'exists')),
  },
  {
    name: 'a custom object that exists',
    before: [post(GADGETS, gadget('exists'))],
    call: post(GADGETS, gadget('exists')),
    answer: refused(409, 'AlreadyExists', 'gadgets.t.dev "exists" already exists', about('gadgets', 'exists', 't.dev')),
  },
  {
    name: 'a ConfigMap above 1 MiB',
    call: post(CM, configMap('big', {data: {a: 'x'.repeat(1_048_577)}})),
    answer: invalid('ConfigMap "big"', ['TooLong', '[]', 'Too long: may not be more than 1048576 bytes']),
  },
  {
    name: 'annotations above 256 KiB',
    call: post(CM, configMap('noted', {}, {annotations: {a: 'x'.repeat(262_144)}})),
    answer: invalid('ConfigMap "noted"', [
      'TooLong',
      'metadata.annotations',
      'Too long: may not be more than 262144 bytes',
    ]),
  },
  {
    name: 'a body above 3 MiB',
    call: post(CM, configMap('huge', {data: {a: 'x'.repeat(3 * 1024 * 1024)}})),
    answer: refused(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728'),
  },
  {
    name: 'a Lease time without microseconds, as JavaScript writes it',
    call: post('/apis/coordination.k8s.io/v1/namespaces/default/leases', {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {name: 'ld'},
      spec: {renewTime: '2026-01-01T00:00:00.000Z'},
    }),
    answer: refused(
      400,
      'BadRequest',
      'Lease in version "v1" cannot be handled as a Lease: parsing time "<time>" as "2006-01-02T15:04:05.000000Z07:00": ' +
        'cannot parse ".000Z" as ".000000"',
    ),
  },
];
