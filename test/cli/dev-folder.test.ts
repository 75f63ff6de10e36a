import {mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {openDevFolder} from '../../cli/dev-folder.ts';

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'isthmus-folder-'));
});

afterEach(async () => rm(parent, {recursive: true, force: true}));

describe('at the end the folder of `isthmus dev` loses what was made in it, and nothing else', () => {
  test('one that it made goes when it is empty then', async () => {
    const folder = await openDevFolder(join(parent, 'new'));
    await writeFile(join(folder.path, 'hub.kubeconfig'), '');
    await folder.remove(['hub.kubeconfig', 'never-written.kubeconfig']);
    expect(await readdir(parent)).toEqual([]);
  });

  test('one that it made stays with what somebody else has put there', async () => {
    const folder = await openDevFolder(join(parent, 'new'));
    await writeFile(join(folder.path, 'hub.kubeconfig'), '');
    await writeFile(join(folder.path, 'notes'), '');
    await folder.remove(['hub.kubeconfig']);
    expect(await readdir(folder.path)).toEqual(['notes']);
  });

  test('one that was there stays, also when it is empty', async () => {
    await mkdir(join(parent, 'mine'));
    const folder = await openDevFolder(join(parent, 'mine'));
    await writeFile(join(folder.path, 'hub.kubeconfig'), '');
    await folder.remove(['hub.kubeconfig']);
    expect(await readdir(parent)).toEqual(['mine']);
  });

  test('one that nobody named goes with all that is in it', async () => {
    const folder = await openDevFolder(undefined);
    await writeFile(join(folder.path, 'anything'), '');
    await folder.remove([]);
    await expect(readdir(folder.path)).rejects.toMatchObject({code: 'ENOENT'});
  });
});

describe('a --dir that can not be one is refused with what to do', () => {
  test('a file', async () => {
    await writeFile(join(parent, 'file'), '');
    await expect(openDevFolder(join(parent, 'file'))).rejects.toMatchObject({
      code: 'ISTHMUS_USAGE',
      message: expect.stringContaining('is not a folder: name one, or one that is still to be made'),
    });
  });

  test('a place below a file, or in a folder that is not there', async () => {
    await writeFile(join(parent, 'file'), '');
    for (const path of ['file/below', 'no/such']) {
      await expect(openDevFolder(join(parent, path))).rejects.toMatchObject({code: 'ISTHMUS_USAGE'});
    }
  });
});
