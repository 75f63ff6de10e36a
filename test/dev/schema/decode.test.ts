import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {builtinSchema} from '../../../src/dev/builtin/schemas.ts';
import {applyDefaults} from '../../../src/dev/schema/defaults.ts';
import {jsonEquals} from '../../../src/dev/schema/json.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {prune} from '../../../src/dev/schema/prune.ts';
import {anySchema} from '../../../src/dev/schema/schema.ts';
import {parseJson} from '../../../src/dev/schema/strict-json.ts';
import {parseYaml11} from '../../../src/dev/schema/yaml11.ts';
import {widget} from '../apply/example-kinds.ts';

describe('prune', () => {
  test('drops what is not declared and names it, sorted', () => {
    const {object, unknown} = prune(widget, {kind: 'Widget', metadata: {name: 'x', zork: 1}, spec: {foo: 1, bar: {x: 1}, min: 1}, extra: {}});
    expect(object).toEqual({kind: 'Widget', metadata: {name: 'x'}, spec: {min: 1}});
    expect(unknown).toEqual(['extra', 'metadata.zork', 'spec.bar', 'spec.foo']);
  });

  test('names list items by their place', () => {
    const schema = builtinSchema('', 'v1', 'Service') ?? anySchema;
    const {unknown} = prune(schema, {spec: {foo: 1, ports: [{port: 1, bar: 2}]}});
    expect(unknown).toEqual(['spec.foo', 'spec.ports[0].bar']);
  });

  test('keeps what unknown fields are allowed to hold', () => {
    const spec = {any: {deep: [{z: null}]}, opts: {k: 'v'}};
    expect(prune(widget, {spec})).toEqual({object: {spec}, unknown: []});
  });

  test('drops nulls that are neither nullable nor defaulted', () => {
    expect(prune(widget, {spec: {name: null, mode: null, nothing: null}}).object).toEqual({spec: {mode: null, nothing: null}});
  });

  test('takes an embedded resource for what it is', () => {
    const schema = {properties: {template: {'type': 'object', 'x-kubernetes-embedded-resource': true} as const}};
    const {object, unknown} = prune(schema, {template: {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'x', zork: 1}, spec: {}}});
    expect(object).toEqual({template: {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'x'}}});
    expect(unknown).toEqual(['template.metadata.zork', 'template.spec']);
  });

  test('drops empty lists and maps of built-in kinds, and keeps empty structs', () => {
    const schema = builtinSchema('', 'v1', 'Pod') ?? anySchema;
    const pod = {metadata: {labels: {}}, spec: {containers: [], volumes: [{name: 'a', emptyDir: {}}], nodeSelector: {}, tolerations: []}};
    expect(prune(schema, pod).object).toEqual({metadata: {}, spec: {containers: [], volumes: [{name: 'a', emptyDir: {}}]}});
  });

  test('a member called __proto__ is data', () => {
    const body = JSON.parse('{"spec":{"opts":{"__proto__":"x"}}}') as JsonObject;
    expect(JSON.stringify(prune(widget, body).object)).toBe('{"spec":{"opts":{"__proto__":"x"}}}');
  });
});

describe('applyDefaults', () => {
  test('fills in what is missing, at every depth', () => {
    expect(applyDefaults(widget, {spec: {items: [{name: 'a'}]}})).toEqual({spec: {mode: 'On', items: [{name: 'a', weight: 1}]}});
  });

  test('makes no objects for defaults within them', () => {
    expect(applyDefaults(widget, {})).toEqual({});
  });

  test('takes a null for missing where it is not nullable', () => {
    expect(applyDefaults(widget, {spec: {mode: null}})).toEqual({spec: {mode: 'On'}});
  });

  test('gives built-in kinds their structs', () => {
    const schema = builtinSchema('', 'v1', 'Service') ?? anySchema;
    expect(applyDefaults(schema, {spec: {ports: [{port: 80}]}})).toEqual({
      spec: {ports: [{port: 80, protocol: 'TCP'}]},
      status: {loadBalancer: {}},
    });
  });

  test('shares nothing with the schema', () => {
    const schema = {properties: {a: {default: {b: 1}}}};
    const defaulted = applyDefaults(schema, {}) as {a: {b: number}};
    defaulted.a.b = 2;
    expect(applyDefaults(schema, {})).toEqual({a: {b: 1}});
  });

  test('twice is once', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('mode', 'items', 'ports', 'any'), fc.jsonValue()), (spec) => {
        const once = applyDefaults(widget, {spec});
        expect(applyDefaults(widget, once)).toEqual(once);
      }),
    );
  });
});

describe('parseJson', () => {
  test.each([
    {name: 'a field twice', text: '{"spec":{"min":1,"min":2}}', duplicates: ['spec.min']},
    {name: 'a field thrice is named once', text: '{"a":1,"a":2,"a":3}', duplicates: ['a']},
    {name: 'a field of a list item', text: '{"p":[{"b":1},{"b":1,"b":2}]}', duplicates: ['p[1].b']},
    {name: 'the same name in different objects', text: '{"a":{"x":1},"b":{"x":1}}', duplicates: []},
    {name: 'an escaped name', text: String.raw`{"a":1,"\u0061":2}`, duplicates: ['a']},
    {name: 'brackets and quotes in strings', text: String.raw`{"a":"{\"b\":1,","c":"\\"}`, duplicates: []},
    {name: 'a list of lists', text: '[[{"a":1}],{"a":1,"a":1}]', duplicates: ['[1].a']},
  ])('$name', ({text, duplicates}) => {
    expect(parseJson(text)).toEqual({value: JSON.parse(text), duplicates});
  });

  test('depth costs no stack', () => {
    const text = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(parseJson(text).duplicates).toEqual([]);
  });

  test('finds none in what JSON.stringify writes', () => {
    fc.assert(fc.property(fc.json(), (text) => parseJson(text).duplicates.length === 0));
  });

  test('says where a text is no JSON', () => {
    expect(() => parseJson('{"a":')).toThrow('the body is not JSON');
  });
});

describe('parseYaml11', () => {
  test('reads unquoted y, yes, on, no and off as booleans, as API servers do', () => {
    expect(parseYaml11('tags: [x, y, Yes, on, no, OFF, "y"]')).toEqual({tags: ['x', true, true, true, false, false, 'y']});
  });

  test.each([
    {name: 'a date stays text', text: 'a: 2026-01-01', value: {a: '2026-01-01'}},
    {name: 'a time is no number of base 60', text: 'a: 12:30', value: {a: '12:30'}},
    {name: 'octal numbers', text: 'a: 0644', value: {a: 420}},
    {name: 'merged anchors', text: 'a: &x {b: 1}\nc: {<<: *x, d: 2}', value: {a: {b: 1}, c: {b: 1, d: 2}}},
    {name: 'numbers as keys', text: '8080: a', value: {8080: 'a'}},
    {name: 'of two equal keys the last', text: 'a: 1\na: 2', value: {a: 2}},
    {name: 'JSON, tabs included', text: '{\t"a":\t"y"}', value: {a: 'y'}},
    {name: 'a flow map that is no JSON', text: '{a: y}', value: {a: true}},
    {name: 'nothing', text: '', value: null},
  ])('$name', ({text, value}) => {
    expect(parseYaml11(text)).toEqual(value);
  });

  test.each([
    {name: 'a list without an end', text: 'a: ['},
    {name: 'two documents', text: 'a: 1\n---\nb: 2'},
    {name: 'a bomb of aliases', text: `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]`},
  ])('$name is refused', ({text}) => {
    expect(() => parseYaml11(text)).toThrow('the body is not YAML');
  });
});

describe('jsonEquals', () => {
  test('does not mind the order of keys, and tells null from missing', () => {
    expect(jsonEquals({a: 1, b: [{c: 2}]}, {b: [{c: 2}], a: 1})).toBe(true);
    expect(jsonEquals({a: null}, {})).toBe(false);
    expect(jsonEquals([1, 2], [2, 1])).toBe(false);
    expect(jsonEquals([], {})).toBe(false);
  });
});
