import {describe, expect, test} from 'vitest';

import {checkRules} from '../../../src/dev/rules/check-rules.ts';
import {ruleTree} from '../../../src/dev/rules/rule-tree.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import type {Schema} from '../../../src/dev/schema/schema.ts';

function run(
  schema: Schema,
  object: JsonObject,
  old?: JsonObject,
): {errors: readonly string[]; warnings: readonly string[]} {
  const tree = ruleTree({type: 'object', properties: {spec: schema}});
  if (tree === undefined) throw new Error('the schema has no rules');
  const warnings: string[] = [];
  const wrap = (spec: JsonObject): JsonObject => ({apiVersion: 'a/v1', kind: 'A', metadata: {name: 'a'}, spec});
  const write = {object: wrap(object), old: old === undefined ? undefined : wrap(old)};
  const errors = checkRules(tree, write, (text) => warnings.push(text));
  return {errors: errors.map(({field, message}) => `${field}: ${message}`), warnings};
}

/** Costs about five units a pair. */
const PAIRS = 'self.all(x, self.all(y, x == y || x != y))';
const pairs = (more: object = {}): Schema => ({
  'type': 'array',
  'items': {type: 'integer'},
  'x-kubernetes-validations': [{rule: PAIRS, ...more}],
});
const numbers = (count: number): number[] => Array.from({length: count}, (_, at) => at);

describe('an expression can neither hang nor exhaust an API server', () => {
  test('a call that costs too much ends all rules of the object', () => {
    const schema: Schema = {
      type: 'object',
      properties: {l: pairs({message: 'fits'}), z: {...pairs(), 'x-kubernetes-validations': [{rule: 'false'}]}},
    };
    const error =
      `spec.l: Invalid value: "array": 'operation cancelled: actual cost limit exceeded': ` +
      'no further validation rules will be run due to call cost exceeds limit for rule: fits';
    expect(run(schema, {l: numbers(2_000), z: [1]}).errors).toEqual([error]);
  });

  test('so do many that each cost less', () => {
    const schema: Schema = {type: 'object', properties: {ls: {type: 'array', items: pairs()}}};
    const ls = Array.from({length: 40}, () => numbers(300));
    const {errors} = run(schema, {ls});
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /^spec\.ls\[\d+\]: Invalid value: "array": validation failed due to running out of cost budget, no further validation rules will be run$/,
    );
    expect(run(schema, {ls: ls.slice(0, 5)}).errors).toEqual([]);
  });

  test('a message that costs too much takes the place of what it was to say', () => {
    const schema = pairs({rule: 'self.size() < 2', messageExpression: `${PAIRS} ? 'a' : 'b'`});
    const {errors} = run({type: 'object', properties: {l: schema}}, {l: numbers(2_000)});
    expect(errors).toEqual([
      `spec.l: Invalid value: "array": no further validation rules will be run due to call cost exceeds limit for messageExpression: "${PAIRS} ? 'a' : 'b'"`,
    ]);
  });
});

describe('messages', () => {
  const said = (messageExpression: string): readonly string[] =>
    run({'type': 'object', 'x-kubernetes-validations': [{rule: 'false', message: 'said', messageExpression}]}, {})
      .errors;

  test.each([
    ["'  trimmed '", 'trimmed'],
    ["''", 'said'],
    [String.raw`'two\nlines'`, 'said'],
    [`'${'x'.repeat(6_000)}'`, 'said'],
    ['string(1 / 0)', 'said'],
  ])('%s', (expression, message) => {
    expect(said(expression)).toEqual([`spec: Invalid value: ${message}`]);
  });
});

describe('where rules are looked for', () => {
  const never = {'x-kubernetes-validations': [{rule: 'false', message: 'no'}]};

  test('within allOf too, where they are not excused by being what they were', () => {
    const schema: Schema = {
      type: 'object',
      properties: {a: {type: 'string'}},
      allOf: [{properties: {a: never}}],
      ...never,
    };
    expect(run(schema, {a: 'x'}).errors).toEqual(['spec: Invalid value: no', 'spec.a: Invalid value: "x": no']);
    const again = run(schema, {a: 'x'}, {a: 'x'});
    expect(again.warnings).toContain('spec: Invalid value: no');
  });

  test('not at nulls, and not in fields of an unknown type', () => {
    const schema: Schema = {
      type: 'object',
      properties: {
        a: {type: 'string', nullable: true, ...never},
        b: {'x-kubernetes-preserve-unknown-fields': true, ...never},
      },
    };
    expect(run(schema, {a: null, b: {c: 1}}).errors).toEqual([]);
  });

  test('at members called like those of every object', () => {
    const schema: Schema = {
      type: 'object',
      additionalProperties: {'type': 'integer', 'x-kubernetes-validations': [{rule: 'self > 0'}]},
    };
    const object = JSON.parse('{"__proto__": 0, "constructor": 1, "toString": 0}') as JsonObject;
    expect(run(schema, object).errors).toEqual([
      'spec[__proto__]: Invalid value: 0: failed rule: self > 0',
      'spec[toString]: Invalid value: 0: failed rule: self > 0',
    ]);
  });
});
