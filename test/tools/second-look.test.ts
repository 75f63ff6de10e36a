import {describe, expect, test} from 'vitest';

import type {FileCounts} from './counts.ts';
import {runWithSecondLook, type TwoLooks} from './second-look.ts';

const good = (path: string): FileCounts => ({path, passed: 2, failed: 0, skipped: 0, failures: []});
const bad = (path: string): FileCounts => ({path, passed: 1, failed: 1, skipped: 0, failures: [`${path}: why`]});

async function look(...runs: (readonly FileCounts[])[]): Promise<TwoLooks & {asked: string[][]; said: string[]}> {
  const asked: string[][] = [];
  const said: string[] = [];
  const looks = await runWithSecondLook(
    (files) => {
      asked.push([...files]);
      return Promise.resolve(runs[asked.length - 1] ?? []);
    },
    (line) => said.push(line),
  );
  return {...looks, asked, said};
}

describe('the second look at files that failed', () => {
  test('nothing failed: there is none', async () => {
    expect(await look([good('a')])).toEqual({files: [good('a')], flaky: [], asked: [[]], said: []});
  });

  test('what passes by itself counts as passed, and is told as flaky', async () => {
    expect(await look([good('a'), bad('b'), bad('c')], [good('b'), bad('c')])).toEqual({
      files: [good('a'), good('b'), bad('c')],
      flaky: ['b: why'],
      asked: [[], ['b', 'c']],
      said: ['failed, and run again by themselves: b, c'],
    });
  });

  test('a file that the second run does not tell about stays failed', async () => {
    expect(await look([bad('a')], [])).toMatchObject({files: [bad('a')], flaky: []});
  });

  test('what can be laid to no file can not be run again', async () => {
    const first = [good('a'), bad('b'), bad('vitest')];
    expect(await look(first, [good('b')])).toMatchObject({files: first, flaky: [], asked: [[]]});
  });

  test('what the second run has to complain of by itself is not lost', async () => {
    const {files} = await look([bad('a')], [good('a'), bad('vitest')]);
    expect(files).toEqual([good('a'), bad('vitest')]);
  });

  test('many failed: no accident', async () => {
    const all = ['a', 'b', 'c', 'd'].map(bad);
    expect(await look(all, all)).toMatchObject({files: all, asked: [[]]});
  });
});
