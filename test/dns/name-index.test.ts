import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {nameHash} from '../../dns/wire/name-hash.ts';
import {nameFromText, nameToText, prepend} from '../../dns/wire/name.ts';
import {NameIndex} from '../../dns/zone/name-index.ts';
import {SlabStore} from '../../dns/zone/slab-store.ts';

/** A slab of names, each behind its length octet, and where they begin. */
function slabOf(names: readonly string[]): {slab: Buffer; offsets: readonly number[]} {
  const offsets: number[] = [];
  let text = '';
  for (const name of names) {
    offsets.push(text.length);
    text += String.fromCharCode(name.length) + name;
  }
  return {slab: Buffer.from(text, 'latin1'), offsets};
}

describe('the index of names', () => {
  test('does what a Map does, whatever is set and deleted', () => {
    // A table as full as it gets: long runs that wrap around, where a wrong deletion would cut names off.
    const names = Array.from({length: 15}, (_, i) => `name-${i}`);
    const steps = fc.array(fc.tuple(fc.nat(names.length - 1), fc.boolean()), {maxLength: 200});
    fc.assert(
      // What is said to be shared is only left out of the hash: names that differ in nothing else are still told apart.
      fc.property(steps, fc.integer({min: 0, max: 2 ** 32 - 1}), fc.nat(20), (all, seed, shared) => {
        const slabs = new SlabStore();
        const {slab, offsets} = slabOf(names);
        const id = slabs.add(slab);
        const index = new NameIndex(slabs, {seed, shared, capacity: 32});
        const model = new Set<number>();
        for (const [i, isSet] of all) {
          const slot = index.find(slab, offsets[i]! + 1, names[i]!.length);
          expect(slot >= 0).toBe(model.has(i));
          if (isSet) {
            index.set(id, offsets[i]!);
            model.add(i);
          } else if (slot >= 0) {
            index.delete(slot);
            model.delete(i);
          }
        }
        expect(index.size).toBe(model.size);
        expect(new Set([...index.slots()].map((slot) => offsets.indexOf(index.offsetOf(slot))))).toEqual(model);
      }),
    );
  });

  test('finds all of many names, grown and with half of them deleted', () => {
    const names = Array.from({length: 20_000}, (_, i) => `service-${i}`);
    const slabs = new SlabStore();
    const {slab, offsets} = slabOf(names);
    const id = slabs.add(slab);
    const index = new NameIndex(slabs, {seed: 1, capacity: 2});
    for (const offset of offsets) index.set(id, offset);
    const find = (i: number) => index.find(slab, offsets[i]! + 1, names[i]!.length);
    expect(names.every((_, i) => index.offsetOf(find(i)) === offsets[i])).toBe(true);
    for (let i = 0; i < names.length; i += 2) index.delete(find(i));
    expect(names.every((_, i) => find(i) >= 0 === (i % 2 === 1))).toBe(true);
    expect(index.size).toBe(10_000);
  });

  test('the hash depends on the seed, so that nobody can prepare names that collide', () => {
    const name = Buffer.from('web');
    const hashes = new Set(Array.from({length: 1000}, (_, seed) => nameHash(name, 0, 3, seed)));
    expect(hashes.size).toBe(1000);
  });
});

describe('slabs', () => {
  test('one that nobody uses is let go, and its number is used again', () => {
    const slabs = new SlabStore();
    const first = slabs.add(Buffer.alloc(10));
    const second = slabs.add(Buffer.alloc(20));
    slabs.retain(first);
    slabs.release(first);
    expect(slabs.bytes).toBe(30);
    slabs.release(first);
    expect(slabs.bytes).toBe(20);
    expect(slabs.add(Buffer.alloc(5))).toBe(first);
    expect(slabs.get(second)).toHaveLength(20);
  });
});

describe('places in slabs', () => {
  test('lead back to their slab and offset, and no two slabs have one in common, whatever comes and goes', () => {
    const size = fc.oneof(fc.integer({min: 0, max: 600}), fc.integer({min: 4000, max: 13_000}));
    const steps = fc.array(fc.oneof(fc.record({add: size}), fc.record({drop: fc.nat(20)})), {maxLength: 60});
    fc.assert(
      fc.property(steps, (all) => {
        const slabs = new SlabStore();
        const live = new Map<number, number>();
        for (const step of all) {
          if ('add' in step) live.set(slabs.add(Buffer.alloc(step.add)), step.add);
          else {
            const id = [...live.keys()][step.drop];
            if (id === undefined) continue;
            slabs.release(id);
            live.delete(id);
          }
          const places = [...live].flatMap(([id, length]) => [0, length >> 1, length - 1].map((at) => ({id, at})));
          for (const {id, at} of places.filter(({at: offset}) => offset >= 0)) {
            const place = slabs.placeOf(id, at);
            expect(place).toBeGreaterThan(0);
            expect([slabs.idAt(place), slabs.offsetAt(slabs.idAt(place), place)]).toEqual([id, at]);
          }
        }
      }),
    );
  });

  test('are used again, so that changes without end need no more of them', () => {
    const slabs = new SlabStore();
    const most = Math.max(
      ...Array.from({length: 5_000}, () => {
        const id = slabs.add(Buffer.alloc(600));
        const place = slabs.placeOf(id, 0);
        slabs.release(id);
        return place;
      }),
    );
    expect(most).toBe(4096);
  });
});

describe('wire names', () => {
  test.each([
    ['clusterset.local', '\u000aclusterset\u0005local\u0000'],
    ['Clusterset.LOCAL.', '\u000aclusterset\u0005local\u0000'],
    ['a', '\u0001a\u0000'],
  ])('%s', (text, wire) => {
    expect(nameFromText(text)).toBe(wire);
  });

  test.each(['', '.', 'a..b', '.a', 'ä.b', 'x'.repeat(64), `${'x'.repeat(63)}.`.repeat(4)])('%s is none', (text) => {
    expect(nameFromText(text)).toBeUndefined();
  });

  test('there and back', () => {
    expect(nameToText(nameFromText('web.test.svc')!)).toBe('web.test.svc.');
    expect(nameToText('\u0000')).toBe('.');
  });

  test('a name has at most 255 octets', () => {
    const most = nameFromText(`${'x'.repeat(63)}.`.repeat(3) + 'y'.repeat(59))!;
    expect(most).toHaveLength(253);
    expect(prepend('z', most)).toHaveLength(255);
    expect(prepend('zz', most)).toBeUndefined();
  });
});
