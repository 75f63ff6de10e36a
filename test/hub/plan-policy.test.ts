import {describe, expect, test} from 'vitest';
import {planPolicy, type PolicySituation} from '../../src/hub/plan-policy.ts';
import {copyKeyOf, originalKeyOf, type Policy} from '../../src/hub/policy-kinds.ts';

const policyOf = (name: string, more: Partial<Policy['metadata']> = {}): Policy => ({
  apiVersion: 'isthmus.dev/v1alpha1',
  kind: 'ExportPolicy',
  metadata: {name, uid: `uid-${name}`, generation: 1, resourceVersion: '1', ...more},
  spec: {rules: [{name: 'none', action: 'Deny'}]},
});

describe('the copy of a policy in a member', () => {
  const ours = {'app.kubernetes.io/managed-by': 'isthmus-hub'};
  const copy = policyOf('isthmus-hub.closed', {labels: ours});
  const base: PolicySituation = {
    original: policyOf('closed', {labels: {team: 'a'}, annotations: {note: 'x'}}),
    actual: undefined,
    isOriginalThere: false,
    namespace: undefined,
    ownNamespace: 'isthmus-system',
  };
  const inNamespace = (name: string, state: 'Present' | 'Absent' | 'Terminating') => ({namespace: {name, state}});

  test('has the spec and nothing else of the original', () => {
    expect(planPolicy(base)).toEqual({
      do: 'write',
      object: {
        apiVersion: 'isthmus.dev/v1alpha1',
        kind: 'ExportPolicy',
        metadata: {name: 'isthmus-hub.closed', labels: ours, annotations: {'isthmus.dev/policy-for': 'closed'}},
        spec: {rules: [{name: 'none', action: 'Deny'}]},
      },
    });
  });

  test.each<{name: string; of: Partial<PolicySituation>; does: string}>([
    {name: 'without an original it goes', of: {original: undefined, actual: copy}, does: 'delete'},
    {name: "somebody's own under its name stays", of: {original: undefined, actual: policyOf('x')}, does: 'nothing'},
    {name: 'one whose label was taken off is mended', of: {actual: policyOf('isthmus-hub.closed')}, does: 'write'},
    {name: "the hub's own cluster has the original", of: {isOriginalThere: true}, does: 'nothing'},
    {name: 'and needs no copy any more', of: {isOriginalThere: true, actual: copy}, does: 'delete'},
    {name: 'its namespace is there', of: inNamespace('bar', 'Present'), does: 'write'},
    {name: 'its namespace is missing', of: inNamespace('bar', 'Absent'), does: 'nothing'},
    {name: 'its namespace goes', of: inNamespace('bar', 'Terminating'), does: 'nothing'},
    {name: 'its namespace is protected', of: inNamespace('kube-system', 'Present'), does: 'nothing'},
    {name: "and Isthmus' own", of: inNamespace('isthmus-system', 'Present'), does: 'nothing'},
  ])('$name', ({of, does}) => {
    expect(planPolicy({...base, ...of}).do).toBe(does);
  });

  test('is found by its name alone', () => {
    expect([copyKeyOf('closed'), copyKeyOf('bar/foo')]).toEqual(['isthmus-hub.closed', 'bar/isthmus-hub.foo']);
    expect([originalKeyOf('isthmus-hub.closed'), originalKeyOf('bar/isthmus-hub.foo')]).toEqual(['closed', 'bar/foo']);
    expect(originalKeyOf('closed')).toBeUndefined();
  });
});
