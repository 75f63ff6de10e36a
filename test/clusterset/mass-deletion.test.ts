import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {judgeDeletions, noFalls} from '../../src/clusterset/mass-deletion.ts';
import type {DeletionCandidate, DeletionInput, GuardState, HeldBack} from '../../src/clusterset/mass-deletion.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const names = (count: number, from = 0) =>
  Array.from({length: count}, (_, at) => `bar/s${String(from + at).padStart(3, '0')}`);

/** A member as the hub sees it: what it exports, what is accepted of it, and the guard in between. */
class Member {
  state: GuardState = noFalls;
  accepted: Set<string>;
  listed: Set<string>;
  readonly gone = new Set<string>();
  leaving = false;
  confirmedAtMs: number | undefined;
  /** Of the replica that decides; absent: this one. */
  decider: DeletionInput['decider'];
  readonly unknown = new Set<string>();

  constructor(count: number) {
    this.accepted = new Set(names(count));
    this.listed = new Set(this.accepted);
  }

  /** One observation; returns how many are held after it. */
  observe(nowMs: number): number {
    for (const key of this.listed) this.accepted.add(key);
    const missing: DeletionCandidate[] = [...this.accepted]
      .filter((key) => !this.listed.has(key))
      .map((key) => ({
        ...{key, serviceGone: this.gone.has(key), namespaceGone: false},
        ...(this.unknown.has(key) ? {unknown: true} : {}),
      }));
    const {state, released, held} = judgeDeletions({
      state: this.state,
      before: this.accepted,
      missing,
      nowMs,
      clusterLeaving: this.leaving,
      confirmedAtMs: this.confirmedAtMs,
      decider: this.decider,
    });
    for (const key of released) this.accepted.delete(key);
    this.state = state;
    return held.size;
  }

  /** These exports vanish from the list. */
  drop(keys: readonly string[]): this {
    for (const key of keys) this.listed.delete(key);
    return this;
  }
}

describe('what is held back (design §5: at least 10 exports and more than half, within 60 s)', () => {
  const cases = [
    {name: '9 of 9 are let through: fewer than 10 are never held', exported: 9, fallen: 9, held: 0},
    {name: '10 of 10 are held', exported: 10, fallen: 10, held: 10},
    {name: '10 of 19 are held: more than half', exported: 19, fallen: 10, held: 10},
    {name: '10 of 20 are let through: half is not more than half', exported: 20, fallen: 10, held: 0},
    {name: '11 of 20 are held', exported: 20, fallen: 11, held: 11},
    {name: '100 of 300 are let through', exported: 300, fallen: 100, held: 0},
  ];
  test.each(cases)('$name', ({exported, fallen, held}) => {
    const member = new Member(exported).drop(names(fallen));
    expect(member.observe(0)).toBe(held);
    expect(member.accepted.size).toBe(exported - fallen + held);
  });

  test('many single events within 60 s: the first nine are gone, the rest is held', () => {
    const member = new Member(15);
    const held = names(15).map((key, at) => member.drop([key]).observe(at * SECOND));
    expect(held).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect([...member.accepted]).toEqual(names(6, 9));
  });

  test('single events that take longer than 60 s are let through', () => {
    const member = new Member(30);
    for (const [at, key] of names(30).entries()) expect(member.drop([key]).observe(at * 7 * SECOND)).toBe(0);
  });

  test('an event exactly 60 s later is still within', () => {
    const member = new Member(12).drop(names(9));
    expect(member.observe(0)).toBe(0);
    expect(member.drop(names(3, 9)).observe(MINUTE)).toBe(3);
  });

  test('one export after another 61 s later is not', () => {
    const member = new Member(12).drop(names(9));
    member.observe(0);
    expect(member.drop(names(3, 9)).observe(MINUTE + 1)).toBe(0);
  });

  test('an export that came back in between is no longer part of the fall', () => {
    const member = new Member(12).drop(names(9));
    member.observe(0);
    for (const key of names(5)) member.listed.add(key);
    expect(member.observe(SECOND)).toBe(0);
    expect(member.drop(names(3, 9)).observe(2 * SECOND)).toBe(0);
  });

  test('what has been held for long does not hide that the rest falls too', () => {
    const member = new Member(30).drop(names(20));
    expect(member.observe(0)).toBe(20);
    expect(member.drop(names(10, 20)).observe(5 * MINUTE)).toBe(30);
  });
});

describe('ways through', () => {
  const fall = (): Member => {
    const member = new Member(30).drop(names(20));
    expect(member.observe(0)).toBe(20);
    return member;
  };

  test('an export that is listed again is not missing, and its hold is forgotten', () => {
    const member = fall();
    for (const key of names(20)) member.listed.add(key);
    expect(member.observe(SECOND)).toBe(0);
    expect(member.state.held).toBeUndefined();
    expect(member.accepted.size).toBe(30);
  });

  test('each export whose Service is gone too, and only that', () => {
    const member = fall();
    member.gone.add('bar/s003');
    expect(member.observe(SECOND)).toBe(19);
    expect(member.accepted.has('bar/s003')).toBe(false);
  });

  test('each export whose namespace is gone too, at once', () => {
    const missing = names(20).map((key) => ({key, serviceGone: false, namespaceGone: key < 'bar/s005'}));
    const judged = judgeDeletions({
      state: noFalls,
      before: new Set(names(20)),
      missing,
      nowMs: 0,
      clusterLeaving: false,
      confirmedAtMs: undefined,
    });
    expect([...judged.released]).toEqual(names(5));
    expect([...judged.held]).toEqual(names(15, 5));
  });

  test('the Cluster is being deleted or drained: all', () => {
    const member = fall();
    member.leaving = true;
    expect(member.observe(SECOND)).toBe(0);
    expect(member.accepted.size).toBe(10);
  });

  test('a confirmation after the fall: all that is held', () => {
    const member = fall();
    member.confirmedAtMs = 3 * MINUTE;
    expect(member.observe(5 * MINUTE)).toBe(0);
    expect(member.accepted.size).toBe(10);
  });

  test('a confirmation covers nothing that falls after it, be it a moment later', () => {
    const member = new Member(30);
    member.confirmedAtMs = 0;
    expect(member.drop(names(16)).observe(1)).toBe(16);
    expect(member.observe(9 * MINUTE)).toBe(16);
  });

  test('what was shown and confirmed is let through, what was held since then is not', () => {
    const member = new Member(40).drop(names(21));
    expect(member.observe(0)).toBe(21);
    expect(member.drop(names(9, 21)).observe(20 * SECOND)).toBe(30);
    member.confirmedAtMs = 0;
    expect(member.observe(30 * SECOND)).toBe(9);
    expect([...(member.state.held?.keys ?? [])]).toEqual(names(9, 21));
    expect(member.state.held?.sinceMs).toBe(20 * SECOND);
  });

  test.each([
    ['a year ahead', 365 * 24 * 60 * MINUTE, 20],
    ['6 s ahead', 6 * SECOND, 20],
    ['as far ahead as clocks of people are', 4 * SECOND, 0],
  ])('a confirmation that is %s', (_, aheadMs, held) => {
    const member = fall();
    member.confirmedAtMs = MINUTE + aheadMs;
    expect(member.observe(MINUTE)).toBe(held);
  });

  test('until a confirmation by a clock that is ahead has come, single deletions are counted', () => {
    const member = new Member(15);
    const held = names(15).map((key, at) => {
      member.confirmedAtMs = at * SECOND + 4 * SECOND;
      return member.drop([key]).observe(at * SECOND);
    });
    expect(held.slice(0, 11)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  });

  test('after a confirmation the count starts anew', () => {
    const member = fall();
    member.confirmedAtMs = SECOND;
    expect(member.observe(2 * SECOND)).toBe(0);
    expect(member.drop(names(9, 20)).observe(3 * SECOND)).toBe(0);
    expect(member.accepted.size).toBe(1);
  });

  test('nothing lets go what can not be observed just now', () => {
    const member = fall();
    for (const key of names(20)) member.unknown.add(key);
    member.confirmedAtMs = SECOND;
    expect(member.observe(MINUTE)).toBe(20);
    expect(member.observe(11 * MINUTE)).toBe(20);
    member.leaving = true;
    expect(member.observe(12 * MINUTE)).toBe(20);
    expect(member.state.held).toEqual({sinceMs: 0, keys: new Set(names(20))});
    member.unknown.clear();
    expect(member.observe(12 * MINUTE)).toBe(0);
  });

  test('a confirmation of the very moment of the fall counts', () => {
    const member = fall();
    member.confirmedAtMs = 0;
    expect(member.observe(5 * MINUTE)).toBe(0);
  });

  test('an old confirmation does not cover a new fall', () => {
    const member = new Member(30);
    member.confirmedAtMs = 0;
    expect(member.drop(names(20)).observe(5 * MINUTE)).toBe(20);
  });

  test('a confirmation lets go what was held before it, not what falls at the same moment', () => {
    const member = fall();
    member.confirmedAtMs = MINUTE;
    expect(member.drop(names(10, 20)).observe(5 * MINUTE)).toBe(10);
    expect([...member.accepted]).toEqual(names(10, 20));
  });

  test('10 minutes, while other exports are still there', () => {
    const member = fall();
    expect(member.observe(10 * MINUTE - 1)).toBe(20);
    expect(member.observe(10 * MINUTE)).toBe(0);
    expect(member.accepted.size).toBe(10);
  });

  test('never by time alone when every export went: a restored backup looks like that', () => {
    const member = new Member(12).drop(names(12));
    expect(member.observe(0)).toBe(12);
    expect(member.observe(1_000 * MINUTE)).toBe(12);
    member.confirmedAtMs = 1_001 * MINUTE;
    expect(member.observe(1_002 * MINUTE)).toBe(0);
  });

  test('the 10 minutes start anew when more is held', () => {
    const member = fall();
    member.drop(names(2, 20));
    expect(member.observe(30 * SECOND)).toBe(22);
    expect(member.observe(10 * MINUTE)).toBe(22);
    expect(member.observe(10 * MINUTE + 30 * SECOND)).toBe(0);
  });
});

describe('two replicas of a hub, of which one decides', () => {
  /** The other one saw the same fall a moment later, and by one list: it holds all, of which the first let nine through. */
  const follower = (deciderHolds: HeldBack | undefined, count = 12): Member => {
    const member = new Member(count).drop(names(12));
    member.decider = {held: deciderHolds};
    expect(member.observe(5)).toBe(12);
    return member;
  };
  const shown: HeldBack = {sinceMs: 0, keys: new Set(names(3, 9))};

  test('a confirmation of what the one showed frees the other, whose own dates are later', () => {
    const member = follower(shown);
    member.confirmedAtMs = 0;
    expect(member.observe(MINUTE)).toBe(0);
  });

  test('also after the one has let it through', () => {
    const member = follower(undefined);
    member.confirmedAtMs = 0;
    expect(member.observe(MINUTE)).toBe(0);
  });

  test('what the one holds since later than that was not shown, whatever the clock of the other says', () => {
    const member = follower({sinceMs: 10 * SECOND, keys: new Set(names(12)), earlier: new Map([['bar/s000', 0]])});
    member.confirmedAtMs = 8 * SECOND;
    expect(member.observe(MINUTE)).toBe(11);
    expect(member.accepted.has('bar/s000')).toBe(false);
  });

  test('the one is given time to see and write what fell just after the confirmation', () => {
    const member = follower(undefined);
    member.confirmedAtMs = 0;
    expect(member.observe(14 * SECOND)).toBe(12);
    member.decider = {held: {sinceMs: 2, keys: new Set(names(12))}};
    expect(member.observe(MINUTE)).toBe(12);
  });

  test('without a confirmation nothing follows from what the one does not hold, for ten minutes', () => {
    const member = follower(undefined);
    expect(member.observe(9 * MINUTE)).toBe(12);
    expect(member.observe(11 * MINUTE)).toBe(0);
  });

  test('everything that went stays held as long as the one holds it', () => {
    const member = follower({sinceMs: 0, keys: new Set(names(12))});
    expect(member.observe(1_000 * MINUTE)).toBe(12);
  });

  test('an old confirmation is none of a new fall', () => {
    const member = new Member(12);
    member.decider = {held: undefined};
    member.confirmedAtMs = 0;
    expect(member.drop(names(12)).observe(5 * MINUTE)).toBe(12);
    expect(member.observe(6 * MINUTE)).toBe(12);
  });
});

describe('for all sequences', () => {
  interface Step {
    readonly waitMs: number;
    readonly drop: readonly number[];
    readonly add: readonly number[];
    readonly gone: readonly number[];
    readonly confirm: boolean;
  }
  const indexes = fc.array(fc.nat(24), {maxLength: 14});
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.record({
      waitMs: fc.constantFrom(0, SECOND, 30 * SECOND, MINUTE, 10 * MINUTE),
      drop: indexes,
      add: indexes,
      gone: fc.array(fc.nat(24), {maxLength: 2}),
      confirm: fc.boolean(),
    }),
    {maxLength: 12},
  );
  const nameOf = (at: number) => names(1, at)[0] ?? '';

  test('released and held together are exactly what is missing, and no key is ever lost', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const member = new Member(25);
        let nowMs = 0;
        for (const {waitMs, drop, add, gone, confirm} of sequence) {
          nowMs += waitMs;
          for (const at of add) member.listed.add(nameOf(at));
          member.drop(drop.map(nameOf));
          member.gone.clear();
          for (const at of gone) member.gone.add(nameOf(at));
          if (confirm) member.confirmedAtMs = nowMs;
          const held = member.observe(nowMs);
          // Accepted is what is listed and what is held, nothing else: a listed export is never taken away.
          expect(member.accepted.size).toBe(member.listed.size + held);
          for (const key of member.listed) expect(member.accepted.has(key)).toBe(true);
          expect(member.state.held?.keys.size ?? 0).toBe(held);
          for (const key of gone.map(nameOf)) expect(member.state.held?.keys.has(key) ?? false).toBe(false);
        }
      }),
    );
  });

  test('a fall of fewer than 10 within 60 s is never held', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(99), {maxLength: 60}), (falls) => {
        const member = new Member(100);
        // At most nine within any 60 s.
        for (const [at, index] of falls.entries()) {
          expect(member.drop([nameOf(index)]).observe(Math.floor(at / 9) * 121 * SECOND)).toBe(0);
        }
      }),
    );
  });

  test('a state that was kept as JSON goes on as if nothing had happened', () => {
    fc.assert(
      fc.property(fc.integer({min: 10, max: 25}), fc.nat(20 * MINUTE), (fallen, laterMs) => {
        const kept = new Member(25).drop(names(fallen));
        const other = new Member(25).drop(names(fallen));
        kept.observe(0);
        other.observe(0);
        const {falls, held} = kept.state;
        const text = JSON.stringify({falls, held: held && {sinceMs: held.sinceMs, keys: [...held.keys]}});
        const read = JSON.parse(text) as {falls: GuardState['falls']; held?: {sinceMs: number; keys: string[]}};
        kept.state = {falls: read.falls, held: read.held && {...read.held, keys: new Set(read.held.keys)}};
        expect(kept.observe(laterMs)).toBe(other.observe(laterMs));
      }),
    );
  });
});
