import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import type {DeclaredDrain} from '../../src/clusterset/drain-ramp.ts';
import {DRAIN_STEP_PERCENT, drainStepAt} from '../../src/clusterset/drain-ramp.ts';

const START_MS = Date.parse('2026-11-21T12:00:00Z');
const startedAt = '2026-11-21T12:00:00Z';
const MINUTES = 60_000;

describe('how much is drained now', () => {
  const ramp = {startedAt, overSeconds: 600};
  const rows: readonly [string, DeclaredDrain, number, {percent: number; nextAfterMs?: number}][] = [
    ['nothing said', {}, 0, {percent: 0}],
    ['drained at once', {drain: true}, 0, {percent: 100}],
    ['a part of it, for good', {drainPercent: 40}, 0, {percent: 40}],
    ['drain counts before a part', {drain: true, drainPercent: 40}, 0, {percent: 100}],
    ['at its beginning', {drain: true, drainRamp: ramp}, 0, {percent: 0, nextAfterMs: 30_000}],
    ['just before its first step', {drain: true, drainRamp: ramp}, 29_999, {percent: 0, nextAfterMs: 1}],
    ['at its first step', {drain: true, drainRamp: ramp}, 30_000, {percent: 5, nextAfterMs: 30_000}],
    ['half-way', {drain: true, drainRamp: ramp}, 5 * MINUTES, {percent: 50, nextAfterMs: 30_000}],
    ['at its end', {drain: true, drainRamp: ramp}, 10 * MINUTES, {percent: 100}],
    ['before its beginning', {drain: true, drainRamp: ramp}, -5_000, {percent: 0, nextAfterMs: 35_000}],
    ['on the way back', {drainRamp: {...ramp, fromPercent: 50}}, 5 * MINUTES, {percent: 25, nextAfterMs: 60_000}],
    ['back', {drainRamp: {...ramp, fromPercent: 50}}, 10 * MINUTES, {percent: 0}],
    [
      'a beginning that can’t be read',
      {drain: true, drainRamp: {startedAt: 'soon', overSeconds: 600}},
      0,
      {percent: 100},
    ],
    ['over no time', {drain: true, drainRamp: {startedAt, overSeconds: 0}}, 0, {percent: 100}],
  ];
  test.each(rows)('%s', (_, declared, afterMs, {percent, nextAfterMs}) => {
    const nowMs = START_MS + afterMs;
    const nextAtMs = nextAfterMs === undefined ? undefined : nowMs + nextAfterMs;
    expect(drainStepAt(declared, nowMs)).toEqual({percent, nextAtMs});
  });
});

test('followed from step to step it leads from the one end to the other, never back, in at most 21 steps', () => {
  const percent = fc.integer({min: 0, max: 100});
  fc.assert(
    fc.property(percent, percent, fc.integer({min: 1, max: 604_800}), (from, to, overSeconds) => {
      const declared = {drainPercent: to, drainRamp: {startedAt, overSeconds, fromPercent: from}};
      const seen: number[] = [];
      for (let nowMs: number | undefined = START_MS, count = 0; nowMs !== undefined; count++) {
        expect(count).toBeLessThan(100 / DRAIN_STEP_PERCENT + 2);
        const step = drainStepAt(declared, nowMs);
        if (step.nextAtMs !== undefined) expect(step.nextAtMs).toBeGreaterThan(nowMs);
        seen.push(step.percent);
        nowMs = step.nextAtMs;
      }
      expect(seen.at(0)).toBe(from);
      expect(seen.at(-1)).toBe(to);
      const sign = Math.sign(to - from);
      for (const [index, each] of seen.entries()) {
        if (index > 0) expect(Math.sign(each - (seen[index - 1] ?? 0))).toBe(sign);
      }
    }),
  );
});
