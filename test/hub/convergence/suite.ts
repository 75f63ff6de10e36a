import fc from 'fast-check';
import {expect, test} from 'vitest';
import {KEYS, commandsOf} from './commands.ts';
import {runSequence, type Sequence} from './sequence.ts';
import {MEMBERS} from './playground.ts';

/** Of one test; a seed of an earlier run replays it: `CONVERGENCE_SEED=… npx vitest run test/hub/convergence`. */
export function testConvergence(title: string, o: {readonly runs: number; readonly bulk: boolean}): void {
  const runs = Number(process.env['CONVERGENCE_RUNS'] ?? o.runs);
  test(`${title}: ${runs} sequences`, {timeout: 600_000}, async () => {
    const seed = Number(process.env['CONVERGENCE_SEED'] ?? Date.now() % 2 ** 31);
    process.stdout.write(`convergence, ${title}: seed ${seed}\n`);
    let count = 0;
    const sequence = fc.record<Sequence>({
      chance: fc.nat(),
      start: fc.array(fc.boolean(), {minLength: MEMBERS.length * KEYS.length, maxLength: MEMBERS.length * KEYS.length}),
      bulk: fc.constant(o.bulk),
      commands: commandsOf(o),
    });
    const property = fc.asyncProperty(sequence, async (each) => {
      count++;
      await runSequence(each);
    });
    await fc.assert(property, {seed, numRuns: runs, ...replayed()});
    expect(count).toBeGreaterThanOrEqual(runs);
  });
}

function replayed(): {path?: string} {
  const path = process.env['CONVERGENCE_PATH'];
  return path === undefined ? {} : {path};
}
