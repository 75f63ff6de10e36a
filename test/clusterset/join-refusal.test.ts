import {expect, test} from 'vitest';

import type {JoinFacts} from '../../src/clusterset/join-refusal.ts';
import {joinRefusal} from '../../src/clusterset/join-refusal.ts';

const fresh: JoinFacts = {
  name: 'a',
  uid: 'uid-a',
  records: [],
  isLeaving: false,
  clusterId: undefined,
  clustersetId: undefined,
  wantedClusterset: undefined,
};
const member = {name: 'a', uid: 'uid-a', left: false};

const rows: readonly [string, Partial<JoinFacts>, string | undefined][] = [
  ['a fresh cluster may join', {}, undefined],
  ['a member may join again', {records: [member], clusterId: 'a', clustersetId: 'set'}, undefined],
  ['one that was never identified under that name may', {records: [{...member, uid: undefined}]}, undefined],
  ['one that left and was not cleared may join again', {records: [{...member, left: true}]}, undefined],
  ['even under another name', {records: [{name: 'b', uid: 'uid-a', left: true}], clusterId: 'b'}, undefined],
  ['one that is leaving waits', {isLeaving: true}, 'is just leaving'],
  ['a member under another name', {records: [{name: 'b', uid: 'uid-a', left: false}]}, 'a member already, as b'],
  ['a name that is taken', {records: [{...member, uid: 'uid-b'}]}, 'a is another cluster already'],
  ['a name that is not free yet', {records: [{...member, uid: 'uid-b', left: true}]}, '--forget'],
  ['another clusterset', {clustersetId: 'theirs'}, 'clusterset "theirs"'],
  ['the clusterset that was named', {clustersetId: 'ours', wantedClusterset: 'ours'}, undefined],
  ['another one than was named', {clustersetId: 'theirs', wantedClusterset: 'ours'}, 'clusterset "theirs"'],
  [
    'a member whose clusterset is another than was named',
    {records: [member], clustersetId: 'x', wantedClusterset: 'y'},
    'clusterset "x"',
  ],
  ['another id', {clusterId: 'b'}, 'it calls itself "b"'],
];

test.each(rows)('%s', (_, facts, says) => {
  const refusal = joinRefusal({...fresh, ...facts});
  if (says === undefined) expect(refusal).toBeUndefined();
  else expect(refusal).toContain(says);
});
