import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {CookieRotation} from '../../dns/cookie-rotation.ts';
import {ClientAddress} from '../../dns/wire/client-address.ts';
import {ServerCookies} from '../../dns/wire/server-cookies.ts';

const DAY_MS = 24 * 3600 * 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the secret is another one every day, and the one before is known for a day more (RFC 9018 section 5)', () => {
  const first = Buffer.alloc(16, 7);
  const given: (readonly Uint8Array[])[] = [];
  const rotation = new CookieRotation(first, (secrets) => given.push(secrets));
  vi.advanceTimersByTime(DAY_MS - 1);
  expect(given).toEqual([]);
  vi.advanceTimersByTime(1);
  vi.advanceTimersByTime(2 * DAY_MS);
  expect(given).toHaveLength(3);
  const signing = given.map(([current]) => Buffer.from(current!).toString('hex'));
  const known = given.map(([, before]) => Buffer.from(before!).toString('hex'));
  expect(known).toEqual([first.toString('hex'), ...signing.slice(0, 2)]);
  expect(new Set([first.toString('hex'), ...signing]).size).toBe(4);
  expect(given.every((secrets) => secrets.length === 2 && secrets.every(({length}) => length === 16))).toBe(true);
  rotation.stop();
  vi.advanceTimersByTime(5 * DAY_MS);
  expect(given).toHaveLength(3);
});

test('a cookie outlives the day on which it was given, and not the next one', () => {
  const first = Buffer.alloc(16, 7);
  // The cookie's own age is not what is looked at here.
  const cookies = new ServerCookies([first], () => 1_800_000_000_000);
  const rotation = new CookieRotation(first, (secrets) => cookies.replaceSecrets(secrets));
  const client = new ClientAddress();
  client.read('192.0.2.7');
  const cookie = Buffer.alloc(24);
  cookies.write(cookie, 0, Buffer.alloc(8, 1), 0, client);
  const isValid = () => cookies.isValid(cookie, 0, 24, client);
  vi.advanceTimersByTime(DAY_MS);
  expect([isValid(), cookies.isFresh]).toEqual([true, false]);
  vi.advanceTimersByTime(DAY_MS);
  expect(isValid()).toBe(false);
  rotation.stop();
});
