import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {builtinSchema} from '../../../src/dev/builtin/schemas.ts';
import {applyDefaults} from '../../../src/dev/schema/defaults.ts';
import {anySchema} from '../../../src/dev/schema/schema.ts';
import {widget} from '../apply/example-kinds.ts';

describe('applyDefaults', () => {
  test('fills in what is missing, at every depth', () => {
    expect(applyDefaults(widget, {spec: {items: [{name: 'a'}]}})).toEqual({
      spec: {mode: 'On', items: [{name: 'a', weight: 1}]},
    });
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
