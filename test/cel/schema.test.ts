import {describe, expect, test} from 'vitest';

import {escapeProperty, typeOfSchema} from '../../src/cel/schema-type.ts';
import {compile} from '../../src/cel/compile.ts';
import {DYN} from '../../src/cel/types.ts';
import type {TypedSchema} from '../../src/cel/schema-type.ts';
import {shown} from './conformance-values.ts';
import {typeName} from '../../src/cel/types.ts';

const schema: TypedSchema = {
  type: 'object',
  properties: {
    'min': {type: 'integer'},
    'ratio': {type: 'number'},
    'at': {type: 'string', format: 'date-time'},
    'day': {type: 'string', format: 'date'},
    'wait': {type: 'string', format: 'duration'},
    'raw': {type: 'string', format: 'byte'},
    'port': {'x-kubernetes-int-or-string': true},
    'maybe': {type: 'string', nullable: true},
    'tags': {'type': 'array', 'items': {type: 'string'}, 'x-kubernetes-list-type': 'set'},
    'ports': {
      'type': 'array',
      'items': {type: 'object', properties: {name: {type: 'string'}, number: {type: 'integer'}}},
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    'labels': {type: 'object', additionalProperties: {type: 'string'}},
    'anything': {'x-kubernetes-preserve-unknown-fields': true},
    'open': {'type': 'object', 'properties': {known: {type: 'string'}}, 'x-kubernetes-preserve-unknown-fields': true},
    'x-dashed': {type: 'integer'},
    'namespace': {type: 'string'},
    'double__underscore': {type: 'integer'},
    '1digit': {type: 'integer'},
    'embedded': {'type': 'object', 'x-kubernetes-embedded-resource': true},
  },
};

const type = typeOfSchema(schema) ?? DYN;

function answer(rule: string, self: unknown, oldSelf: unknown = {}): unknown {
  const compiled = compile(rule, {variables: {self: type, oldSelf: type}});
  if (!compiled.ok) return compiled.error.split('\n')[0];
  const outcome = compiled.program.evaluate({self, oldSelf});
  return outcome.ok ? shown(outcome.value) : `error: ${outcome.error}`;
}

describe('a variable with a schema', () => {
  test.each([
    ['an integer is an int', 'self.min', {min: 1}, 'int 1'],
    ['an integral number is a double', 'self.ratio', {ratio: 1}, 'double 1'],
    ['a date-time is a timestamp', 'self.at.getFullYear()', {at: '2024-02-29T00:00:00Z'}, 'int 2024'],
    ['a date is a timestamp', 'self.day.getDate()', {day: '2024-02-29'}, 'int 29'],
    ['a duration is one', 'self.wait > duration("1m")', {wait: '1h'}, true],
    ['bytes are decoded', 'self.raw', {raw: 'aGk='}, 'bytes 6869'],
    ['int-or-string is either', 'type(self.port) == int || self.port == "http"', {port: 'http'}, true],
    [
      'null does not compare with a string, nullable or not',
      'self.maybe == null',
      {},
      "ERROR: <input>:1:12: found no matching overload for '_==_' applied to '(string, null)'",
    ],
    ['a field that is null is absent', 'has(self.maybe) || has(self.min)', {maybe: null, min: null}, false],
    ['sets compare without order', 'self.tags == oldSelf.tags', {tags: ['a', 'b']}, true],
    [
      'maps compare by their keys',
      'self.ports == oldSelf.ports',
      {
        ports: [
          {name: 'a', number: 1},
          {name: 'b', number: 2},
        ],
      },
      true,
    ],
    ['the sum of sets is their union', '(self.tags + oldSelf.tags).size()', {tags: ['a', 'c']}, 'int 3'],
    [
      'the sum of map lists merges by keys',
      '(self.ports + oldSelf.ports).map(p, p.number)',
      {ports: [{name: 'a', number: 7}]},
      ['int 1', 'int 2'],
    ],
    ['additional properties make a map', 'self.labels["app"]', {labels: {app: 'x'}}, 'x'],
    ['an unknown type is no field', 'self.anything', {}, "ERROR: <input>:1:5: undefined field 'anything'"],
    ['preserved fields are not seen', 'self.open.other', {}, "ERROR: <input>:1:10: undefined field 'other'"],
    ['dashes are escaped', 'self.x__dash__dashed', {'x-dashed': 3}, 'int 3'],
    ['reserved words are escaped', 'self.__namespace__', {namespace: 'n'}, 'n'],
    ['double underscores are escaped', 'self.double__underscores__underscore', {double__underscore: 1}, 'int 1'],
    [
      'an embedded resource has a kind and a name',
      'self.embedded.kind + self.embedded.metadata.name',
      {embedded: {kind: 'Pod', metadata: {name: 'x'}}},
      'Podx',
    ],
    ['an absent field is an error', 'self.min > 1', {}, 'error: no such key: min'],
    ['an absent field is not there', 'has(self.min)', {}, false],
    ['an undeclared member is not there', 'has(self.labels.zork)', {labels: {}}, false],
  ])('%s', (_name, rule, self, value) => {
    const oldSelf = {
      tags: ['b', 'a'],
      ports: [
        {name: 'b', number: 2},
        {name: 'a', number: 1},
      ],
    };
    expect(answer(rule, self, oldSelf)).toEqual(value);
  });

  test('data that does not fit its schema is an error, not a wrong answer', () => {
    expect(answer('self.min == 1', {min: 'x'})).toBe('error: invalid data, expected integer value');
    expect(answer('self.tags.size() == 1', {tags: 'x'})).toMatch(/^error: invalid data, expected an array/);
    expect(answer('self.at == self.at', {at: 'x'})).toBe('error: Invalid date formatted string x');
  });

  test('members of the prototype are no fields', () => {
    const dyn = compile("has(self.constructor) || 'toString' in self || has(self.__proto__)", {variables: {self: DYN}});
    expect(dyn.ok && dyn.program.evaluate({self: {}})).toMatchObject({value: false});
  });

  test('a name no expression can write is left out', () => {
    expect(escapeProperty('1digit')).toBeUndefined();
    expect(escapeProperty('a/b.c')).toBe('a__slash__b__dot__c');
  });

  test('the root has metadata with a name, and nothing else of it', () => {
    const root = typeOfSchema({type: 'object'}, {root: true}) ?? DYN;
    const named = compile('self.metadata.name == "a"', {variables: {self: root}});
    expect(named.ok && named.program.evaluate({self: {metadata: {name: 'a'}}})).toMatchObject({ok: true, value: true});
    expect(compile('self.metadata.labels == {}', {variables: {self: root}})).toMatchObject({
      ok: false,
      error: "ERROR: <input>:1:14: undefined field 'labels'\n | self.metadata.labels == {}\n | .............^",
    });
  });

  test('types print as cel-go prints them', () => {
    expect(
      typeName(typeOfSchema({type: 'array', items: {type: 'object', additionalProperties: {type: 'integer'}}}) ?? DYN),
    ).toBe('list(map(string, int))');
  });
});

/** Recorded from kube-apiserver 1.36.3. */
describe('texts a real server was seen to say', () => {
  test('an undefined field', () => {
    const self = typeOfSchema({type: 'object', properties: {a: {type: 'integer'}}}) ?? DYN;
    expect(compile('self.b == 1', {variables: {self}})).toEqual({
      ok: false,
      error: "ERROR: <input>:1:5: undefined field 'b'\n | self.b == 1\n | ....^",
    });
  });

  test('a missing key', () => {
    const compiled = compile("object.data.zork == 'x'", {variables: {object: DYN}});
    expect(compiled.ok && compiled.program.evaluate({object: {data: {}}})).toMatchObject({
      ok: false,
      error: 'no such key: zork',
      costExceeded: false,
    });
  });
});
