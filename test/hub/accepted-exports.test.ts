import {beforeEach, describe, expect, test} from 'vitest';
import type {ReadSlice} from '../../src/clusterset/intake/read-slices.ts';
import type {MemberExport} from '../../src/clusterset/member-export.ts';
import {AcceptedExports, type Observation} from '../../src/hub/accepted-exports.ts';
import {anExport, withoutService} from '../clusterset/fixtures.ts';

const AT_REST = {clusterLeaving: false, confirmedAtMs: undefined};
const GONE: Observation = {state: 'Absent', serviceGone: false, namespaceGone: false};

let nowMs: number;
let seen: Map<string, Observation>;
let changes: [string, MemberExport | undefined][];
let accepted: AcceptedExports;

beforeEach(() => {
  nowMs = 1_000_000;
  seen = new Map();
  changes = [];
  accepted = new AcceptedExports({nowMs: () => nowMs, onChange: (key, next) => changes.push([key, next])});
});

function settle(...keys: readonly string[]): void {
  accepted.settle(keys, (key) => seen.get(key) ?? GONE, AT_REST);
}

function show(...names: readonly string[]): void {
  for (const name of names) seen.set(`bar/${name}`, {state: 'Seen', export: anExport('c1', {name})});
  settle(...names.map((name) => `bar/${name}`));
}

const names = (count: number): readonly string[] => Array.from({length: count}, (_, i) => `foo-${i}`);
const keys = (count: number): readonly string[] => names(count).map((name) => `bar/${name}`);

describe('accepted exports', () => {
  test('follow what is seen, and a sight that says the same is no change', () => {
    show('foo');
    show('foo');
    expect(changes).toEqual([['bar/foo', anExport('c1')]]);
  });

  test('an Unknown takes nothing away', () => {
    show('foo');
    seen.set('bar/foo', {state: 'Unknown'});
    settle('bar/foo');
    expect(accepted.get('bar/foo')).toBeDefined();
  });

  test('few that go are gone at once', () => {
    show('foo');
    seen.clear();
    settle('bar/foo');
    expect(changes.at(-1)).toEqual(['bar/foo', undefined]);
    expect(accepted.held).toBeUndefined();
  });

  test('ten that go at once are held with what they said, and back again they are simply there', () => {
    show(...names(12));
    seen.clear();
    settle(...keys(12));
    expect([...(accepted.held?.keys ?? [])]).toHaveLength(12);
    expect(accepted.get('bar/foo-3')).toEqual(anExport('c1', {name: 'foo-3'}));
    show(...names(12));
    expect(accepted.held).toBeUndefined();
    expect(changes).toHaveLength(12);
  });

  test('a held one is let through when its Service goes too, which may be seen later', () => {
    show(...names(12));
    seen.clear();
    settle(...keys(12));
    seen.set('bar/foo-3', {state: 'Absent', serviceGone: true, namespaceGone: false});
    settle();
    expect(changes.slice(12)).toEqual([['bar/foo-3', undefined]]);
    expect(accepted.held?.keys.size).toBe(11);
  });

  test('Services that vanish in masses while their exports stay are held too: a lost list looks like it', () => {
    show(...names(12));
    for (const name of names(12)) {
      seen.set(`bar/${name}`, {state: 'Seen', export: withoutService('c1', {name})});
    }
    settle(...keys(12));
    expect(accepted.held?.keys.size).toBe(12);
    expect(accepted.get('bar/foo-1')?.service).toBeDefined();
  });

  test('one Service that goes makes its export one without Service', () => {
    show('foo');
    seen.set('bar/foo', {state: 'Seen', export: withoutService('c1')});
    settle('bar/foo');
    expect(accepted.get('bar/foo')).toEqual(withoutService('c1'));
  });

  test('a drained cluster may take everything away', () => {
    show(...names(12));
    seen.clear();
    accepted.settle(keys(12), () => GONE, {...AT_REST, clusterLeaving: true});
    expect(accepted.size).toBe(0);
  });

  describe('from before this hub started', () => {
    function remember(count: number): void {
      for (const key of keys(count)) accepted.remember(key);
    }

    test('are held like anything accepted before, and are no exports: only consumers know what they were', () => {
      remember(12);
      settle(...keys(12));
      expect(accepted.held?.keys.size).toBe(12);
      expect([accepted.get('bar/foo-1'), accepted.remembers('bar/foo-1')]).toEqual([undefined, true]);
      expect([...accepted.keys()].sort()).toEqual([...keys(12)].sort());
      expect(changes).toEqual([]);
    });

    test('nine are let through at once, and each is told', () => {
      remember(9);
      settle(...keys(9));
      expect(accepted.held).toBeUndefined();
      expect(changes).toEqual(keys(9).map((key) => [key, undefined]));
      expect(keys(9).some((key) => accepted.remembers(key))).toBe(false);
    });

    test('are exports like others when they are seen', () => {
      remember(12);
      show(...names(12));
      expect(accepted.size).toBe(12);
      expect(keys(12).some((key) => accepted.remembers(key))).toBe(false);
      expect([...accepted.keys()]).toHaveLength(12);
    });

    test('what was seen is not remembered', () => {
      show('foo');
      accepted.remember('bar/foo');
      expect(accepted.remembers('bar/foo')).toBe(false);
    });

    test('Services that vanished in masses while no hub looked are held too', () => {
      remember(12);
      for (const name of names(12)) seen.set(`bar/${name}`, {state: 'Seen', export: withoutService('c1', {name})});
      settle(...keys(12));
      expect(accepted.held?.keys.size).toBe(12);
      nowMs += 1_000;
      show('foo-1');
      expect(accepted.get('bar/foo-1')?.service).toBeDefined();
      expect(accepted.held?.keys.size).toBe(11);
    });

    test('what was held goes on being held with its dates, fewer than ten as well, before and after it was observed', () => {
      const held = {sinceMs: 900_000, keys: new Set(keys(3)), earlier: new Map([['bar/foo-0', 800_000]])};
      accepted.restoreHeld(held);
      for (const key of keys(3)) seen.set(key, {state: 'Unknown'});
      settle(...keys(3));
      expect(accepted.held).toEqual(held);
      seen.clear();
      settle(...keys(3));
      expect(accepted.held).toEqual(held);
      expect(keys(3).every((key) => accepted.remembers(key))).toBe(true);
      expect(changes).toEqual([]);
    });

    test('what was held and can not be observed is not let go by time; what is there again is simply there', () => {
      accepted.restoreHeld({sinceMs: 0, keys: new Set(keys(3))});
      for (const key of keys(2)) seen.set(key, {state: 'Unknown'});
      show('other', 'foo-2');
      expect(accepted.held?.keys).toEqual(new Set(keys(2)));
      seen.delete('bar/foo-0');
      settle();
      expect(accepted.held?.keys).toEqual(new Set(['bar/foo-1']));
    });

    test('a confirmation of its first date lets it go', () => {
      accepted.restoreHeld({sinceMs: 900_000, keys: new Set(keys(3))});
      accepted.settle(keys(3), () => GONE, {...AT_REST, confirmedAtMs: 900_000});
      expect(accepted.held).toBeUndefined();
      expect(changes).toEqual(keys(3).map((key) => [key, undefined]));
    });

    test('clear ends them too', () => {
      remember(2);
      accepted.clear();
      expect(changes).toEqual(keys(2).map((key) => [key, undefined]));
      expect([...accepted.keys()]).toEqual([]);
    });
  });

  test('part of it is let through ten minutes after it was held; all of it never by time', () => {
    show(...names(13));
    for (const key of keys(12)) seen.delete(key);
    settle(...keys(12));
    nowMs += 599_000;
    settle();
    expect(accepted.size).toBe(13);
    nowMs += 2_000;
    settle();
    expect(accepted.size).toBe(1);
  });

  test('what can not be observed any more is let go neither by time nor by confirmation: it may be back', () => {
    show(...names(13));
    for (const key of keys(12)) seen.delete(key);
    settle(...keys(12));
    for (const key of keys(12)) seen.set(key, {state: 'Unknown'});
    nowMs += 601_000;
    accepted.settle([], (key) => seen.get(key) ?? GONE, {...AT_REST, confirmedAtMs: nowMs});
    expect(accepted.size).toBe(13);
    for (const key of keys(12)) seen.delete(key);
    settle();
    expect(accepted.size).toBe(1);
  });

  test('clear ends every one of them', () => {
    show('foo', 'fox');
    accepted.clear();
    expect(accepted.size).toBe(0);
    expect(changes.slice(2).map(([, next]) => next)).toEqual([undefined, undefined]);
  });
});

describe('accepted slices', () => {
  const slice = (name: string): ReadSlice => ({
    name,
    sourceCluster: 'c1',
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
  });
  let touched: string[];

  beforeEach(() => {
    touched = [];
    accepted = new AcceptedExports({
      nowMs: () => nowMs,
      onChange: (key, next) => changes.push([key, next]),
      onSlices: (key) => touched.push(key),
    });
  });

  function sight(name: string, slices?: readonly ReadSlice[]): void {
    const observed = {state: 'Seen', export: anExport('c1', {name}), ...(slices && {slices})} as const;
    seen.set(`bar/${name}`, observed);
    settle(`bar/${name}`);
  }

  test('follow what is seen; the same is no change, and what is not known takes nothing away', () => {
    sight('foo', [slice('a'), slice('b')]);
    sight('foo', [slice('a'), slice('b')]);
    sight('foo');
    expect(touched).toEqual(['bar/foo']);
    expect(accepted.slicesOf('bar/foo')).toHaveLength(2);
    sight('foo', []);
    expect(accepted.slicesOf('bar/foo')).toEqual([]);
    expect(accepted.sliceCount).toBe(0);
  });

  test('are there when the export is announced, and go with it', () => {
    let found: readonly ReadSlice[] | undefined;
    accepted = new AcceptedExports({
      nowMs: () => nowMs,
      onChange: (key) => {
        found = accepted.slicesOf(key);
      },
    });
    sight('foo', [slice('a')]);
    expect(found).toHaveLength(1);
    expect(accepted.sliceCount).toBe(1);
    seen.clear();
    settle('bar/foo');
    expect(accepted.slicesOf('bar/foo')).toBeUndefined();
    expect(accepted.sliceCount).toBe(0);
  });

  test('of exports that are held back stay', () => {
    for (const name of names(12)) sight(name, [slice(name)]);
    seen.clear();
    settle(...keys(12));
    expect(accepted.held?.keys.size).toBe(12);
    expect(accepted.sliceCount).toBe(12);
  });

  test('of an export that is only remembered are not known', () => {
    accepted.remember('bar/foo');
    expect(accepted.slicesOf('bar/foo')).toBeUndefined();
  });
});
