import {beforeEach, describe, expect, test} from 'vitest';

import {VipBudget} from '../../src/agent/vip-budget.ts';
import type {VipBudgetOptions} from '../../src/agent/vip-budget.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../../src/api/names.ts';
import type {View} from '../../src/clusterset/view.ts';
import {aView, anImport as anImportView} from '../clusterset/fixtures.ts';
import {anImport} from './fixtures.ts';

const OWN = 'isthmus-system';
const labels = {[MANAGED_BY_LABEL]: HUB_MANAGED_BY};
let view: View;
/** Keys of imports with a derived Service. */
let there: Set<string>;

function budget(options: Partial<VipBudgetOptions> = {}): VipBudget {
  return new VipBudget({
    maxVips: 2,
    serviceRangeSize: () => undefined,
    ownNamespace: OWN,
    view: () => view,
    derivedCount: () => there.size,
    hasDerived: (key) => there.has(key),
    ...options,
  });
}

/** Imports that wait, in namespaces of these ages. */
function world(namespaces: Readonly<Record<string, number>>, keys: readonly string[]): View {
  const all = Object.entries({[OWN]: 1_000, ...namespaces}).map(([name, createdAtMs]) => {
    return [name, {name, labels: {}, annotations: {}, createdAtMs}] as const;
  });
  const imports = keys.map((key) => {
    const [namespace = '', name = ''] = key.split('/');
    return anImportView(['cluster-1'], {namespace, name, labels});
  });
  return {...aView({imports}), namespaces: new Map(all)};
}

const take = (of: VipBudget, key: string) => {
  const [namespace = '', name = ''] = key.split('/');
  const refused = of.take(anImport({namespace, name}));
  if (refused === undefined) return 'taken';
  expect(refused.reason).toBe('VIPBudgetExhausted');
  return refused.message;
};

beforeEach(() => {
  there = new Set();
  view = aView();
});

describe('the budget', () => {
  test('counts those that are being made as well', () => {
    const two = budget();
    expect(take(two, 'bar/a')).toBe('taken');
    there.add('bar/a');
    expect(take(two, 'bar/b')).toBe('taken');
    expect(take(two, 'bar/c')).toBe('2 of 2 gateway VIPs are in use; raise --max-vips, or import fewer services');
  });

  test('is asked again by one import without costing another place', () => {
    const two = budget();
    for (let i = 0; i < 3; i++) expect(take(two, 'bar/a')).toBe('taken');
    expect(take(two, 'bar/b')).toBe('taken');
  });

  test('gets back what was not made', () => {
    const one = budget({maxVips: 1});
    expect(take(one, 'bar/a')).toBe('taken');
    expect(take(one, 'bar/b')).toContain('1 of 1');
    expect(one.ready()).toEqual([]);
    one.release('bar/a');
    expect(one.ready()).toEqual(['bar/b']);
    expect(take(one, 'bar/b')).toBe('taken');
    expect(one.ready()).toEqual([]);
  });

  test.each([
    {name: 'half of the service range where that is less', size: 9, limit: 4},
    {name: '--max-vips where that is less', size: 65_536, limit: 6},
    {name: '--max-vips where nobody knows the range', size: undefined, limit: 6},
    {name: 'nothing of a range of one address', size: 1, limit: 0},
  ])('is $name', ({size, limit}) => {
    const some = budget({maxVips: 6, serviceRangeSize: () => size});
    const taken = Array.from({length: 10}, (_, i) => take(some, `bar/s${i}`));
    expect(taken.filter((each) => each === 'taken')).toHaveLength(limit);
    expect(taken.at(-1)).toContain(limit < 6 ? 'half of the addresses for Services' : 'raise --max-vips');
  });
});

describe('where there is not enough for all, namespaces that are older than Isthmus come first', () => {
  const namespaces = {old: 999, same: 1_000, young: 2_000};

  test('also when younger ones ask earlier', () => {
    view = world(namespaces, ['young/a', 'same/a', 'old/a', 'old/b']);
    const two = budget();
    expect(take(two, 'young/a')).toBe(
      'what is left of 2 gateway VIPs is for namespaces older than Isthmus; raise --max-vips, or import fewer services',
    );
    expect(take(two, 'same/a')).toContain('older than Isthmus');
    expect([take(two, 'old/a'), take(two, 'old/b')]).toEqual(['taken', 'taken']);
    expect(take(two, 'young/a')).toContain('2 of 2');
  });

  test('what they leave is for the others', () => {
    view = world(namespaces, ['young/a', 'young/b', 'old/a']);
    const two = budget();
    expect(take(two, 'young/a')).toBe('taken');
    expect(take(two, 'young/b')).toContain('older than Isthmus');
    expect(two.ready()).toEqual(['young/b']);
    view = world(namespaces, ['young/a', 'young/b']);
    expect(take(two, 'young/b')).toBe('taken');
  });

  test('who has an address keeps it', () => {
    view = world(namespaces, ['young/a', 'young/b', 'old/a']);
    there = new Set(['young/a', 'young/b']);
    expect(take(budget(), 'old/a')).toContain('2 of 2');
  });

  test('they are let in first when a place gets free', () => {
    view = world(namespaces, ['young/a', 'old/a']);
    there = new Set(['gone/x', 'gone/y']);
    const two = budget();
    for (const key of ['young/a', 'old/a']) expect(take(two, key)).toContain('2 of 2');
    there = new Set(['gone/x']);
    expect(two.ready()).toEqual(['old/a']);
  });

  test.each([
    {name: 'headless', over: {type: 'Headless'}},
    {name: "somebody else's", over: {labels: {}}},
    {name: 'kept out by policy', over: {clusters: [], refused: [{cluster: 'cluster-1', message: 'no'}]}},
  ] as const)('but for what needs no address: $name', ({over}) => {
    view = world(namespaces, ['young/a', 'young/b', 'old/a', 'old/b']);
    const imports = [...view.imports].map(([key, each]) => [key, key.startsWith('old/') ? {...each, ...over} : each]);
    view = {...view, imports: new Map(imports as [string, ReturnType<typeof anImportView>][])};
    expect(take(budget(), 'young/a')).toBe('taken');
  });
});
