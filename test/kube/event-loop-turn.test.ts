import {expect, test} from 'vitest';
import {turnOfOthers} from '../../src/kube/event-loop-turn.ts';

/** Keeps the processor busy, as work from promise to promise does. */
function work(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}

test('work from promise to promise lets timers and sockets have their turn', async () => {
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  const endMs = performance.now() + 200;
  while (performance.now() < endMs) {
    work(1);
    await turnOfOthers();
  }
  clearInterval(others);
  expect(turns).toBeGreaterThan(3);
});

test('a turn that has just begun is not given away', async () => {
  await new Promise((resolve) => setImmediate(resolve));
  expect(turnOfOthers()).toBeUndefined();
});

test('all that work in one turn end it together, and go on together', async () => {
  await new Promise((resolve) => setImmediate(resolve));
  expect(turnOfOthers()).toBeUndefined();
  work(15);
  const first = turnOfOthers();
  expect(first).toBeInstanceOf(Promise);
  expect(turnOfOthers()).toBe(first);
  await first;
  expect(turnOfOthers()).toBeUndefined();
});

test('those that are woken together give the next turn away as soon as it has lasted long enough', async () => {
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  await Promise.all(
    Array.from({length: 40}, async () => {
      for (let before = turnOfOthers(); before !== undefined; before = turnOfOthers()) await before;
      work(5);
    }),
  );
  clearInterval(others);
  // 200 ms of work, in turns of ten.
  expect(turns).toBeGreaterThan(5);
});
