import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

/** The folder of one `isthmus dev`: kubeconfigs and the control socket. */
export interface DevFolder {
  readonly path: string;
  /** Removes what was made: the whole folder if it is ours, else only our files in it. */
  remove(files: readonly string[]): Promise<void>;
}

export async function openDevFolder(wanted: string | undefined): Promise<DevFolder> {
  if (wanted === undefined) {
    const path = await mkdtemp(join(tmpdir(), 'isthmus-'));
    return {path, remove: () => rm(path, {recursive: true, force: true})};
  }
  const path = resolve(wanted);
  const made = await mkdir(path, {recursive: true, mode: 0o700});
  return {
    path,
    remove: async (files) => {
      if (made !== undefined) return rm(made, {recursive: true, force: true});
      await Promise.all(files.map((file) => rm(file, {force: true})));
    },
  };
}
