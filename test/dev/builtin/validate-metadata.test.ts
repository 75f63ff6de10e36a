import {describe, expect, test} from 'vitest';
import {validateMetadata} from '../../../src/dev/builtin/validate-metadata.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster} from '../controllers/memory-cluster.ts';

const {typeOf} = memoryCluster();
const configMaps = typeOf('configmaps');

function errorsOf(metadata: JsonObject, o: {old?: JsonObject; type?: typeof configMaps} = {}): string[] {
  const whole = {name: 'x', namespace: 'bar', ...metadata};
  const old = o.old === undefined ? undefined : {metadata: {name: 'x', namespace: 'bar', ...o.old}};
  return validateMetadata({metadata: whole}, old, o.type ?? configMaps).map(
    (error) => `${error.field}: ${error.message}`,
  );
}

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const rows: {name: string; metadata: JsonObject; errors: string[]}[] = [
  {name: 'nothing wrong', metadata: {labels: {'a.b/c': '', 'd': 'E_1'}, annotations: {'x/Y': 'any thing'}}, errors: []},
  {name: 'no name', metadata: {name: ''}, errors: ['metadata.name: Required value: name or generateName is required']},
  {
    name: 'a name with capitals',
    metadata: {name: 'Bad_Name'},
    errors: [`metadata.name: Invalid value: "Bad_Name": ${SUBDOMAIN}`],
  },
  {
    name: 'a prefix that is too long',
    metadata: {generateName: 'g'.repeat(254)},
    errors: [`metadata.generateName: Invalid value: "${'g'.repeat(254)}": must be no more than 253 characters`],
  },
  {name: 'a prefix may end in a dash', metadata: {generateName: 'gen-'}, errors: []},
  {
    name: 'bad labels: each key and each value',
    metadata: {labels: {'a b': 'c d', 'ok': '-x'}},
    errors: [
      `metadata.labels: Invalid value: "a b": ${NAME_PART}`,
      `metadata.labels: Invalid value: "c d": ${VALUE}`,
      `metadata.labels: Invalid value: "-x": ${VALUE}`,
    ],
  },
  {
    name: 'annotations over 256 KiB',
    metadata: {annotations: {a: 'x'.repeat(262_144)}},
    errors: ['metadata.annotations: Too long: may not be more than 262144 bytes'],
  },
  {
    name: 'a finalizer without a slash',
    metadata: {finalizers: ['noslash']},
    errors: [
      'metadata.finalizers[0]: Invalid value: "noslash": name is neither a standard finalizer name nor is it fully qualified',
    ],
  },
  {
    name: 'an owner without a uid',
    metadata: {ownerReferences: [{apiVersion: 'v1', kind: 'Service', name: 'foo', uid: ''}]},
    errors: ['metadata.ownerReferences[0].uid: Invalid value: "": must not be empty'],
  },
];

test.each(rows)('$name', ({metadata, errors}) => {
  expect(errorsOf(metadata)).toEqual(errors);
});

test('two controllers are one too many', () => {
  const owner = {apiVersion: 'v1', kind: 'Service', uid: 'u', controller: true};
  const [error] = errorsOf({
    ownerReferences: [
      {...owner, name: 'a'},
      {...owner, name: 'b'},
    ],
  });
  expect(error).toContain('Only one reference can have Controller set to true. Found "true" in references for a and b');
});

test('custom kinds may have any finalizer: theirs were never checked', () => {
  expect(errorsOf({finalizers: ['noslash']}, {type: {...configMaps, custom: true}})).toEqual([]);
});

test.each([
  ['namespaces', 'a.b', ['metadata.name: Invalid value: "a.b": must not contain dots']],
  ['clusterroles', 'system:node:A', []],
  ['clusterroles', 'a/b', ['metadata.name: Invalid value: "a/b": may not contain \'/\'']],
])('%s have a name rule of their own: %s', (plural, name, errors) => {
  expect(errorsOf({name}, {type: typeOf(plural)})).toEqual(errors);
});

describe('updates', () => {
  test('identity does not change', () => {
    const told = 'metadata.uid: Invalid value: "zzz": field is immutable';
    expect(errorsOf({uid: 'zzz'}, {old: {uid: 'abc'}}), 'found by two checks, as upstream').toEqual([told, told]);
  });

  test('a name that was accepted once is not judged again', () => {
    expect(errorsOf({name: 'Old_Name'}, {old: {name: 'Old_Name'}})).toEqual([]);
  });

  test('no finalizer joins an object that is being deleted', () => {
    const old = {deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.dev/x']};
    const told =
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.dev/y"}';
    expect(errorsOf({...old, finalizers: ['example.dev/x', 'example.dev/y']}, {old})).toEqual([told, told]);
    expect(errorsOf({...old, finalizers: []}, {old})).toEqual([]);
  });
});
