import {expect, test} from 'vitest';
import {ChangeQueue} from '../../dns/change-queue.ts';
import type {Publish} from '../../dns/change-queue.ts';
import {ZoneCompiler} from '../../dns/zone/zone-compiler.ts';
import {makeTable, ZONE} from './ask.ts';
import {changeOf, everything, makeImport, makeView} from './fixture-view.ts';

const imports = Array.from({length: 3000}, (_, i) =>
  makeImport(`s${i}`, {ips: ['10.0.0.1'], ports: [{name: 'p', port: 1}]}),
);
const view = makeView({namespaces: ['test'], imports});

function publishOf(revision: number, compiler: ZoneCompiler, all: boolean): Publish {
  const change = all ? everything : changeOf({imports: new Set(['test/s1'])});
  return {kind: 'publish', revision, synced: true, slabs: compiler.compile(view, change).slabs};
}

test('a big publication is taken over in steps, later ones wait their turn, and each is reported when it is whole', () => {
  const compiler = new ZoneCompiler({zone: ZONE, ttlSeconds: 5});
  const table = makeTable();
  let now = 0;
  const steps: (() => void)[] = [];
  const served: [number, number][] = [];
  const queue = new ChangeQueue({
    table,
    // A clock that says that every look at it costs a millisecond: 16 groups, then it is the queries' turn.
    nowMs: () => now++,
    later: (step) => steps.push(step),
    onServed: ({revision}) => served.push([revision, table.size]),
  });
  queue.add(publishOf(1, compiler, true));
  queue.add(publishOf(2, compiler, false));
  queue.add({kind: 'publish', revision: 3, synced: true, slabs: []});
  expect(served).toEqual([]);
  let rounds = 0;
  for (; steps.length > 0; rounds++) {
    const before = table.size;
    steps.shift()!();
    // 16 imports of three names each, and what a step does before it looks at the clock first.
    expect(table.size - before).toBeLessThanOrEqual(100);
  }
  expect(rounds).toBeGreaterThan(100);
  const names = 3 * 3000 + 1 + 5;
  expect(served).toEqual([
    [1, names],
    [2, names],
    [3, names],
  ]);
});

test('slabs of what was replaced are let go', () => {
  const compiler = new ZoneCompiler({zone: ZONE, ttlSeconds: 5});
  const table = makeTable();
  const queue = new ChangeQueue({table, nowMs: () => 0, later: (step) => step(), onServed: () => undefined});
  queue.add(publishOf(1, compiler, true));
  const {bytes} = table;
  for (let revision = 2; revision < 500; revision++) queue.add(publishOf(revision, compiler, false));
  expect(table.bytes).toBeLessThan(bytes + 2_000);
});
