import {describe, expect, test} from 'vitest';
import {negotiate} from '../../../src/dev/apiserver/http/accept.ts';
import {warningHeaders} from '../../../src/dev/apiserver/http/warning-header.ts';

const TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

describe('Accept', () => {
  test.each([
    {name: 'none', header: undefined, accepted: {presentation: 'Object', encoding: 'json'}},
    {name: 'anything', header: '*/*', accepted: {presentation: 'Object', encoding: 'json'}},
    {name: 'kubectl get', header: TABLE, accepted: {presentation: 'Table', encoding: 'json'}},
    {
      name: 'typed clients: protobuf is passed over',
      header: 'application/vnd.kubernetes.protobuf,application/json',
      accepted: {presentation: 'Object', encoding: 'json'},
    },
    {name: 'raw', header: 'application/json, */*', accepted: {presentation: 'Object', encoding: 'json'}},
    {name: 'YAML', header: 'application/yaml', accepted: {presentation: 'Object', encoding: 'yaml'}},
    {
      name: 'metadata informers',
      header: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
      accepted: {presentation: 'PartialObjectMetadata', encoding: 'json'},
    },
    {
      name: 'an unknown form, then JSON',
      header: 'application/json;as=Foo;g=x;v=v1,application/json',
      accepted: {presentation: 'Object', encoding: 'json'},
    },
    {name: 'protobuf alone', header: 'application/vnd.kubernetes.protobuf', accepted: undefined},
    {name: 'text', header: 'text/foo', accepted: undefined},
  ])('$name', ({header, accepted}) => {
    expect(negotiate(header)).toEqual(accepted);
  });
});

describe('Warning headers', () => {
  test('are quoted, with quotes and backslashes escaped', () => {
    expect(warningHeaders(['unknown field "spec.foo"', 'a\\b'])).toEqual([
      '299 - "unknown field \\"spec.foo\\""',
      '299 - "a\\\\b"',
    ]);
  });

  test('with control characters are dropped, repeated ones sent once', () => {
    expect(warningHeaders(['a\nb', 'same', 'same', ''])).toEqual(['299 - "same"']);
  });

  test('carry UTF-8 bytes', () => {
    const [value = ''] = warningHeaders(['grün']);
    expect(Buffer.from(value, 'latin1').toString()).toBe('299 - "grün"');
  });

  test('over 4,096 characters in all are cut to 256 each', () => {
    const values = warningHeaders(Array.from('abcdefghijklmnopqrst').map((letter) => letter.repeat(300)));
    expect(values).toHaveLength(16);
    expect(values[0]).toBe(`299 - "${'a'.repeat(256)}"`);
    expect(warningHeaders(['x'.repeat(5000)])).toEqual([`299 - "${'x'.repeat(256)}"`]);
  });
});
