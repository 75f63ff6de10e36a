import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Attributes} from '../../../src/dev/authorization/attributes.ts';
import {allows} from '../../../src/dev/authorization/policy-rule.ts';
import type {PolicyRule} from '../../../src/dev/authorization/policy-rule.ts';
import {describeMissing, uncovered} from '../../../src/dev/authorization/rule-coverage.ts';

const NONE: PolicyRule = {verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: []};
const user = {username: 'u', uid: '', groups: []};

const some = (...values: readonly string[]) => fc.uniqueArray(fc.constantFrom(...values), {minLength: 1, maxLength: 3});
const resourceRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some('get', 'list', '*'),
  apiGroups: some('', 'apps', '*'),
  resources: some('pods', 'pods/log', 'nodes', '*/log', '*'),
  resourceNames: fc.oneof(fc.constant<string[]>([]), some('a', 'b')),
  nonResourceURLs: fc.constant([]),
});
const pathRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some('get', 'post', '*'),
  nonResourceURLs: some('/a', '/a/*', '/a/b', '*'),
  apiGroups: fc.constant([]),
  resources: fc.constant([]),
  resourceNames: fc.constant([]),
});
const rule = fc.oneof(resourceRule, pathRule);
const request: fc.Arbitrary<Attributes> = fc.record({
  user: fc.constant(user),
  verb: fc.constantFrom('get', 'list', 'post', 'patch'),
  path: fc.constantFrom('/a', '/a/b', '/a/b/c', '/b'),
  resource: fc.option(
    fc.record({
      group: fc.constantFrom('', 'apps', 'batch'),
      resource: fc.constantFrom('pods', 'nodes', 'jobs'),
      subresource: fc.constantFrom('', 'log', 'exec'),
      namespace: fc.constant('default'),
      name: fc.constantFrom('', 'a', 'b', 'c'),
    }),
    {nil: undefined},
  ),
});

describe('rules', () => {
  test('that are covered allow nothing that those who cover them do not', () => {
    fc.assert(
      fc.property(fc.array(rule, {maxLength: 3}), rule, request, (held, wanted, attributes) => {
        fc.pre(uncovered(held, [wanted]).length === 0 && allows(wanted, attributes));
        return held.some((one) => allows(one, attributes));
      }),
      {numRuns: 2_000},
    );
  });

  test('cover themselves, and everything covers all', () => {
    const all: PolicyRule[] = [
      {...NONE, verbs: ['*'], apiGroups: ['*'], resources: ['*']},
      {...NONE, verbs: ['*'], nonResourceURLs: ['*']},
    ];
    fc.assert(
      fc.property(fc.array(rule, {maxLength: 4}), (rules) => {
        expect(uncovered(rules, rules)).toEqual([]);
        expect(uncovered(all, rules)).toEqual([]);
      }),
    );
  });

  test('are described by what is missing of them, verbs together, in a fixed order', () => {
    const wanted = [{...NONE, verbs: ['list', 'get'], apiGroups: [''], resources: ['pods', 'nodes']}];
    const held = [{...NONE, verbs: ['get'], apiGroups: ['*'], resources: ['nodes']}];
    expect(describeMissing(uncovered(held, wanted))).toEqual([
      '{APIGroups:[""], Resources:["nodes"], Verbs:["list"]}',
      '{APIGroups:[""], Resources:["pods"], Verbs:["list" "get"]}',
    ]);
  });

  test('a right on named objects is none on all', () => {
    const held = [{...NONE, verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a']}];
    expect(uncovered(held, [{...held[0], resourceNames: []} as PolicyRule])).toHaveLength(1);
  });
});
