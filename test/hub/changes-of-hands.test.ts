import {expect, test} from 'vitest';
import {ChangesOfHands, type WrittenBy} from '../../src/hub/changes-of-hands.ts';

type Step = readonly [atMs: number, by: WrittenBy, isUnderWay: boolean];

test.each<readonly [string, readonly Step[]]>([
  [
    'one that nobody has had yet',
    [
      [0, 'nobody', false],
      [9_000, 'another', false],
      [9_001, 'another', false],
    ],
  ],
  [
    'one that was found with a writer',
    [
      [0, 'another', false],
      [100, 'another', false],
    ],
  ],
  [
    'between two writers, and a little longer',
    [
      [0, 'another', false],
      [90_000, 'nobody', true],
      [90_100, 'this', true],
      [95_099, 'this', true],
      [95_100, 'this', false],
    ],
  ],
  [
    'one that nobody takes',
    [
      [0, 'this', false],
      [90_000, 'nobody', true],
      [95_000, 'nobody', false],
    ],
  ],
  [
    'one that was free for long, and is taken again',
    [
      [0, 'this', false],
      [90_000, 'nobody', true],
      [190_000, 'nobody', false],
      [190_001, 'another', true],
      [195_001, 'another', false],
    ],
  ],
])('changes hands: %s', (_, steps) => {
  const [hands, member] = [new ChangesOfHands(), {}];
  for (const [atMs, by, isUnderWay] of steps)
    expect([atMs, hands.isUnderWay(member, by, atMs)]).toEqual([atMs, isUnderWay]);
  expect(hands.isUnderWay({}, 'nobody', 0)).toBe(false);
});
