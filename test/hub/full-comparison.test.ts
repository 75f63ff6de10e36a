import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {FullComparison} from '../../src/hub/full-comparison.ts';

/** A member whose queue is as long as it is told to be. */
function aMember(): {session: {queueDepth: number; enqueueAll: () => void}; runs: () => number} {
  const enqueueAll = vi.fn();
  return {session: {queueDepth: 0, enqueueAll}, runs: () => enqueueAll.mock.calls.length};
}

describe('comparing everything again', () => {
  let member: ReturnType<typeof aMember>;
  let decisionsForgotten: number;
  let everything: FullComparison;

  beforeEach(() => {
    vi.useFakeTimers();
    member = aMember();
    decisionsForgotten = 0;
    everything = new FullComparison(
      {forgetDecisions: () => decisionsForgotten++},
      new Map([['cluster-1', member as unknown as {session: undefined}]]),
    );
  });
  afterEach(() => {
    everything.close();
    vi.useRealTimers();
  });

  test('is begun at once', () => {
    everything.want();
    expect([member.runs(), decisionsForgotten]).toEqual([1, 1]);
  });

  test('what is asked for while one is under way is done once, when that is through', () => {
    everything.want();
    member.session.queueDepth = 8_000;
    for (let i = 0; i < 50; i++) everything.want();
    vi.advanceTimersByTime(5_000);
    expect(member.runs()).toBe(1);
    // What still waits is decided anew all the same.
    expect(decisionsForgotten).toBe(51);
    member.session.queueDepth = 0;
    vi.advanceTimersByTime(500);
    expect(member.runs()).toBe(2);
    vi.advanceTimersByTime(60_000);
    expect(member.runs()).toBe(2);
  });

  test('a member that is never through keeps the others waiting for ten seconds at most', () => {
    member.session.queueDepth = 1;
    everything.want();
    everything.want();
    vi.advanceTimersByTime(10_000);
    expect(member.runs()).toBe(2);
  });

  test('after a rest it is begun at once again', () => {
    everything.want();
    vi.advanceTimersByTime(1_000);
    everything.want();
    expect(member.runs()).toBe(2);
  });

  test('once closed, what was asked for is not done any more', () => {
    everything.want();
    everything.want();
    everything.close();
    vi.advanceTimersByTime(60_000);
    expect(member.runs()).toBe(1);
  });
});
