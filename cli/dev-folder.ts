import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

import {IsthmusError} from '../src/errors.ts';

/** The folder of one `isthmus dev`: kubeconfigs and the control socket. */
export interface DevFolder {
  readonly path: string;
  /** Removes what was made: the whole folder if it is ours, else only these files in it. */
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
      if (isOurs) return rm(path, {recursive: true, force: true});
      await Promise.all(files.map((file) => rm(join(path, file), {force: true})));
    },
  };
}

/** @returns true where it was not there before. Its parent has to be: a typing error should not make a tree of folders. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, {mode: 0o700});
    return true;
  } catch (error) {
    if (isFileError(error) && error.code === 'EEXIST') return false;
    throw new IsthmusError('ISTHMUS_USAGE', `--dir ${path} can't be made`, {}, {cause: error});
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
