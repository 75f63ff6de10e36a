import {expect} from 'vitest';

/** `expect.poll` with a deadline that a busy machine keeps: a condition is waited for, never a time. */
export function eventually<T>(read: () => T) {
  return expect.poll(read, {timeout: 10_000, interval: 10});
}
