import {mkdir, mkdtemp, rm, rmdir, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

import {IsthmusError} from '../src/errors.ts';

/** The folder of one `isthmus dev`: kubeconfigs and the control socket. */
export interface DevFolder {
  readonly path: string;
  /** Removes what was made: these files, and the folder if nothing else is in it; the whole folder if nobody named one. */
  remove(files: readonly string[]): Promise<void>;
}

export async function openDevFolder(wanted: string | undefined): Promise<DevFolder> {
  if (wanted === undefined) {
    const path = await mkdtemp(join(tmpdir(), 'isthmus-'));
    return {path, remove: () => rm(path, {recursive: true, force: true})};
  }
  const path = resolve(wanted);
  const isOurs = await makeFolder(path);
  return {
    path,
    remove: async (files) => {
      await Promise.all(files.map((file) => rm(join(path, file), {force: true})));
      // What somebody else has put there is theirs, even in a folder that was made here.
      if (isOurs) await removeEmpty(path);
    },
  };
}

/** @returns true where it was not there before. Its parent has to be: a typing error should not make a tree of folders. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, {mode: 0o700});
    return true;
  } catch (error) {
    if (isFileError(error) && error.code === 'EEXIST' && (await stat(path)).isDirectory()) return false;
    if (isFileError(error) && error.code === 'EEXIST') {
      throw new IsthmusError(
        'ISTHMUS_USAGE',
        `--dir ${path} is not a folder: name one, or one that is still to be made`,
      );
    }
    throw new IsthmusError('ISTHMUS_USAGE', `--dir ${path} can't be made`, {}, {cause: error});
  }
}

async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!isFileError(error) || !['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code ?? '')) throw error;
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
