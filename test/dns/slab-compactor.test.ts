import fc from 'fast-check';
import {expect, test} from 'vitest';
import {ChangeQueue} from '../../dns/change-queue.ts';
import type {Publish} from '../../dns/change-queue.ts';
import type {ZoneTable} from '../../dns/zone/zone-table.ts';
import type {View} from '../../src/clusterset/view.ts';
import {ask, compileView, makeCompiler, makeResponder, makeTable, question, ZONE} from './ask.ts';
import {changeOf, everything, makeImport, makeView} from './fixture-view.ts';

const KB = 1024;

/** What a table may hold: twice what is looked up, and what it does not bother about. */
const boundOf = (table: ZoneTable): number => 2 * table.liveBytes + 400 * KB;

/** A zone of which parts change again and again, as a worker sees it. */
class Churn {
  readonly table = makeTable();
  view: View;
  readonly #compiler = makeCompiler();
  readonly #later: (() => void)[] = [];
  readonly #queue = new ChangeQueue({
    table: this.table,
    // Each look at the clock finds the step over, so that changes come in the middle of the work.
    nowMs: () => this.#now++,
    later: (step) => this.#later.push(step),
    onServed: () => undefined,
  });
  #now = 0;

  constructor(imports: number) {
    const all = Array.from({length: imports}, (_, i) => importOf(i, 0));
    this.view = makeView({namespaces: ['test'], imports: all});
    this.#publish(this.#compiler.compile(this.view, everything).slabs);
    this.settle();
  }

  /** Gives these imports other addresses, or takes them away. */
  change(ids: readonly number[], round: number, gone = false): void {
    const imports = new Map(this.view.imports);
    for (const id of ids) {
      if (gone) imports.delete(`test/s${id}`);
      else imports.set(`test/s${id}`, importOf(id, round));
    }
    this.view = {...this.view, imports, revision: this.view.revision + 1};
    const change = changeOf({imports: new Set(ids.map((id) => `test/s${id}`))});
    this.#publish(this.#compiler.compile(this.view, change).slabs);
  }

  /** @param steps - of what is left to do; all of it by default */
  settle(steps = Infinity): void {
    for (let i = 0; i < steps && this.#later.length > 0; i++) this.#later.shift()!();
  }

  #publish(slabs: Publish['slabs']): void {
    this.#queue.add({kind: 'publish', revision: this.view.revision, synced: true, slabs});
  }
}

function importOf(id: number, round: number): ReturnType<typeof makeImport> {
  const ips = Array.from({length: 1 + (round % 3)}, (_, i) => `10.${round & 255}.${i}.${id & 255}`);
  return makeImport(`s${id}`, {ips, ports: [{name: 'http', port: 80}]});
}

/** All that it answers, but for the serial, which tells how often it changed. */
function dump(table: ZoneTable): ReadonlyMap<string, string> {
  return new Map(
    [...table.entries()].filter(([name]) => name !== ZONE).map(([name, octets]) => [name, octets.toString('hex')]),
  );
}

test('whatever changes: answers are those of a fresh compile, and what is held is about twice what is looked up at most', () => {
  const id = fc.nat(1_499);
  const cold = fc.array(id, {minLength: 1, maxLength: 3});
  // Many that change each time, with some that will hardly change again: those would hold all of the slab.
  const hot = fc
    .tuple(cold, fc.nat(200))
    .map(([few, from]) => [...few, ...Array.from({length: 400}, (_, i) => from + i)]);
  const ids = fc.oneof(cold, hot, hot);
  const round = fc.record({ids, gone: fc.boolean(), steps: fc.constantFrom(0, 1, 5, Infinity)});
  fc.assert(
    fc.property(fc.array(round, {minLength: 30, maxLength: 40}), (rounds) => {
      const churn = new Churn(1_500);
      rounds.forEach((one, i) => {
        churn.change(one.ids, i, one.gone);
        churn.settle(one.steps);
      });
      churn.settle();
      expect(dump(churn.table)).toEqual(dump(compileView(churn.view)));
      expect(churn.table.bytes).toBeLessThanOrEqual(boundOf(churn.table));
      const soa = ask(makeResponder(churn.table), question('none.test.svc.clusterset.local', 'A'));
      expect(soa.authorities).toHaveLength(1);
    }),
    {numRuns: 6, endOnFailure: true},
  );
});

test('500 that change again and again, each time with another one, do not hold what was replaced', () => {
  const churn = new Churn(3_000);
  const atStart = churn.table.bytes;
  const hot = Array.from({length: 500}, (_, i) => i);
  let most = 0;
  for (let round = 0; round < 80; round++) {
    churn.change([...hot, 500 + round * 7], round);
    churn.settle();
    most = Math.max(most, churn.table.bytes);
  }
  expect(churn.table.bytes).toBeLessThanOrEqual(boundOf(churn.table));
  // Without compaction each round leaves a slab of some 100 kB behind.
  expect(most).toBeLessThan(3 * atStart);
  expect(dump(churn.table)).toEqual(dump(compileView(churn.view)));
});

test('queries between any two steps get their answers', () => {
  const churn = new Churn(1_500);
  const responder = makeResponder(churn.table);
  for (let round = 1; round < 12; round++) {
    const changing = Array.from({length: 300}, (_, i) => (i * 5 + round) % 1_500);
    churn.change(changing, round);
    churn.settle();
    churn.change(changing.slice(0, 150), round + 1);
    for (let i = 0; i < 40; i++) {
      churn.settle(1);
      // Of those that don't change now.
      const id = changing[150 + i]!;
      const {answers} = ask(responder, question(`s${id}.test.svc.clusterset.local`, 'A'));
      const ips = churn.view.imports.get(`test/s${id}`)?.ips;
      expect(answers.map(({data}) => String(data)).toSorted()).toEqual((ips ?? []).toSorted());
    }
  }
});

test('an answer that is moved goes on with its turn', () => {
  const churn = new Churn(1_500);
  const others = Array.from({length: 1_000}, (_, i) => i);
  churn.change([...others, 1_499], 2);
  churn.settle();
  const responder = makeResponder(churn.table);
  const first = (): unknown => ask(responder, question('s1499.test.svc.clusterset.local', 'A')).answers[0]?.data;
  const turns = [first()];
  for (let round = 3; round < 10; round++) {
    churn.change(others, round);
    churn.settle();
    turns.push(first());
  }
  expect(churn.table.bytes).toBeLessThanOrEqual(boundOf(churn.table));
  expect(turns).toEqual(Array.from({length: 8}, (_, i) => `10.2.${i % 3}.${1_499 & 255}`));
});
