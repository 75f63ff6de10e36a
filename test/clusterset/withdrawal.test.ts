import {describe, expect, test} from 'vitest';
import {withdrawnOf} from '../../src/clusterset/withdrawal.ts';

describe('whose endpoints of an import the hub withdraws', () => {
  test.each([
    {name: 'nobody is lost', exporters: ['a', 'b'], lost: {}, withdrawn: []},
    {name: 'one of several', exporters: ['a', 'b', 'c'], lost: {b: 1}, withdrawn: ['b']},
    {name: 'one that does not export this', exporters: ['a'], lost: {b: 1}, withdrawn: []},
    {name: 'the only one keeps its endpoints', exporters: ['a'], lost: {a: 1}, withdrawn: []},
    {name: 'of all, the least stale keeps its own', exporters: ['a', 'b', 'c'], lost: {a: 1, b: 9, c: 5}, withdrawn: ['a', 'c']}, // prettier-ignore
    {name: 'equally stale: the first by name', exporters: ['b', 'a'], lost: {a: 5, b: 5}, withdrawn: ['b']},
    {name: 'an import without exporters', exporters: [], lost: {a: 1}, withdrawn: []},
  ])('$name', ({exporters, lost, withdrawn}) => {
    expect([...withdrawnOf(exporters, new Map(Object.entries(lost)))].sort()).toEqual(withdrawn);
  });
});
