import fc from 'fast-check';
import {expect, test} from 'vitest';

import {loopbackVips} from '../../src/clusterset/loopback-vip.ts';

const part = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/);
const keys = fc.array(
  fc.tuple(part, part).map(([namespace, name]) => `${namespace}/${name}`),
  {maxLength: 256},
);

test('127.128.0.0 plus the first 23 bits of sha256 of the key (design §8)', () => {
  // printf bar/foo | sha256sum: 852efa…, of which the first 23 bits are 0x42977d.
  expect(loopbackVips(['bar/foo'])).toEqual(new Map([['bar/foo', '127.194.151.125']]));
});

test('two names that meet get neighbours, whatever order they come in', () => {
  const [first, second] = meetingPair();
  const forward = loopbackVips([first, second]);
  expect(loopbackVips([second, first])).toEqual(forward);
  expect(numberOf(forward.get(second)) - numberOf(forward.get(first))).toBe(1);
});

test('for all sets: one address each, all in 127.128.0.0/9 and none the broadcast address, independent of order', () => {
  fc.assert(
    fc.property(keys, fc.nat(), (list, turn) => {
      const vips = loopbackVips(list);
      expect(vips.size).toBe(new Set(list).size);
      expect(new Set(vips.values()).size).toBe(vips.size);
      for (const vip of vips.values()) {
        expect(numberOf(vip)).toBeGreaterThanOrEqual(numberOf('127.128.0.0'));
        expect(numberOf(vip)).toBeLessThan(numberOf('127.255.255.255'));
      }
      const at = list.length === 0 ? 0 : turn % list.length;
      expect(loopbackVips([...list.slice(at), ...list.slice(0, at)])).toEqual(vips);
    }),
  );
});

function numberOf(address = ''): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** Birthday: among some ten thousand names two meet in 23 bits. */
function meetingPair(): [string, string] {
  const seen = new Map<string, string>();
  for (let at = 0; at < 50_000; at++) {
    const key = `bar/s${at}`;
    const vip = loopbackVips([key]).get(key) ?? '';
    const other = seen.get(vip);
    if (other !== undefined) return [other, key].toSorted() as [string, string];
    seen.set(vip, key);
  }
  throw new Error('no two of 50,000 names met');
}
