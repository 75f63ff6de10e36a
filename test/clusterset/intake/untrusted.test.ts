import {describe, expect, test} from 'vitest';

import {
  asList,
  asObject,
  fieldOf,
  FaultList,
  isPortNumber,
  MAX_FAULTS,
  show,
} from '../../../src/clusterset/intake/untrusted.ts';

describe('readers of remote values', () => {
  test('a field is an own field of a JSON object, anything else is none', () => {
    expect(fieldOf({a: {b: 1}}, 'a', 'b')).toBe(1);
    expect(fieldOf({a: null}, 'a')).toBeUndefined();
    for (const value of [undefined, null, 7, 'x', [1], {}]) expect(fieldOf(value, 'length')).toBeUndefined();
    for (const name of ['constructor', 'toString', '__proto__']) expect(fieldOf({}, name)).toBeUndefined();
  });

  test('objects and lists are told apart', () => {
    expect(asObject([])).toBeUndefined();
    expect(asObject(null)).toBeUndefined();
    expect(asList({length: 1})).toEqual([]);
    expect(asList([1])).toEqual([1]);
  });

  test.each([1, 65_535])('%d is a port', (port) => expect(isPortNumber(port)).toBe(true));
  test.each([0, 65_536, 1.5, '1', Number.NaN, undefined])('%s is none', (port) =>
    expect(isPortNumber(port)).toBe(false),
  );

  test('a value is shown short and without control characters', () => {
    expect(show('a\u001b\n\u0085b')).not.toMatch(/\p{Cc}/u);
    expect(show('x'.repeat(1_000)).length).toBeLessThan(70);
    expect(show(undefined)).toBe('nothing');
  });

  test('faults are bounded, the first refusal counts', () => {
    const faults = new FaultList();
    for (let at = 0; at < 1_000; at++) faults.add(`f${at}`, 'R', 'm');
    expect(faults.all.length).toBe(MAX_FAULTS);
    faults.refuse({field: 'a', reason: 'R', message: 'm'});
    faults.refuse({field: 'b', reason: 'R', message: 'm'});
    expect(faults.refusal?.field).toBe('a');
  });
});
