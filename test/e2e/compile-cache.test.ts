import {chmod, mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {root, run} from './os-processes.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-compiled-'));
});

afterEach(async () => rm(dir, {recursive: true, force: true}));

function version(cacheHome: string): ReturnType<typeof run> {
  const env = {XDG_CACHE_HOME: cacheHome, NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: undefined};
  return run(process.execPath, [join(root, 'cli/main.ts'), 'version'], {env});
}

describe('what was compiled once is kept in the cache folder of the user', () => {
  test('in a folder of ours, and the next start finds it', async () => {
    expect(await version(dir)).toMatchObject({code: 0, stderr: ''});
    expect(await readdir(dir)).toEqual(['isthmus']);
    const [generation = ''] = await readdir(join(dir, 'isthmus/compiled'));
    expect((await readdir(join(dir, 'isthmus/compiled', generation))).length).toBeGreaterThan(10);
  });

  test('a folder that others may write to is not used', async () => {
    await mkdir(join(dir, 'isthmus'));
    await chmod(join(dir, 'isthmus'), 0o777);
    expect(await version(dir)).toMatchObject({code: 0, stderr: ''});
    expect(await readdir(join(dir, 'isthmus/compiled'))).toEqual([]);
  });

  test('an empty HOME is no reason to take the working directory', async () => {
    const env = {
      XDG_CACHE_HOME: undefined,
      HOME: '',
      NODE_COMPILE_CACHE: undefined,
      NODE_DISABLE_COMPILE_CACHE: undefined,
    };
    expect(await run(process.execPath, [join(root, 'cli/main.ts'), 'version'], {env, cwd: dir})).toMatchObject({
      code: 0,
    });
    expect(await readdir(dir)).toEqual([]);
  });

  test('where it can not be, commands work all the same and say nothing of it', async () => {
    const file = join(dir, 'file');
    await writeFile(file, '');
    expect(await version(file)).toMatchObject({code: 0, stderr: ''});
  });
});
