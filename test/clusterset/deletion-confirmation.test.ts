import {describe, expect, test} from 'vitest';
import {readConfirmation} from '../../src/clusterset/deletion-confirmation.ts';

const NOW_MS = Date.parse('2026-01-31T12:00:00Z');

describe('the time until which deletions are confirmed', () => {
  test.each([
    ['2026-01-31T12:00:00Z', NOW_MS],
    ['2026-01-31T11:59:59.123Z', NOW_MS - 877],
    ['2026-01-31T11:59:59.1239Z', NOW_MS - 877],
    [' 2026-01-31T13:00:00+01:00\n', NOW_MS],
    ['1969-12-31T23:59:59Z', -1_000],
    ['2026-01-31T12:00:05Z', NOW_MS + 5_000],
  ])('%j', (text, untilMs) => {
    expect(readConfirmation(text, NOW_MS)).toEqual({state: 'Confirmed', untilMs});
  });

  test('none', () => {
    expect(readConfirmation(undefined, NOW_MS)).toEqual({state: 'None'});
  });

  test.each(['', 'yes', '1', '2026', '2026-01-31', '2026-01-31T11:00:00', '2026-02-30T11:00:00Z', '1769860800'])(
    '%j is no such time, and that is said',
    (text) => {
      expect(readConfirmation(text, NOW_MS)).toEqual({
        state: 'Ignored',
        why: `"${text}" is no time of RFC 3339, such as 2026-01-31T12:00:00Z`,
      });
    },
  );

  test.each(['2026-01-31T12:00:05.001Z', '2027-01-31T12:00:00Z', '9999-12-31T23:59:59Z'])(
    '%s is still to come, and that is said',
    (text) => {
      const read = readConfirmation(text, NOW_MS);
      expect(read).toMatchObject({
        state: 'Ignored',
        why: expect.stringContaining(`${text} lies ahead of the hub's clock`),
      });
    },
  );
});
