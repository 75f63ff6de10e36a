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

  test('what a hub remembers from imports is held like anything accepted before', () => {
    for (const name of names(12)) accepted.seed(`bar/${name}`, anExport('c1', {name}));
    settle(...keys(12));
    expect(accepted.held?.keys.size).toBe(12);
    expect(accepted.get('bar/foo-1')).toBeDefined();
  });

  test('what is seen wins over what is remembered', () => {
    show('foo');
    accepted.seed('bar/foo', anExport('c1', {createdAtMs: 5}));
    expect(accepted.get('bar/foo')?.createdAtMs).toBe(1_000);
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
    accepted.seed('bar/foo', anExport('c1'));
    expect(accepted.slicesOf('bar/foo')).toBeUndefined();
  });
});
