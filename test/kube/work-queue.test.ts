import fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {KubeError} from '../../src/kube/kube-error.ts';
import {WorkQueue} from '../../src/kube/work-queue.ts';
import type {WorkQueueOptions} from '../../src/kube/work-queue.ts';

let stop: AbortController;
let errors: {key: string; attempt: number; nextDelayMs: number}[];
beforeEach(() => {
  // Turns of the event loop are real ones.
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date']});
  stop = new AbortController();
  errors = [];
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

function newQueue(handle: WorkQueueOptions['handle'], options: Partial<WorkQueueOptions> = {}): WorkQueue {
  return new WorkQueue({
    concurrency: 2,
    handle,
    onError: (key, _error, attempt, nextDelayMs) => errors.push({key, attempt, nextDelayMs}),
    backoff: {minMs: 100, maxMs: 1_000},
    random: () => 0.5,
    ...options,
  });
}

describe('keys', () => {
  test('wait until it starts, once each, in order of arrival', async () => {
    const handled: string[] = [];
    const queue = newQueue(async (key) => void handled.push(key));
    ['a', 'b', 'a', 'c', 'b'].forEach((key) => queue.add(key));
    expect([queue.depth, handled]).toEqual([3, []]);
    queue.start(stop.signal);
    await queue.idle();
    expect(handled).toEqual(['a', 'b', 'c']);
  });

  test('whatever is added, and whenever: one worker a key, no more workers than allowed, and no add is lost', async () => {
    vi.useRealTimers();
    const adds = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), {minLength: 1, maxLength: 30});
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), adds, fc.integer({min: 1, max: 3}), async (scheduler, keys, concurrency) => {
        const stopped = new AbortController();
        const running = new Set<string>();
        const wanted = new Map<string, number>();
        const done = new Map<string, number>();
        const queue = newQueue(
          async (key) => {
            expect(running.has(key)).toBe(false);
            running.add(key);
            expect(running.size).toBeLessThanOrEqual(concurrency);
            const sees = wanted.get(key) ?? 0;
            await scheduler.schedule(Promise.resolve(), `work on ${key}`);
            running.delete(key);
            done.set(key, sees);
          },
          {concurrency},
        );
        queue.start(stopped.signal);
        const adding = scheduler.scheduleSequence(
          keys.map((key) => async () => {
            wanted.set(key, (wanted.get(key) ?? 0) + 1);
            queue.add(key);
          }),
        );
        await scheduler.waitFor(adding.task);
        await scheduler.waitFor(queue.idle());
        expect(done).toEqual(wanted);
        stopped.abort();
        await queue.closed;
      }),
      {numRuns: 200},
    );
  });

  test('added while being handled: handled once more', async () => {
    const gates: (() => void)[] = [];
    const queue = newQueue(() => new Promise((resolve) => gates.push(() => resolve(undefined))));
    queue.start(stop.signal);
    queue.add('a');
    queue.add('a');
    queue.add('a');
    expect([gates.length, queue.depth]).toEqual([1, 1]);
    gates[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect([gates.length, queue.depth]).toEqual([2, 0]);
    gates[1]?.();
    await queue.idle();
    expect(gates).toHaveLength(2);
  });
});

describe('failures', () => {
  test('are repeated with growing delays up to the cap; success forgets them', async () => {
    let failing = true;
    const queue = newQueue(async () => {
      if (failing) throw new Error('no');
    });
    queue.start(stop.signal);
    queue.add('a');
    await vi.advanceTimersByTimeAsync(1_500);
    expect(errors.map(({attempt, nextDelayMs}) => [attempt, nextDelayMs])).toEqual([
      [1, 50],
      [2, 100],
      [3, 200],
      [4, 400],
      [5, 500],
      [6, 500],
    ]);
    failing = false;
    await vi.advanceTimersByTimeAsync(500);
    failing = true;
    queue.add('a');
    await vi.advanceTimersByTimeAsync(0);
    expect(errors.at(-1)).toMatchObject({attempt: 1});
  });

  test('of one key do not hold up another', async () => {
    const handled: string[] = [];
    const queue = newQueue(
      async (key) => {
        if (key === 'bad') throw new Error('no');
        handled.push(key);
      },
      {concurrency: 1},
    );
    queue.start(stop.signal);
    ['bad', 'a', 'b'].forEach((key) => queue.add(key));
    await queue.idle();
    expect(handled).toEqual(['a', 'b']);
  });

  test('success in between takes the planned repetition back', async () => {
    let calls = 0;
    const queue = newQueue(async () => {
      if (calls++ === 0) throw new Error('no');
    });
    queue.start(stop.signal);
    queue.add('a');
    await queue.idle();
    queue.add('a');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(calls).toBe(2);
  });

  test('that name a Retry-After are not repeated before it', async () => {
    const queue = newQueue(async () => {
      const facts = {status: 429, reason: 'TooManyRequests', retryAfterMs: 5_000};
      throw new KubeError('ISTHMUS_KUBE_STATUS', 'slow down', facts);
    });
    queue.start(stop.signal);
    queue.add('a');
    await vi.advanceTimersByTimeAsync(4_999);
    expect(errors).toEqual([{key: 'a', attempt: 1, nextDelayMs: 5_050}]);
  });
});

describe('later', () => {
  test('of several delays for one key the earliest counts, and runs once', async () => {
    const at: number[] = [];
    const queue = newQueue(async () => void at.push(Date.now()));
    queue.start(stop.signal);
    const began = Date.now();
    queue.addAfter('a', 300);
    queue.addAfter('a', 100);
    queue.addAfter('a', 200);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(at.map((time) => time - began)).toEqual([100]);
  });

  test('an add in between does not cancel what was planned', async () => {
    let calls = 0;
    const queue = newQueue(async () => void calls++);
    queue.start(stop.signal);
    queue.addAfter('a', 100);
    queue.add('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls).toBe(2);
  });

  test('requeueAfterMs comes back, and is no failure', async () => {
    let calls = 0;
    const queue = newQueue(async () => (++calls < 3 ? {requeueAfterMs: 100} : undefined));
    queue.start(stop.signal);
    queue.add('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect([calls, errors.length]).toEqual([3, 0]);
  });
});

describe('stopping', () => {
  test('closed when the last handler has returned; nothing runs after it', async () => {
    const gates: (() => void)[] = [];
    const handled: string[] = [];
    const queue = newQueue(
      (key) =>
        new Promise((resolve) => {
          handled.push(key);
          gates.push(() => resolve({requeueAfterMs: 1}));
        }),
      {concurrency: 1},
    );
    queue.start(stop.signal);
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    stop.abort();
    let closed = false;
    void queue.closed.then(() => (closed = true));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(closed).toBe(false);
    gates[0]?.();
    await queue.closed;
    queue.add('d');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(handled).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a handler that ends because of the signal is no failure', async () => {
    const queue = newQueue(
      (_key, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    );
    queue.start(stop.signal);
    queue.add('a');
    stop.abort();
    await queue.closed;
    expect(errors).toEqual([]);
  });
});
