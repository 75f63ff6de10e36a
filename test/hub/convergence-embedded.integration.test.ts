import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {chosenSeed} from '../tools/chosen-seed.ts';
import {eventually} from '../tools/eventually.ts';
import {carryOut, type Done} from './convergence/carry-out.ts';
import {commandsOf, KEYS} from './convergence/commands.ts';
import {differences} from './convergence/difference.ts';
import {EmbeddedPlayground} from './convergence/embedded-playground.ts';
import {MEMBERS} from './convergence/playground.ts';
import {begin} from './convergence/sequence.ts';

/** A sample of what `convergence` does on light API servers, here on embedded ones, with sockets and in real time. */

const RUNS = 20;
const seed = chosenSeed('CONVERGENCE_SEED', 1);

let playground: EmbeddedPlayground;

beforeAll(async () => {
  process.stdout.write(`convergence on embedded API servers: seed ${seed}\n`);
  playground = await EmbeddedPlayground.start();
});
afterAll(async () => playground.close());

/** Each sequence goes on where the one before has ended: that is a state like any other. */
const places = MEMBERS.length * KEYS.length;
const sample = fc.sample(
  fc.record({
    start: fc.array(fc.boolean(), {minLength: places, maxLength: places}),
    commands: commandsOf({bulk: false}),
  }),
  {numRuns: RUNS, seed},
);

describe('convergence on embedded API servers', () => {
  test.each(sample.map((sequence, index) => ({...sequence, index})))(
    'sequence $index',
    {timeout: 60_000},
    async ({start, commands}) => {
      const done: Done = {emptied: false};
      begin(playground, {start, bulk: false});
      if (playground.hub === undefined) playground.startHub();
      await playground.look();
      for (const command of commands) await carryOut(command, {world: playground, done});
      playground.mend(done.emptied);
      if (playground.hub === undefined) playground.startHub();
      let found: readonly string[] = [];
      const look = async (): Promise<boolean> => {
        await playground.look();
        found = differences(playground);
        return found.length === 0;
      };
      await eventually('converged', look, 40_000).catch(() => undefined);
      expect(found).toEqual([]);
    },
  );
});
