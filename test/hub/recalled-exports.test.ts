import {describe, expect, test} from 'vitest';
import type {ServiceImport} from '../../src/api/kinds.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../../src/api/names.ts';
import {recallExports} from '../../src/hub/recalled-exports.ts';

/** By name, the clusters that a member's import of it names. */
type Held = Readonly<Record<string, readonly string[]>>;

function importOf(key: string, exporters: readonly string[], managedBy = HUB_MANAGED_BY): ServiceImport {
  const [namespace = '', name = ''] = key.split('/');
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: {namespace, name, labels: {[MANAGED_BY_LABEL]: managedBy}},
    status: {clusters: exporters.map((cluster) => ({cluster}))},
  };
}

function recall(members: Readonly<Record<string, Held>>, shown: readonly string[] = []): Record<string, string[]> {
  const imports = new Map(
    Object.entries(members).map(([id, held]) => [
      id,
      new Map(Object.entries(held).map(([key, exporters]) => [key, importOf(key, exporters)] as const)),
    ]),
  );
  const shows = (exporter: string, key: string): boolean => shown.includes(`${exporter} ${key}`);
  const recalled = recallExports({imports, exporters: new Set(['one']), shows});
  return Object.fromEntries([...recalled].map(([id, keys]) => [id, [...keys].sort()]));
}

describe('what a member exported before the hub started', () => {
  test.each<{what: string; members: Readonly<Record<string, Held>>; found: string[]}>([
    {what: 'its own import says so', members: {one: {'a/x': ['one']}, two: {}, three: {}}, found: ['a/x']},
    {what: 'its own import, where it is the only one', members: {one: {'a/x': ['one', 'two']}}, found: ['a/x']},
    {what: 'its own import names others only', members: {one: {'a/x': ['two']}, two: {}}, found: []},
    {what: 'one of two others is not enough', members: {one: {}, two: {'a/x': ['one']}, three: {}}, found: []},
    {
      what: 'it lost all, and more than half of the others say so',
      members: {one: {}, two: {'a/x': ['one']}, three: {'a/x': ['one']}, four: {}},
      found: ['a/x'],
    },
    {
      what: 'half of the others are not more than half',
      members: {one: {}, two: {'a/x': ['one']}, three: {'a/x': ['one']}, four: {}, five: {}},
      found: [],
    },
    {what: 'of two members the other one', members: {one: {}, two: {'a/x': ['one']}}, found: ['a/x']},
    {
      what: 'one that names it twice has one voice',
      members: {one: {}, two: {'a/x': ['one', 'one']}, three: {}, four: {}},
      found: [],
    },
    {what: 'nobody asks for others', members: {one: {}, two: {'a/x': ['two']}, three: {'a/x': ['two']}}, found: []},
  ])('$what', ({members, found}) => {
    expect(recall(members)).toEqual({one: found});
  });

  test('what it shows itself needs no memory', () => {
    expect(recall({one: {'a/x': ['one'], 'a/y': ['one']}}, ['one a/x'])).toEqual({one: ['a/y']});
  });

  test('an import that is not of the hub tells nothing', () => {
    const imports = new Map([['one', new Map([['a/x', importOf('a/x', ['one'], 'somebody')]])]]);
    const recalled = recallExports({imports, exporters: new Set(['one']), shows: () => false});
    expect(recalled.get('one')).toEqual(new Set());
  });
});
