import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ExportAges, type KnownAge} from '../../src/hub/export-ages.ts';
import {addAges, adoptRecord, emptyRecord, fromRecordData, toRecordData} from '../../src/hub/member-record.ts';

/** What replicas of a hub remember of one member, each for the others. */

const age = (uid: string, ageMs: number): KnownAge => ({uid, ageMs, claimedAtMs: 0});
const ages = fc.dictionary(
  fc.constantFrom('mcs/a/x', 'mcs/a/y', 'flomesh/b/z'),
  fc.record({uid: fc.constantFrom('1', '2'), ageMs: fc.nat(1_000), claimedAtMs: fc.constant(0)}),
);

test('a record survives being written and read', () => {
  const record = {
    uid: 'u',
    cappedAges: {'mcs/a/x': age('1', 5)},
    held: {sinceMs: 7, keys: new Set(['a/x', 'a/y']), earlier: new Map([['a/y', 3]])},
    lists: {atMs: {mcs: 3}, seen: {mcs: ['d']}},
    left: {sinceMs: 9, isInCluster: false},
  };
  expect(fromRecordData(toRecordData(record))).toEqual(record);
  expect(toRecordData(emptyRecord)).toEqual({});
  expect(fromRecordData({'held': 'broken', 'capped-ages': '{'})).toEqual(emptyRecord);
  for (const held of ['{}', '{"sinceMs":1}', '{"sinceMs":"1","keys":["a/x"]}', '{"sinceMs":1,"keys":[]}'])
    expect(fromRecordData({held})).toEqual(emptyRecord);
});

test('deletions that an older version held back are all held since its one date', () => {
  const {held} = fromRecordData({held: '{"sinceMs":7,"keys":["a/x","a/y"]}'});
  expect(held).toEqual({sinceMs: 7, keys: new Set(['a/x', 'a/y'])});
  // And an older version reads what this one writes where all have one date.
  expect(toRecordData({...emptyRecord, held})).toEqual({held: '{"sinceMs":7,"keys":["a/x","a/y"]}'});
});

describe('adoptRecord', () => {
  const own = {
    ...emptyRecord,
    uid: 'u',
    held: {sinceMs: 1, keys: new Set(['a/x'])},
    lists: {atMs: {mcs: 50}, seen: {}},
  };

  test.each([
    ['a uid that was pinned by another replica', {...emptyRecord, uid: 'v'}, {uid: 'v'}],
    ['a record that says no uid takes none away', emptyRecord, {uid: 'u'}],
    ['a tombstone', {...emptyRecord, left: {sinceMs: 1, isInCluster: true}}, {left: {sinceMs: 1, isInCluster: true}}],
    ['newer lists', {...emptyRecord, lists: {atMs: {mcs: 60}, seen: {}}}, {lists: {atMs: {mcs: 60}, seen: {}}}],
    ['older lists are not taken', {...emptyRecord, lists: {atMs: {mcs: 40}, seen: {}}}, {lists: own.lists}],
    ['what this replica holds back stays', {...emptyRecord, held: undefined}, {held: own.held}],
  ])('%s', (_, written, expected) => {
    expect(adoptRecord(own, written)).toMatchObject(expected);
  });
});

describe('addAges', () => {
  test('of two caps of one export the later counts; adding again changes nothing', () => {
    fc.assert(
      fc.property(ages, ages, (written, own) => {
        const once = addAges({...emptyRecord, cappedAges: written}, own);
        for (const [id, {uid, ageMs}] of Object.entries(own)) {
          const other = written[id];
          const wanted = other?.uid === uid ? Math.max(ageMs, other.ageMs) : ageMs;
          expect(once.cappedAges[id]).toMatchObject({uid, ageMs: wanted});
        }
        expect(addAges(once, own)).toEqual(once);
        for (const id of Object.keys(written)) expect(once.cappedAges[id]).toBeDefined();
      }),
    );
  });
});

describe('ages of two replicas', () => {
  const object = (claimedAtMs: number): never =>
    ({metadata: {namespace: 'a', name: 'x', uid: '1'}, claimedAtMs, source: {id: 'mcs'}}) as never;

  test('who saw no list without the export takes over the cap of who did, before or after it sees the export', () => {
    const saw = new ExportAges();
    saw.noteList('mcs', 600_000);
    saw.noteAppeared(object(0));
    const told = saw.capped();
    expect(told).toEqual({'mcs/a/x': {uid: '1', ageMs: 600_000, claimedAtMs: 0}});
    for (const isTold of ['before', 'after']) {
      const other = new ExportAges();
      if (isTold === 'before') other.adopt(told);
      other.noteAppeared(object(0));
      if (isTold === 'after') expect(other.adopt(told)).toBe(true);
      expect(other.ageOf(object(0)), isTold).toBe(600_000);
      expect(other.capped()).toEqual(told);
      expect(other.adopt(told)).toBe(false);
    }
  });

  test('an earlier cap, and one of an object that is gone, change nothing', () => {
    const ages = new ExportAges();
    ages.noteList('mcs', 600_000);
    ages.noteAppeared(object(0));
    expect(ages.adopt({'mcs/a/x': age('1', 500_000)})).toBe(false);
    expect(ages.adopt({'mcs/a/x': age('gone', 900_000), 'mcs/a/unseen': age('1', 900_000)})).toBe(false);
    expect(ages.ageOf(object(0))).toBe(600_000);
  });
});
