import {describe, expect, test} from 'vitest';
import {builtinSchema} from '../../../src/dev/builtin/schemas.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {prune} from '../../../src/dev/schema/prune.ts';
import {anySchema} from '../../../src/dev/schema/schema.ts';
import {widget} from '../apply/example-kinds.ts';

describe('prune', () => {
  test('drops what is not declared and names it, sorted', () => {
    const {object, unknown} = prune(widget, {
      kind: 'Widget',
      metadata: {name: 'x', zork: 1},
      spec: {foo: 1, bar: {x: 1}, min: 1},
      extra: {},
    });
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
    expect(prune(widget, {spec: {name: null, mode: null, nothing: null}}).object).toEqual({
      spec: {mode: null, nothing: null},
    });
  });

  test('takes an embedded resource for what it is', () => {
    const schema = {properties: {template: {'type': 'object', 'x-kubernetes-embedded-resource': true} as const}};
    const {object, unknown} = prune(schema, {
      template: {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'x', zork: 1}, spec: {}},
    });
    expect(object).toEqual({template: {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'x'}}});
    expect(unknown).toEqual(['template.metadata.zork', 'template.spec']);
  });

  test('drops empty lists and maps of built-in kinds, and keeps empty structs', () => {
    const schema = builtinSchema('', 'v1', 'Pod') ?? anySchema;
    const pod = {
      metadata: {labels: {}},
      spec: {containers: [], volumes: [{name: 'a', emptyDir: {}}], nodeSelector: {}, tolerations: []},
    };
    expect(prune(schema, pod).object).toEqual({
      metadata: {},
      spec: {containers: [], volumes: [{name: 'a', emptyDir: {}}]},
    });
  });

  test('a member called __proto__ is data', () => {
    const body = JSON.parse('{"spec":{"opts":{"__proto__":"x"}}}') as JsonObject;
    expect(JSON.stringify(prune(widget, body).object)).toBe('{"spec":{"opts":{"__proto__":"x"}}}');
  });
});
