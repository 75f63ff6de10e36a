import {describe, expect, test} from 'vitest';
import {Faults} from '../../src/dev/faults.ts';
import type {FaultOptions, RequestFacts} from '../../src/dev/faults.ts';

const FACTS: RequestFacts = {
  method: 'GET',
  resource: 'configmaps',
  group: '',
  verb: 'list',
  namespace: 'default',
  name: undefined,
  fieldManager: undefined,
  userAgent: 'test',
};
const TARGET = {dropWatches: () => 0, compact: () => undefined, partition: () => undefined};

/** Which of `count` requests were hit; `stepMs` passes between two. */
function hits(options: FaultOptions, {count = 1_000, stepMs = 0} = {}): boolean[] {
  let nowMs = 0;
  const faults = new Faults(TARGET, () => nowMs);
  faults.add({verb: 'list'}, {kind: 'overload'}, options);
  return Array.from({length: count}, () => {
    nowMs += stepMs;
    return faults.take(FACTS).length > 0;
  });
}

const counted = (of: readonly boolean[]): number => of.filter(Boolean).length;

describe('a storm', () => {
  test('hits about its share of the requests', () => {
    expect(counted(hits({share: 0.3}))).toBeGreaterThan(250);
    expect(counted(hits({share: 0.3}))).toBeLessThan(350);
    expect([counted(hits({share: 0})), counted(hits({}))]).toEqual([0, 1_000]);
  });

  test('hits the same ones for the same seed, others for another', () => {
    expect(hits({share: 0.5, seed: 7})).toEqual(hits({share: 0.5, seed: 7}));
    expect(hits({share: 0.5, seed: 7})).not.toEqual(hits({share: 0.5, seed: 8}));
  });

  test('of a share is used up after its times', () => {
    expect(counted(hits({share: 0.5, times: 10}))).toBe(10);
  });

  test('above a rate lets a second of it through at once, then as many as the time allows', () => {
    expect(counted(hits({abovePerSecond: 20}, {count: 100}))).toBe(80);
    expect(counted(hits({abovePerSecond: 20}, {count: 100, stepMs: 50}))).toBe(0);
    // 25 seconds, 20 in each and 20 to begin with get through.
    expect(1_000 - counted(hits({abovePerSecond: 20}, {count: 1_000, stepMs: 25}))).toBe(519);
  });

  test('counts the requests that it met', () => {
    const faults = new Faults(TARGET);
    faults.add({}, {kind: 'overload'}, {times: 2});
    faults.add({}, {kind: 'latency', ms: 1}, {times: 1});
    for (let i = 0; i < 5; i++) faults.take(FACTS);
    expect(faults.suffered).toBe(2);
  });
});
