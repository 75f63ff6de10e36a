import {expect, test} from 'vitest';
import type {ImportType} from '../../src/api/kinds.ts';
import {merge} from '../../src/clusterset/merge.ts';
import {DecidedTypes} from '../../src/hub/decided-types.ts';
import {anExport} from '../clusterset/fixtures.ts';

/** What a hub remembers of the types that imports have, against what stands in members. */

const KEY = 'shop/cart';
const H = 'Headless';
const C = 'ClusterSetIP';

interface Held {
  /** What most members hold. */
  type: ImportType | undefined;
  /** The same of those that remember an exporter which can't be asked. */
  remembered: ImportType | undefined;
}

function decided(
  held: Held,
  areKnown = true,
): (said: ImportType | undefined, elsewhere?: ImportType) => string | undefined {
  const types = new DecidedTypes(
    (_, hasEnded) => (hasEnded ? held.remembered : held.type),
    () => areKnown,
  );
  return (said, elsewhere) => {
    const exports = said === undefined ? [] : [anExport('c1', {}, {headless: said === H})];
    return types.guard(KEY, merge(exports), elsewhere).import?.type;
  };
}

test('what members hold keeps the type, as a hub before this one decided it', () => {
  expect(decided({type: C, remembered: undefined})(H)).toBe(C);
  expect(decided({type: undefined, remembered: undefined})(H)).toBe(H);
});

test('what this hub decided counts, whatever members hold later', () => {
  const held: Held = {type: undefined, remembered: undefined};
  const say = decided(held);
  expect(say(C)).toBe(C);
  held.type = H;
  expect(say(C)).toBe(C);
  expect(say(H)).toBe(C);
});

test('while the hub starts nothing is decided for good', () => {
  const held: Held = {type: undefined, remembered: undefined};
  const say = decided(held, false);
  expect(say(H)).toBe(H);
  held.type = C;
  expect(say(H)).toBe(C);
});

test.each([{how: 'it was decided here'}, {how: 'a hub before decided it'}])(
  'after the export ended the imports that are left over decide nothing: $how',
  ({how}) => {
    const held: Held = {type: C, remembered: undefined};
    const say = decided(held);
    if (how === 'it was decided here') expect(say(C)).toBe(C);
    expect(say(undefined)).toBeUndefined();
    expect(say(H)).toBe(H);
    // It is decided anew from here on.
    expect(say(C)).toBe(H);
  },
);

test('an export has not ended as long as an import remembers an exporter that can’t be asked', () => {
  const held: Held = {type: C, remembered: C};
  const say = decided(held);
  expect(say(undefined)).toBeUndefined();
  held.remembered = undefined;
  expect(say(H)).toBe(C);
});

test('an import that differs from all others, which say what the exports say, was edited', () => {
  expect(decided({type: H, remembered: undefined})(C, C)).toBe(C);
  expect(decided({type: H, remembered: undefined})(C, H)).toBe(H);
  expect(decided({type: undefined, remembered: undefined})(C, H)).toBe(C);
});

test('only so many names are remembered, those of the longest ago are forgotten first', () => {
  const types = new DecidedTypes(
    (_, hasEnded) => (hasEnded ? undefined : C),
    () => true,
  );
  for (let i = 0; i <= 10_000; i++) types.end(`a/${i}`);
  expect(types.before('a/0')).toBe(C);
  expect(types.before('a/1')).toBeUndefined();
  expect(types.before('a/10000')).toBeUndefined();
});
