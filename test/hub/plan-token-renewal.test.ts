import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {planTokenRenewal} from '../../src/hub/plan-token-renewal.ts';

const DAY_MS = 86_400_000;
const lifetime = {issuedAtMs: 0, expiresAtMs: 90 * DAY_MS, account: {namespace: 'isthmus-system', name: 'isthmus-hub'}};

interface Row {
  readonly name: string;
  readonly day: number;
  readonly obstacle?: string;
  readonly failure?: string;
  readonly renewedAgoMs?: number;
  readonly does: 'renew' | 'wait';
  readonly says?: string;
}

const rows: readonly Row[] = [
  {name: 'in its first half it is left alone', day: 1, does: 'wait', says: 'True/Bound'},
  {name: 'just before half', day: 44.9, does: 'wait', says: 'True/Bound'},
  {name: 'past half, where it was renewed a moment ago', day: 50, renewedAgoMs: 0, does: 'wait', says: 'True/Bound'},
  {name: 'past half, an hour after it was renewed', day: 50, renewedAgoMs: 3_600_000, does: 'renew'},
  {name: 'at half it is renewed, and nothing said is taken back', day: 45, does: 'renew'},
  {
    name: 'a failure is said half a life before it matters',
    day: 45,
    failure: 'no',
    does: 'renew',
    says: 'False/RenewalFailed',
  },
  {name: 'with a third left it is urgent', day: 60, failure: 'no', does: 'renew', says: 'False/Expiring'},
  {name: 'expired: it is tried all the same', day: 91, failure: 'no', does: 'renew', says: 'False/Expiring'},
  {
    name: "one that isn't the hub's to renew says when it ends",
    day: 1,
    obstacle: 'x',
    does: 'wait',
    says: 'False/NotRenewable',
  },
  {name: 'and warns with a third left', day: 60, obstacle: 'x', does: 'wait', says: 'False/Expiring'},
];

describe('the token of a member', () => {
  test.each(rows)('$name', ({day, obstacle, failure, renewedAgoMs, does, says}) => {
    const plan = planTokenRenewal({lifetime, obstacle, failure, renewedAgoMs, nowMs: day * DAY_MS});
    expect(plan.do).toBe(does);
    expect(plan.opinion && `${plan.opinion.status}/${plan.opinion.reason}`).toBe(says);
    if (plan.opinion !== undefined)
      expect(plan.opinion.message).toMatch(/^(Good until|Expired at) 1970-04-01T00:00Z\./);
  });

  test('one that never expires needs nothing', () => {
    const plan = planTokenRenewal({lifetime: undefined, obstacle: undefined, failure: undefined, nowMs: 0});
    expect(plan).toMatchObject({do: 'wait', opinion: undefined});
  });

  test('whatever its life and the time: it is looked at again within the hour, never at once, and well before its end', () => {
    const times = fc.record({
      lifeMs: fc.oneof(fc.integer({min: 1, max: 600_000}), fc.integer({min: 600_000, max: 400 * DAY_MS})),
      part: fc.double({min: 0, max: 1.5, noNaN: true}),
      failure: fc.option(fc.constant('no'), {nil: undefined}),
      obstacle: fc.option(fc.constant('no'), {nil: undefined}),
      renewedAgoMs: fc.option(fc.nat({max: 7_200_000}), {nil: undefined}),
    });
    fc.assert(
      fc.property(times, ({lifeMs, part, failure, obstacle, renewedAgoMs}) => {
        const nowMs = lifeMs * part;
        const life = {...lifetime, expiresAtMs: lifeMs};
        const {againMs, do: does} = planTokenRenewal({lifetime: life, failure, obstacle, renewedAgoMs, nowMs});
        expect(againMs).toBeGreaterThan(0);
        expect(againMs).toBeLessThanOrEqual(3_600_000);
        if (does === 'renew') expect(againMs).toBeLessThanOrEqual(Math.max(10_000, lifeMs / 50));
        if (does === 'renew' && renewedAgoMs !== undefined)
          expect(renewedAgoMs).toBeGreaterThanOrEqual(Math.max(60_000, Math.min(3_600_000, lifeMs / 4)));
        if (part < 0.5 && obstacle === undefined) expect(nowMs + againMs).toBeLessThanOrEqual(lifeMs / 2 + 1);
      }),
    );
  });

  test.each([
    [1_000, 'wait', 59_000],
    [60_000, 'renew', 10_000],
  ] as const)('of a life of a second, %d ms after it was renewed: %s', (renewedAgoMs, does, againMs) => {
    const life = {...lifetime, expiresAtMs: 1_000};
    const given = {lifetime: life, obstacle: undefined, failure: undefined, renewedAgoMs, nowMs: renewedAgoMs};
    expect(planTokenRenewal(given)).toMatchObject({do: does, againMs});
  });

  test('what is said does not change with the minute', () => {
    const at = (day: number): string | undefined =>
      planTokenRenewal({lifetime, obstacle: undefined, failure: undefined, nowMs: day * DAY_MS}).opinion?.message;
    expect(at(1)).toBe(at(30));
  });
});
