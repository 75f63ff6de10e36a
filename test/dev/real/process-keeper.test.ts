import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {killById} from '../../../src/dev/real/kill-by-id.ts';
import {ProcessKeeper} from '../../../src/dev/real/process-keeper.ts';
import {until} from '../../../src/dev/real/until.ts';

const FOREVER = ['-e', 'setInterval(() => undefined, 1000)'];
const KEEPER = join(import.meta.dirname, '../../../src/dev/real/process-keeper.ts');
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-keeper-'));
});

afterEach(() => rm(dir, {recursive: true, force: true}));

/** A process that keeps another one for ever, and the id of that other one. */
async function startParent(): Promise<{parent: ReturnType<typeof spawn>; kept: number}> {
  const script = join(dir, 'parent.mts');
  await writeFile(
    script,
    `import {ProcessKeeper} from ${JSON.stringify(KEEPER)};
     const keeper = new ProcessKeeper(${JSON.stringify(dir)}, {removeDir: true});
     const kept = keeper.start('kept', process.execPath, ${JSON.stringify(FOREVER)});
     console.log(kept.pid);
     ${FOREVER[1]}`,
  );
  const parent = spawn(process.execPath, [script], {stdio: ['ignore', 'pipe', 'inherit']});
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  return {parent, kept: Number(line.toString())};
}

describe('a process of a testbed', () => {
  test.each([{signal: 'SIGKILL'}, {signal: 'SIGTERM'}, {signal: 'SIGINT'}] as const)(
    'ends, and its files go, when its parent ends by $signal',
    async ({signal}) => {
      const {parent, kept} = await startParent();
      expect(killById(kept, 0)).toBe(true);
      parent.kill(signal);
      await once(parent, 'exit');
      await until(`process ${kept} to end`, () => Promise.resolve(!killById(kept, 0)), {deadlineMs: 10_000});
      await until(`${dir} to go`, () => Promise.resolve(!existsSync(dir)), {deadlineMs: 10_000});
    },
  );

  test('ends when the keeper is closed; one that had ended before is not touched', async () => {
    const keeper = new ProcessKeeper(dir, {removeDir: false});
    const short = keeper.start('short', process.execPath, ['-e', 'console.log("said")']);
    const long = keeper.start('long', process.execPath, FOREVER);
    await short.exited;
    expect(keeper.running).toEqual([long]);
    expect(short.logTail()).toBe('said\n');
    await keeper.close();
    expect(long.running).toBe(false);
    expect(killById(long.pid, 0)).toBe(false);
    expect(existsSync(dir)).toBe(true);
  });

  test('that cannot be started is an error, not a silence', async () => {
    const keeper = new ProcessKeeper(dir, {removeDir: false});
    try {
      expect(() => keeper.start('nothing', join(dir, 'nothing'), [])).toThrow('nothing could not be started');
    } finally {
      await keeper.close();
    }
  });
});
