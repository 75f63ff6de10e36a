import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {StartGate} from '../../src/hub/start-gate.ts';

interface Meeting {
  isRead: boolean;
  isAwaited: boolean;
}

const READING: Meeting = {isRead: false, isAwaited: true};
const READ: Meeting = {isRead: true, isAwaited: false};
const SILENT: Meeting = {isRead: false, isAwaited: false};

describe('when a hub that starts begins to compare', () => {
  let end: AbortController;
  let members: Map<string, Meeting>;
  let isListed: boolean;
  let opened: number;
  let gate: StartGate;

  beforeEach(() => {
    vi.useFakeTimers();
    end = new AbortController();
    members = new Map();
    isListed = true;
    opened = 0;
    gate = new StartGate({
      ...{members, isListed: () => isListed, patienceMs: 10_000, nowMs: () => performance.now()},
      onOpen: () => opened++,
    });
    gate.start(end.signal);
  });
  afterEach(() => {
    vi.clearAllTimers();
    vi.useRealTimers();
  });

  function meet(...all: Meeting[]): void {
    all.forEach((each, i) => members.set(`cluster-${i + 1}`, each));
  }

  const pass = (ms: number): boolean => {
    vi.advanceTimersByTime(ms);
    return gate.isOpen;
  };

  test('as soon as all members are read, and says so once', () => {
    meet(READING, READING);
    expect(pass(5_000)).toBe(false);
    meet(READ, READ);
    expect(pass(100)).toBe(true);
    pass(60_000);
    expect(opened).toBe(1);
  });

  test('without waiting for the next look, where it is told of the last one', () => {
    meet(READ, READING);
    gate.review();
    expect(gate.isOpen).toBe(false);
    meet(READ, READ);
    gate.review();
    expect([gate.isOpen, opened]).toEqual([true, 1]);
  });

  test('at once where there are no members', () => {
    expect(pass(100)).toBe(true);
  });

  test('not before the Clusters are listed, or the first eight of fifty would be all that there are', () => {
    isListed = false;
    meet(READ, READ);
    expect(pass(60_000)).toBe(false);
    isListed = true;
    expect(pass(100)).toBe(true);
  });

  test('without those that answered with an error, or are refused', () => {
    meet(READ, SILENT);
    expect(pass(100)).toBe(true);
  });

  test('without one that is slow: the others wait as long again as the first of them took, and half a second', () => {
    meet(READING, READING);
    pass(2_000);
    meet(READ, READING);
    expect(pass(2_300)).toBe(false);
    expect(pass(400)).toBe(true);
  });

  test('a hub that was up for long before anybody could be read waits no longer than one that has just started', () => {
    meet(READING, SILENT);
    pass(600_000);
    meet(READING, READ);
    expect(pass(9_800)).toBe(false);
    expect(pass(400)).toBe(true);
  });

  test("what passed before the Clusters were known is nobody's slowness", () => {
    isListed = false;
    meet(READING, READ);
    pass(600_000);
    isListed = true;
    expect(pass(300)).toBe(false);
    expect(pass(500)).toBe(true);
  });

  test('when it is no use to wait any longer, and never closes again', () => {
    meet(READING);
    pass(5_000);
    gate.open();
    gate.open();
    expect([gate.isOpen, opened]).toEqual([true, 1]);
  });

  test('once open it stays open: who joins later is compared when it comes', () => {
    meet(READ);
    pass(100);
    meet(READ, READING);
    expect(pass(1_000)).toBe(true);
  });

  test('never again after its end', () => {
    meet(READING);
    end.abort();
    meet(READ);
    expect(pass(1_000)).toBe(false);
  });
});
