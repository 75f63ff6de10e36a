import {describe, expect, test} from 'vitest';

import type {CopyState} from '../../src/hub/plan-policy-status.ts';
import {judgeCopies, planPolicyStatus} from '../../src/hub/plan-policy-status.ts';

const held: CopyState = {state: 'Held'};
const failed: CopyState = {state: 'Failed', why: 'denied'};
const unknown: CopyState = {state: 'Unknown', why: 'Unreachable'};
const waiting: CopyState = {state: 'Waiting', why: 'Connecting'};
const notNeeded: CopyState = {state: 'NotNeeded', why: 'it has no namespace bar'};

interface Row {
  readonly name: string;
  readonly copies: Readonly<Record<string, CopyState>>;
  readonly isProtected?: boolean;
  readonly is: string;
  readonly message: string;
  readonly passing?: true;
}

const rows: readonly Row[] = [
  {name: 'all hold it', copies: {a: held, b: held}, is: 'True/Synced', message: '2 of 2 members hold it.'},
  {
    name: 'one that needs none is not counted, and told',
    copies: {a: held, b: notNeeded},
    is: 'True/Synced',
    message: '1 of 1 members hold it. Not needed in b (it has no namespace bar).',
  },
  {
    name: 'nobody needs one',
    copies: {a: notNeeded},
    is: 'True/Synced',
    message: 'No member needs a copy. Not needed in a (it has no namespace bar).',
  },
  {
    name: 'a refusal weighs more than all else',
    copies: {c: unknown, a: held, b: failed, d: waiting},
    is: 'False/Refused',
    message:
      '1 of 4 members hold it. Refused by b (denied). On its way to d (Connecting). Not known of c (Unreachable).',
  },
  {
    name: 'one that can not be asked makes it unknown, never false',
    copies: {a: held, b: unknown},
    is: 'Unknown/MembersUnknown',
    message: '1 of 2 members hold it. Not known of b (Unreachable).',
  },
  {
    name: 'what is on its way is passing',
    copies: {a: held, b: waiting},
    is: 'Unknown/Pending',
    message: '1 of 2 members hold it. On its way to b (Connecting).',
    passing: true,
  },
  {name: 'no members: nothing was seen', copies: {}, is: 'Unknown/NoMembers', message: 'No cluster is registered.'},
  {
    name: 'a protected namespace: it is written nowhere',
    copies: {a: notNeeded},
    isProtected: true,
    is: 'False/ProtectedNamespace',
    message: 'Nothing is written into a namespace of this name in any member. Use a namespace of your own.',
  },
  {
    name: 'the first names are told, in order, and how many more there are',
    copies: Object.fromEntries(['g', 'f', 'e', 'd', 'c', 'b', 'a'].map((id) => [id, unknown])),
    is: 'Unknown/MembersUnknown',
    message:
      '0 of 7 members hold it. Not known of a (Unreachable), b (Unreachable), c (Unreachable), d (Unreachable), e (Unreachable) and 2 more.',
  },
];

describe('the condition of a policy of the hub', () => {
  test.each(rows)('$name', ({copies, isProtected = false, is, message, passing}) => {
    const opinion = judgeCopies({copies: new Map(Object.entries(copies)), isProtected});
    expect(opinion).toEqual({
      status: is.split('/')[0],
      reason: is.split('/')[1],
      message,
      ...(passing === undefined ? {} : {passing}),
    });
  });

  test("an API server's words are cut, and a sentence for 200 members fits a condition", () => {
    const long: CopyState = {state: 'Failed', why: 'x'.repeat(10_000)};
    const copies = new Map(Array.from({length: 200}, (_, i) => [`c${i}`, long] as const));
    const {message} = judgeCopies({copies, isProtected: false});
    expect(message.length).toBeLessThan(4_096);
    expect(message).toContain('and 195 more');
  });

  test('it says which generation it speaks of, carries the uid, and keeps its time while the status stays', () => {
    const policy = {
      apiVersion: 'isthmus.dev/v1alpha1',
      kind: 'ExportPolicy',
      metadata: {name: 'p', uid: 'u', generation: 3},
    };
    const first = planPolicyStatus({policy, copies: new Map([['a', held]]), isProtected: false}, 1_000_000);
    expect(first.metadata).toEqual({name: 'p', uid: 'u'});
    expect(first.status?.conditions).toEqual([
      {
        type: 'Synced',
        status: 'True',
        reason: 'Synced',
        message: '1 of 1 members hold it.',
        observedGeneration: 3,
        lastTransitionTime: '1970-01-01T00:16:40Z',
      },
    ]);
    const before = {...policy, ...(first.status === undefined ? {} : {status: first.status})};
    const copies = new Map([['a', held] as const, ['b', held] as const]);
    const second = planPolicyStatus({policy: before, copies, isProtected: false}, 2_000_000);
    expect(second.status?.conditions?.[0]).toMatchObject({
      message: '2 of 2 members hold it.',
      lastTransitionTime: '1970-01-01T00:16:40Z',
    });
  });
});
