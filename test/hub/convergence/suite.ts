import fc from 'fast-check';
import {expect, test} from 'vitest';
import {chosenSeed} from '../../tools/chosen-seed.ts';
import {KEYS, commandsOf} from './commands.ts';
import {runSequence, type Sequence} from './sequence.ts';
import {MEMBERS} from './playground.ts';

/**
 * Of one test. `CONVERGENCE_SEED=… npx vitest run --project integration test/hub/convergence` runs the same sequences again,
 * `CONVERGENCE_PATH` with what a failure prints as its path that one alone, `CONVERGENCE_SHRINK=1` looks for a shorter one that
 * fails too: minutes, which CI doesn't spend.
 */
export function testConvergence(title: string, o: {readonly runs: number; readonly bulk: boolean}): void {
  const runs = Number(process.env['CONVERGENCE_RUNS'] ?? o.runs);
  test(`${title}: ${runs} sequences`, {timeout: 600_000}, async () => {
    const seed = chosenSeed('CONVERGENCE_SEED', 1);
    process.stdout.write(`convergence, ${title}: seed ${seed}\n`);
    let count = 0;
    let judged = 0;
    const sequence = fc.record<Sequence>({
      chance: fc.nat(),
      start: fc.array(fc.boolean(), {minLength: MEMBERS.length * KEYS.length, maxLength: MEMBERS.length * KEYS.length}),
      bulk: fc.constant(o.bulk),
      commands: commandsOf(o),
    });
    const property = fc.asyncProperty(sequence, async (each) => {
      count++;
      judged += await runSequence(each);
    });
    const path = process.env['CONVERGENCE_PATH'];
    const endOnFailure = process.env['CONVERGENCE_SHRINK'] === undefined;
    await fc.assert(property, {seed, numRuns: runs, endOnFailure, ...(path === undefined ? {} : {path})});
    if (path === undefined) expect(count).toBeGreaterThanOrEqual(runs);
    // Imports are made at least; a check that looks at nothing finds nothing.
    expect(judged).toBeGreaterThan(count);
  });
}
