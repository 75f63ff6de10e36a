import {createHash} from 'node:crypto';
import {createReadStream, existsSync} from 'node:fs';
import {chmod, mkdir, readFile, rename, stat, writeFile} from 'node:fs/promises';
import {homedir} from 'node:os';
import {join, resolve} from 'node:path';
import {pipeline} from 'node:stream/promises';

import {IsthmusError} from '../../errors.ts';
import type {Part, PartName} from './parts.ts';
import {PARTS, partNamed} from './parts.ts';

const HOW_TO_GET = '`npm run testbed:install` builds it, or set KUBEBUILDER_ASSETS to a folder that holds it';

/** Outside the checkout, so that a fresh clone does not build Kubernetes again. */
export function testbedDir(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env['ISTHMUS_TESTBED_DIR'] ?? join(homedir(), '.cache/isthmus-testbed'));
}

/** What was installed, written behind the binary: a binary without it was interrupted and does not count. */
export interface Installed {
  readonly version: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly tookMs: number;
}

export type Found =
  | {readonly kind: 'own'; readonly path: string; readonly variable: string}
  | {readonly kind: 'cached'; readonly path: string; readonly installed: Installed}
  | {readonly kind: 'absent'; readonly reason: string};

/** Looks for a part, without hashing it. */
export async function findPart(part: Part, dir = testbedDir(), env: NodeJS.ProcessEnv = process.env): Promise<Found> {
  const own = ownPath(part, env);
  if (own !== undefined) return own;
  const path = binaryPath(part.name, dir);
  const installed = await readInstalled(part.name, dir);
  if (installed === 'unreadable') {
    return {
      kind: 'absent',
      reason: `${part.name} counts as not installed: ${recordPath(part.name, dir)} is no record of it`,
    };
  }
  if (installed === undefined || !existsSync(path)) return {kind: 'absent', reason: `${part.name} is not installed`};
  if (installed.version !== part.version) {
    return {kind: 'absent', reason: `${part.name} is ${installed.version}, wanted is ${part.version}`};
  }
  return {kind: 'cached', path, installed};
}

/**
 * The path of a part that may be run: a cached one is hashed first, because a cache folder is written by many hands.
 * @throws IsthmusError ISTHMUS_DEV_PARTS where it is absent or is not what was installed
 */
export async function usablePart(name: PartName, dir = testbedDir(), env = process.env): Promise<string> {
  const found = await findPart(partNamed(name), dir, env);
  if (found.kind === 'absent') throw new IsthmusError('ISTHMUS_DEV_PARTS', `${found.reason}; ${HOW_TO_GET}`);
  if (found.kind === 'cached' && (await sha256Of(found.path)) !== found.installed.sha256) {
    throw new IsthmusError(
      'ISTHMUS_DEV_PARTS',
      `${found.path} is not what was installed: remove it, then \`npm run testbed:install\``,
    );
  }
  return found.path;
}

/** Why no real cluster can be started here; undefined if one can. */
export async function missingForClusters(dir = testbedDir(), env = process.env): Promise<string | undefined> {
  const wanted = PARTS.filter(({needed}) => needed);
  const found = await Promise.all(wanted.map((part) => findPart(part, dir, env)));
  const reasons = found.flatMap((one) => (one.kind === 'absent' ? [one.reason] : []));
  return reasons.length === 0 ? undefined : `${reasons.join(', ')}; ${HOW_TO_GET}`;
}

/** Takes a freshly built file into the cache: renamed into place, then described. Each is there as a whole or not at all. */
export async function keepPart(part: Part, file: string, o: {dir: string; tookMs: number}): Promise<Installed> {
  const path = binaryPath(part.name, o.dir);
  await mkdir(join(o.dir, 'bin'), {recursive: true});
  await chmod(file, 0o755);
  const installed = {
    version: part.version,
    sha256: await sha256Of(file),
    bytes: (await stat(file)).size,
    tookMs: Math.round(o.tookMs),
  };
  await rename(file, path);
  const record = recordPath(part.name, o.dir);
  // Of this process alone: two installations may run at once.
  const half = `${record}.${process.pid}`;
  await writeFile(half, `${JSON.stringify(installed, undefined, 2)}\n`);
  await rename(half, record);
  return installed;
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, {highWaterMark: 1 << 20}), hash);
  return hash.digest('hex');
}

function ownPath(part: Part, env: NodeJS.ProcessEnv): Found | undefined {
  const value = part.own === undefined ? undefined : env[part.own.variable];
  if (part.own === undefined || value === undefined || value === '') return undefined;
  const path = part.own.is === 'file' ? value : join(value, part.name);
  if (existsSync(path)) return {kind: 'own', path, variable: part.own.variable};
  // setup-envtest brings no kube-controller-manager: a folder that lacks one part is no reason to refuse it.
  if (part.own.is === 'folder') return undefined;
  return {kind: 'absent', reason: `${part.own.variable} names ${value}, where nothing is`};
}

async function readInstalled(name: string, dir: string): Promise<Installed | 'unreadable' | undefined> {
  const path = recordPath(name, dir);
  if (!existsSync(path)) return undefined;
  const text = await readFile(path, 'utf8');
  try {
    const record: unknown = JSON.parse(text);
    return isInstalled(record) ? record : 'unreadable';
  } catch {
    // Cut off by whatever ended the machine while it was written: the part is built again.
    return 'unreadable';
  }
}

function isInstalled(record: unknown): record is Installed {
  if (typeof record !== 'object' || record === null) return false;
  const {version, sha256, bytes} = record as Partial<Installed>;
  return typeof version === 'string' && typeof sha256 === 'string' && typeof bytes === 'number';
}

function binaryPath(name: string, dir: string): string {
  return join(dir, 'bin', name);
}

function recordPath(name: string, dir: string): string {
  return join(dir, 'bin', `${name}.json`);
}
