import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {spreadOf} from '../../dns/zone/address-spread.ts';
import type {WeightedAddresses} from '../../dns/zone/address-spread.ts';
import {parseAddress} from '../../dns/wire/address.ts';
import {ask, question, responderFor} from './ask.ts';
import {endpoint, makeImport, makeSlice, makeView} from './fixture-view.ts';

const endpoints = [1, 2, 3].flatMap((i) => [endpoint(`10.1.0.${i}`, `h${i}`)]);
const six = [1, 2].map((i) => endpoint(`2001:db8::${i}`, `h${i}`));
const view = makeView({
  namespaces: ['test'],
  imports: [
    makeImport('head', {type: 'Headless', slices: [makeSlice('cluster-a', endpoints), makeSlice('cluster-a', six)]}),
    makeImport('other', {type: 'Headless', slices: [makeSlice('cluster-a', endpoints)]}),
  ],
});

describe('of several equal addresses each stands first in turn', () => {
  const first = (responder: ReturnType<typeof responderFor>, type: string, name = 'head') => {
    const reply = ask(responder, question(`${name}.test.svc.clusterset.local`, type, {edns: 1232}));
    expect(reply.answers).toHaveLength(type === 'A' ? 3 : 2);
    expect(new Set(reply.answers.map((record) => record.data)).size).toBe(reply.answers.length);
    return reply.answers[0]!.data;
  };

  test('and then all over again', () => {
    const responder = responderFor(view);
    const order = Array.from({length: 6}, () => first(responder, 'A'));
    expect(order).toEqual(['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.1', '10.1.0.2', '10.1.0.3']);
  });

  test('also where a client asks for A and AAAA by turns, and others ask for other names', () => {
    const responder = responderFor(view);
    const rounds = Array.from({length: 6}, () => [
      first(responder, 'A'),
      first(responder, 'AAAA'),
      first(responder, 'A', 'other'),
    ]);
    for (const i of [0, 1, 2]) expect(new Set(rounds.map((round) => round[i])).size).toBe(i === 1 ? 2 : 3);
  });

  test('the records stay whole: rest of the set in the same cyclic order', () => {
    const responder = responderFor(view);
    first(responder, 'A');
    const reply = ask(responder, question('head.test.svc.clusterset.local', 'A'));
    expect(reply.answers.map((record) => record.data)).toEqual(['10.1.0.2', '10.1.0.3', '10.1.0.1']);
  });

  test('SRV is left as it is: its weights choose, and its additional records point into it', () => {
    const responder = responderFor(view);
    const asked = Array.from({length: 3}, () =>
      ask(responder, question('_pg._tcp.head.test.svc.clusterset.local', 'SRV')),
    );
    expect(new Set(asked.map((reply) => JSON.stringify(reply.answers))).size).toBe(1);
  });
});

describe('unequal parts take turns', () => {
  const cluster = (weight: number, ...addresses: readonly string[]): WeightedAddresses => ({
    weight,
    addresses: addresses.map((text) => parseAddress(text)!),
  });

  test('equal weights and as many addresses: every answer has all of them', () => {
    expect(spreadOf([cluster(100, '192.0.2.1'), cluster(100, '192.0.2.2')])).toBeUndefined();
    expect(spreadOf([cluster(7, '192.0.2.1', '192.0.2.2')])).toBeUndefined();
    expect(spreadOf([])).toBeUndefined();
  });

  test('one cluster with more addresses than the other gets no more than its weight', () => {
    const spread = spreadOf([cluster(100, '192.0.2.1', '192.0.2.3'), cluster(100, '192.0.2.2')]);
    expect(spread?.slots).toEqual([0, 1]);
  });

  test('turns are spread evenly', () => {
    expect(spreadOf([cluster(300, '192.0.2.1'), cluster(100, '192.0.2.2')])?.slots).toEqual([0, 0, 1, 0]);
  });

  test('every share is within a hundredth of its weight, or one turn, and nobody is left out', () => {
    const weights = fc.array(fc.integer({min: 1, max: 4_000_000_000}), {minLength: 2, maxLength: 20});
    fc.assert(
      fc.property(weights, (list) => {
        const spread = spreadOf(
          list.map((weight, i) => cluster(weight, ...(i === 0 ? ['192.0.2.1', '192.0.2.2'] : ['192.0.2.3']))),
        );
        const total = list.reduce((sum, weight) => sum + weight, 0);
        const slots = spread?.slots ?? [];
        expect(slots.length).toBeLessThanOrEqual(100 + list.length);
        list.forEach((weight, i) => {
          const share = slots.filter((slot) => slot === i).length;
          expect(share).toBeGreaterThan(0);
          expect(Math.abs(share / slots.length - weight / total)).toBeLessThan((list.length + 1) / 100);
        });
      }),
    );
  });
});
