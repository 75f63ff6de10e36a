import {describe, expect, test} from 'vitest';

import {cappedCreatedAt} from '../../src/clusterset/backdating.ts';
import {fitsDns, serviceHost} from '../../src/clusterset/dns-names.ts';
import {isTargeted} from '../../src/clusterset/target-clusters.ts';
import {anExport} from './fixtures.ts';

test('the name that consumers use, in the default zone and in another', () => {
  expect(serviceHost('bar', 'foo')).toBe('foo.bar.svc.clusterset.local');
  expect(serviceHost('bar', 'foo', 'example.org')).toBe('foo.bar.svc.example.org');
});

test.each([
  ['bar', 'foo', true],
  ['bar', 'f'.repeat(63), true],
  ['bar', 'f'.repeat(64), false],
  ['bar', 'foo.bar', false],
  ['bar', 'Foo', false],
  ['bar', '-foo', false],
  ['', 'foo', false],
])('%s/%s fits DNS: %s', (namespace, name, fits) => {
  expect(fitsDns(namespace, name)).toBe(fits);
});

describe('targetClusters (reference: FSM §1.2; empty is all)', () => {
  const consumer = {id: 'cluster-2', key: 'eu/a/default/cluster-2'};
  const cases = [
    {name: 'a standard export is for all', targets: undefined, targeted: true},
    {name: 'an empty list is for all', targets: [], targeted: true},
    {name: 'named by id', targets: ['cluster-2'], targeted: true},
    {name: 'named by long key', targets: ['eu/a/default/cluster-2'], targeted: true},
    {name: 'a long key of another place is another cluster', targets: ['us/a/default/cluster-2'], targeted: false},
    {name: 'others named', targets: ['cluster-3'], targeted: false},
  ];
  test.each(cases)('$name', ({targets, targeted}) => {
    const exported = anExport(
      'cluster-1',
      targets === undefined ? {} : {flomesh: {rules: [], targetClusters: targets}},
    );
    expect(isTargeted(exported, consumer)).toBe(targeted);
  });

  test('the exporter itself always has its own service', () => {
    const exported = anExport('cluster-1', {flomesh: {rules: [], targetClusters: ['cluster-3']}});
    expect(isTargeted(exported, {id: 'cluster-1', key: 'default/default/default/cluster-1'})).toBe(true);
  });
});

describe('a member cannot backdate an export (design §5)', () => {
  const cases = [
    {name: 'no earlier list: the timestamp is believed', created: 5_000, list: undefined, counts: 5_000},
    {name: 'a list without it before its time: believed', created: 500_000, list: 400_000, counts: 500_000},
    {name: 'a list without it up to 60 s later: clocks differ, believed', created: 0, list: 60_000, counts: 0},
    {name: 'a list without it over 60 s later: the list counts', created: 0, list: 60_001, counts: 60_001},
  ];
  test.each(cases)('$name', ({created, list, counts}) => {
    expect(cappedCreatedAt(created, list)).toBe(counts);
  });
});
