import {expect, test} from 'vitest';

import type {Cluster} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import {type SaidElsewhere, saidElsewhere, wordOf} from '../../src/hub/said-elsewhere.ts';

function aCluster(synced?: Pick<Condition, 'status' | 'reason' | 'message'>): Cluster {
  const conditions = [
    {type: 'Reachable', status: 'False', reason: 'Unreachable', message: 'x', lastTransitionTime: ''},
    ...(synced === undefined ? [] : [{type: 'Synced', lastTransitionTime: '', ...synced}]),
  ] as const;
  return {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'cluster-2'}, status: {conditions}};
}

const ITEM = 'import shop/foo';
const refused = (message: string): Cluster => aCluster({status: 'False', reason: 'ApplyFailed', message});
const elsewhere = (reason: string): SaidElsewhere => ({state: 'Waiting', why: `its Cluster says ${reason}`});
const ANOTHER: SaidElsewhere = {state: 'Waiting', why: 'another object is refused there; see Cluster cluster-2'};

const rows: readonly {readonly name: string; readonly cluster: Cluster; readonly is: SaidElsewhere | undefined}[] = [
  {
    name: 'the very object is refused: why, in the words of the member',
    cluster: refused('import shop/foo: no: not here'),
    is: {state: 'Failed', why: 'no: not here'},
  },
  {
    name: 'another object is named: this one is not said to be refused, and neither that name nor its words are told',
    cluster: refused('import shop/bar: no'),
    is: ANOTHER,
  },
  {
    name: 'a longer name that begins alike is another object',
    cluster: refused('import shop/foo-2: no'),
    is: ANOTHER,
  },
  {
    name: 'something else is in the way: what, without words that change',
    cluster: aCluster({status: 'False', reason: 'NamespaceMissing', message: 'Apply it.'}),
    is: elsewhere('NamespaceMissing'),
  },
  {
    name: 'the sentence alone is no refusal of it',
    cluster: aCluster({status: 'False', reason: 'Forbidden', message: 'import shop/foo: no'}),
    is: elsewhere('Forbidden'),
  },
  {
    name: 'under way is no failure',
    cluster: aCluster({status: 'Unknown', reason: 'CatchingUp', message: 'import shop/foo: no'}),
    is: undefined,
  },
  {
    name: 'all is well',
    cluster: aCluster({status: 'True', reason: 'Synced', message: 'Everything was applied.'}),
    is: undefined,
  },
  {name: 'nothing was said yet', cluster: aCluster(), is: undefined},
];

test.each(rows)('$name', ({cluster, is}) => {
  expect(saidElsewhere(cluster, ITEM)).toEqual(is);
});

test.each(rows)('there is a word where something is wrong, and none else: $name', ({cluster, is}) => {
  expect(wordOf(cluster) === '').toBe(is === undefined);
});

test('another word is one that may be told of some item: the message matters only where it names one', () => {
  const forbidden = (message: string): string => wordOf(aCluster({status: 'False', reason: 'Forbidden', message}));
  expect(forbidden('one')).toBe(forbidden('two'));
  expect(wordOf(refused('import shop/bar: no'))).not.toBe(wordOf(refused('import shop/foo: no')));
});
