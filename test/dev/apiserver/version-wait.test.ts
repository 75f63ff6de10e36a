import {EventEmitter} from 'node:events';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {versionReached} from '../../../src/dev/apiserver/read/version-wait.ts';
import {ObjectStorage} from '../../../src/dev/apiserver/storage/object-storage.ts';

let storage: ObjectStorage;
let answer: EventEmitter;
let done: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  storage = new ObjectStorage(10);
  answer = new EventEmitter();
  done = false;
});
afterEach(() => vi.useRealTimers());

function wait(ahead: number): Promise<void> {
  const resourceVersion = storage.revision + ahead;
  const options = {resourceVersion, limit: undefined, continueToken: undefined, match: undefined};
  return versionReached(storage, options, answer).then(() => {
    done = true;
    return undefined;
  });
}

function write(): void {
  storage.put('configmaps', {metadata: {name: `c${storage.revision}`}});
}

test('a version that is there is not waited for', async () => {
  await wait(0);
  expect([done, vi.getTimerCount()]).toEqual([true, 0]);
});

test('one that comes is, and no longer', async () => {
  const waited = wait(2);
  write();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(done).toBe(false);
  write();
  await waited;
  expect([vi.getTimerCount(), answer.listenerCount('close')]).toEqual([0, 0]);
});

test('one that does not come has three seconds', async () => {
  const waited = wait(1);
  await vi.advanceTimersByTimeAsync(2_999);
  expect(done).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await waited;
});

test('a client that goes away waits no more', async () => {
  const waited = wait(1);
  answer.emit('close');
  await waited;
  expect(vi.getTimerCount()).toBe(0);
});
