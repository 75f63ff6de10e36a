import {expect, test} from 'vitest';

import {buildPolicyStatus} from '../../src/clusterset/policy-status.ts';

const said = {type: 'Effective', status: 'True', reason: 'Own', message: 'It counts.'} as const;
const policy = {
  apiVersion: 'isthmus.dev/v1alpha1',
  kind: 'ExportPolicy',
  metadata: {name: 'p', namespace: 'shop', uid: 'u', generation: 3, labels: {a: 'b'}, resourceVersion: '7'},
  spec: {enforcement: 'Deny', rules: []},
} as const;

test('the apply names the object by its uid, so that it brings no deleted policy back, and says of which generation it speaks', () => {
  expect(buildPolicyStatus(policy, said, 1_000_000)).toEqual({
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'ExportPolicy',
    metadata: {name: 'p', namespace: 'shop', uid: 'u'},
    status: {conditions: [{...said, observedGeneration: 3, lastTransitionTime: '1970-01-01T00:16:40Z'}]},
  });
});

test('of a policy without namespace, uid and generation none of them is made up', () => {
  const bare = {apiVersion: policy.apiVersion, kind: policy.kind, metadata: {name: 'p'}};
  const {metadata, status} = buildPolicyStatus(bare, said, 1_000_000);
  expect(metadata).toEqual({name: 'p'});
  expect(status.conditions).toEqual([{...said, lastTransitionTime: '1970-01-01T00:16:40Z'}]);
});

test("one condition is applied: what others say is left to them, and what is not the standard's is left out", () => {
  const before = {...said, type: 'Synced', lastTransitionTime: '2026-01-01T00:00:00Z'};
  const told = {...policy, status: {conditions: [before]}};
  const {status} = buildPolicyStatus(told, {...said, ...{passing: true}}, 1_000_000);
  expect(status.conditions).toEqual([{...said, observedGeneration: 3, lastTransitionTime: '1970-01-01T00:16:40Z'}]);
});

test('the time stays while the status does', () => {
  const first = buildPolicyStatus(policy, said, 1_000_000);
  const second = buildPolicyStatus({...policy, status: first.status}, {...said, reason: 'FromHub'}, 2_000_000);
  expect(second.status.conditions).toMatchObject([{reason: 'FromHub', lastTransitionTime: '1970-01-01T00:16:40Z'}]);
  const third = buildPolicyStatus({...policy, status: first.status}, {...said, status: 'False'}, 2_000_000);
  expect(third.status.conditions).toMatchObject([{status: 'False', lastTransitionTime: '1970-01-01T00:33:20Z'}]);
});
