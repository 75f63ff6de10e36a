import {pino} from 'pino';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {markAnswersOfSilentApi} from '../../cli/silent-api.ts';
import {STALENESS_BOUND_MS} from '../../src/clusterset/staleness.ts';

/** When each source was heard last. */
let heard: Record<string, number | undefined>;
let told: (number | undefined)[];
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setInterval', 'clearInterval', 'Date'], now: 1_000_000});
  heard = {imports: undefined, services: undefined};
  told = [];
  stop = new AbortController();
  const sources = (): object =>
    Object.fromEntries(Object.entries(heard).map(([name, lastContactAtMs]) => [name, {lastContactAtMs}]));
  markAnswersOfSilentApi({
    agent: {status: () => ({sources: sources()}) as never},
    dns: {markSilent: (sinceMs) => void told.push(sinceMs)},
    logger: pino({level: 'silent'}),
    signal: stop.signal,
  });
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

const told10s = (): number | undefined => {
  vi.advanceTimersByTime(10_000);
  return told.at(-1);
};

test('an API server that was never heard has told nothing that could be old', () => {
  vi.advanceTimersByTime(2 * STALENESS_BOUND_MS);
  expect(new Set(told)).toEqual(new Set([undefined]));
});

test('silent for longer than the staleness bound: answers are as old as what was heard last', () => {
  heard = {imports: 900_000, services: 1_000_000};
  vi.advanceTimersByTime(STALENESS_BOUND_MS);
  expect(told10s()).toBe(1_000_000);
});

test('for less than that they are live, and they are again when it is heard again', () => {
  heard = {imports: 1_000_000};
  vi.advanceTimersByTime(STALENESS_BOUND_MS);
  expect(told.at(-1)).toBeUndefined();
  expect(told10s()).toBe(1_000_000);
  heard = {imports: Date.now()};
  expect(told10s()).toBeUndefined();
});

test('one kind that is not heard is no silence', () => {
  for (let at = 0; at < 3; at++) {
    vi.advanceTimersByTime(STALENESS_BOUND_MS / 2);
    heard = {imports: 1_000_000, services: Date.now()};
  }
  expect(told10s()).toBeUndefined();
});

test('after the end nothing is told', () => {
  stop.abort();
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
});
